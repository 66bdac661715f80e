"""Strict reading of requests, and the one way to answer."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, TypeVar

from flask import Response, request
from pydantic import BaseModel, ConfigDict, ValidationError

from backend.api.auth import services
from backend.db.idempotency import Answer, Once
from backend.errors import Refusal

JSON_BYTES_MAX = 64_000
KEY = re.compile(r"[\x21-\x7e]{8,255}")


class Body(BaseModel):
    """Base of every request body: unknown fields are refused, `true` is no number, "2" is no 2."""

    model_config = ConfigDict(extra="forbid", strict=True)


Model = TypeVar("Model", bound=BaseModel)


def read_json(model: type[Model]) -> Model:
    """Raises Refusal wrong_content_type, not_json or invalid_body (with errors[])."""
    if request.mimetype != "application/json":
        raise Refusal("wrong_content_type", expected="application/json")
    content = request.get_data()
    if b"\\u0000" in content:
        raise Refusal("invalid_body", errors=[{"field": "", "message": "no text may hold a NUL"}])
    try:
        return model.model_validate_json(content)
    except ValidationError as wrong:
        faults = wrong.errors(include_input=False, include_url=False, include_context=False)
        if faults[0]["type"] == "json_invalid":
            raise Refusal("not_json") from None
        errors = [
            {"field": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
            for fault in faults[:20]
        ]
        raise Refusal("invalid_body", errors=errors) from None


def idempotency(route: str, owner: str) -> Once:
    """The request's key and the keyed digest of all of it; `route` names the act and its object."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise Refusal("idempotency_key_missing")
    if not KEY.fullmatch(key):
        raise Refusal("idempotency_key_malformed")
    asked = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    return Once(owner=owner, key=key, route=route, digest=services().tokens.digest("request", asked))


def answer(status: int, body: dict[str, Any] | None = None) -> Response:
    if body is None:
        return Response(status=status)
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")


def stored(known: Answer) -> Response:
    """An answer from its record: the same bytes as the first time."""
    return Response(known.body, known.status, content_type="application/json")


def with_etag(response: Response) -> Response:
    """Adds a strong ETag over the body and answers 304 to a client that has it."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
