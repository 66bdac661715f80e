"""The words of the face consent, agreeing to them, and taking it back."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from backend.api.auth import current_shopper, device, public, services
from backend.api.openapi import describe
from backend.api.reading import Body, answer, read_json, with_etag
from backend.identity import consents
from backend.privacy.erase import withdraw_face_consent

bp = Blueprint("consents", __name__, url_prefix="/v1")


class ConsentTexts(BaseModel):
    version: str
    texts: dict[str, str]
    sha256: dict[str, str]


class ConsentBody(Body):
    """What was shown: the server takes no consent to other words than its own."""

    version: str = Field(min_length=1, max_length=20)
    language: Literal["en", "ar"]
    text_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class ConsentState(BaseModel):
    version: str
    language: str
    given_at: str


@bp.get("/consents/face")
@public
@describe("The words of the face consent in both languages", answers={200: ConsentTexts})
def get_face_consent() -> Response:
    texts = {language: consents.face_text(language) for language in consents.LANGUAGES}
    sha256 = {language: consents.text_sha256(language) for language in consents.LANGUAGES}
    return with_etag(answer(200, {"version": consents.FACE_VERSION, "texts": texts, "sha256": sha256}))


@bp.put("/shoppers/me/consents/face")
@device
@describe(
    "Agree to face recognition",
    body=ConsentBody,
    answers={200: ConsentState},
    problems=("consent_text_changed",),
)
def put_face_consent() -> Response:
    who, at, body = current_shopper(), services(), read_json(ConsentBody)
    given = at.run(
        lambda tx: consents.give(
            tx,
            who.shopper_id,
            version=body.version,
            language=body.language,
            sha256=body.text_sha256,
            now=at.clock.now(),
            ids=at.ids,
        )
    )
    return answer(
        200, {"version": given.version, "language": given.language, "given_at": given.given_at.isoformat()}
    )


@bp.delete("/shoppers/me/consents/face")
@device
@describe("Take the consent back: key and templates are erased", answers={204: None})
def delete_face_consent() -> Response:
    who, at = current_shopper(), services()
    withdraw_face_consent(who.shopper_id, run=at.run, keys=at.keys, ids=at.ids, now=at.clock.now())
    return answer(204)
