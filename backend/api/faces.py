"""Enrol the own face, and delete it."""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from backend.api.auth import current_shopper, device, services
from backend.api.openapi import describe
from backend.api.pictures import PICTURE_BYTES_MAX, read_picture
from backend.api.reading import Body, answer
from backend.faces.enrol import TEMPLATES_MIN, enrol
from backend.privacy.erase import erase_face

bp = Blueprint("faces", __name__, url_prefix="/v1/shoppers/me/faces")
PICTURE_PROBLEMS = (
    "picture_encoding",
    "picture_too_large",
    "picture_too_many_pixels",
    "picture_format",
    "picture_heic",
    "picture_animated",
    "picture_broken",
    "no_face",
    "several_faces",
    "face_too_small",
    "face_cut_off",
    "face_turned",
    "face_too_dark",
    "face_too_bright",
    "face_low_contrast",
    "face_too_blurred",
    "faces_busy",
)


class PictureBody(Body):
    """Multipart is the first choice; here the picture is strict base64."""

    picture: str = Field(min_length=1, max_length=PICTURE_BYTES_MAX, repr=False)


class EnrolledView(BaseModel):
    template_id: str
    templates: int
    templates_min: int
    quality: dict[str, float]


@bp.post("")
@device
@describe(
    "Add one picture of the own face",
    multipart={"picture": "JPEG, PNG or WebP, up to 10 MB and 24 megapixels"},
    body=PictureBody,
    answers={201: EnrolledView},
    problems=(
        "consent_missing",
        "templates_enough",
        "face_differs",
        "template_unreadable",
        *PICTURE_PROBLEMS,
    ),
    body_bytes_max=PICTURE_BYTES_MAX,
)
def post_face() -> Response:
    who, at = current_shopper(), services()
    enrolled = enrol(
        who.shopper_id,
        read_picture(PictureBody),
        run=at.run,
        keys=at.keys,
        key_wrap=at.key_wrap,
        faces=at.faces,
        ids=at.ids,
        now=at.clock.now(),
    )
    known = {"template_id": enrolled.template_id, "templates": enrolled.templates}
    return answer(201, {**known, "templates_min": TEMPLATES_MIN, "quality": enrolled.quality})


@bp.delete("")
@device
@describe("Delete the own face: key and templates are erased, the consent stays", answers={204: None})
def delete_faces() -> Response:
    who, at = current_shopper(), services()
    erase_face(who.shopper_id, run=at.run, keys=at.keys, ids=at.ids, now=at.clock.now())
    return answer(204)
