"""Pictures in requests: multipart first, strict base64 in JSON as well; bytes out, nothing decoded here."""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import IO, Any

from flask import Request, request
from pydantic import BaseModel
from werkzeug.datastructures import FileStorage

from backend.api.reading import read_json
from backend.errors import Refusal

PICTURE_BYTES_MAX = 14_000_000  # of a request: one picture of 10 MB in base64
PICTURES_BYTES_MAX = 20_000_000  # of a request with up to five frames
MULTIPART = "multipart/form-data"

_PREFIX = re.compile(r"data:image/(?:jpeg|png|webp);base64,")
_ALPHABET = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class PicturesInMemory(Request):
    """Uploaded files stay in memory: a face is not left in a temporary file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - Werkzeug's signature
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        return io.BytesIO()


def read_picture(model: type[BaseModel]) -> bytes:
    """The one part or field `picture`."""
    if request.mimetype == MULTIPART:
        demand_parts({"picture"}, set())
        return bytes(one(request.files.getlist("picture")).read())
    body: Any = read_json(model)
    return from_base64(str(body.picture))


def read_frames(model: type[BaseModel]) -> tuple[str, list[bytes]]:
    """The nonce and the frames: parts `nonce` and `frame` (repeated), or fields `nonce` and `frames`."""
    if request.mimetype == MULTIPART:
        demand_parts({"frame"}, {"nonce"})
        nonces = request.form.getlist("nonce")
        if len(nonces) != 1:
            raise Refusal("invalid_body", errors=[{"field": "nonce", "message": "exactly one is needed"}])
        if "\0" in nonces[0]:  # which PostgreSQL's text cannot hold
            raise Refusal("challenge_refused")
        return nonces[0], [file.read() for file in request.files.getlist("frame")]
    body: Any = read_json(model)
    return body.nonce, [from_base64(frame) for frame in body.frames]


def from_base64(text: str) -> bytes:
    """Standard base64, after one exact data URL prefix if any. Raises Refusal picture_encoding.

    Python's own decoder takes a data URL for 21 bytes of garbage and "====" for nothing: hence alphabet, length
    and canonical form are checked.
    """
    prefix = _PREFIX.match(text)
    data = text[prefix.end() :] if prefix else text
    if len(data) % 4 or not _ALPHABET.fullmatch(data):
        raise Refusal("picture_encoding")
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error as why:
        raise Refusal("picture_encoding") from why
    if base64.b64encode(content).decode() != data:
        raise Refusal("picture_encoding")
    return content


def demand_parts(files: set[str], fields: set[str]) -> None:
    """No other part than these, as unknown fields are refused in JSON."""
    unknown = sorted((set(request.files) - files) | (set(request.form) - fields))
    if unknown:
        errors = [{"field": name, "message": "unknown, or a file where none is expected"} for name in unknown]
        raise Refusal("invalid_body", errors=errors[:20])


def one(files: list[FileStorage]) -> FileStorage:
    if len(files) != 1:
        raise Refusal("invalid_body", errors=[{"field": "picture", "message": "exactly one file is needed"}])
    return files[0]
