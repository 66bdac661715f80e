"""What the shopper's device may read: messages for people, and sealed ones that only it can open."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from backend.api.auth import current_shopper, device, services
from backend.api.openapi import describe
from backend.api.reading import answer
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import shoppers
from backend.messages import inbox
from backend.messages.inbox import Message
from backend.messages.wording import words

bp = Blueprint("inbox", __name__, url_prefix="/v1")


@bp.get("/inbox")
@device
@describe(
    "Messages of this device, oldest first",
    query={"after": "id of the last message that you have"},
    answers={200: "application/json"},
    problems=("invalid_body",),
)
def get_inbox() -> Response:
    who, at, after = current_shopper(), services(), message_id(request.args.get("after"))

    def read(tx: Transaction) -> dict[str, Any]:
        language = shoppers.profile(tx, who.shopper_id).language
        found = inbox.messages_after(tx, who.device_id, after, now=at.clock.now())
        return {"messages": [shown(message, language) for message in found]}

    return answer(200, at.run.read(read))


@bp.post("/inbox/<uuid:read_id>/read")
@device
@describe("Mark a message as read", answers={204: None}, problems=("message_not_found",))
def post_read(read_id: UUID) -> Response:
    who, at = current_shopper(), services()
    at.run(lambda tx: inbox.mark_read(tx, who.device_id, str(read_id), now=at.clock.now()))
    return answer(204)


def message_id(text: str | None) -> str | None:
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        raise Refusal("invalid_body", errors=[{"field": "after", "message": "is no message's id"}]) from None


def shown(message: Message, language: str) -> dict[str, Any]:
    said = words(message.kind, language, message.payload)
    return {
        "id": message.id,
        "kind": message.kind.value,
        "title": said.title,
        "body": said.body,
        "payload": message.payload,
        "sealed": message.sealed,
        "created_at": message.created_at.isoformat(),
        "expires_at": message.expires_at.isoformat() if message.expires_at else None,
        "read": message.read,
    }
