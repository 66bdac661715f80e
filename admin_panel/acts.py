"""One form is one act, however often it is sent."""

from __future__ import annotations

import secrets

from flask import request
from pydantic import BaseModel

from admin_panel.access import Visit
from backend.api.auth import services
from backend.api.reading import KEY
from backend.db.idempotency import Once
from backend.errors import Refusal


def new_act() -> str:
    """The key that a form carries in its field `act`."""
    return secrets.token_urlsafe(18)


def once(visit: Visit, route: str, asked: BaseModel) -> Once:
    """The form's key, with the digest of what was asked. Raises Refusal form_expired."""
    key = request.form.get("act", "")
    if not KEY.fullmatch(key):
        raise Refusal("form_expired")
    digest = services().tokens.digest("request", f"{route}\n{asked.model_dump_json()}")
    return Once(owner=f"staff:{visit.member.id}", key=key, route=route, digest=digest)
