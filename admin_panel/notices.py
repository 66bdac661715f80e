"""What a form's outcome says on the page after it: one short cookie, read once, so that a reload says nothing."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field

from flask import redirect, request
from werkzeug.wrappers import Response

from admin_panel.access import remember
from admin_panel.refusal_words import REFUSALS
from admin_panel.words import WORDS, refusal_text, say
from backend.errors import Refusal

COOKIE = "staff_notice"
KEPT_S = 60


@dataclass(frozen=True, slots=True)
class Notice:
    key: str  # of WORDS or, if refused, a refusal's code
    refused: bool = False
    facts: dict[str, object] = field(default_factory=dict)

    def text(self, language: str) -> str:
        tell = refusal_text if self.refused else lambda lang, key, facts: say(lang, key, **facts)
        return tell(language, self.key, self.facts)


def went_well(target: str, key: str, **facts: object) -> Response:
    return _tell(target, Notice(key, False, facts))


def refused(target: str, refusal: Refusal) -> Response:
    facts: dict[str, object] = {
        name: value for name, value in refusal.facts.items() if isinstance(value, int | str)
    }
    return _tell(target, Notice(refusal.code, True, facts))


def waiting() -> Notice | None:
    """The notice that the last form left; forged or stale ones are no notice."""
    text = request.cookies.get(COOKIE)
    if not text:
        return None
    try:
        notice = Notice(**json.loads(base64.urlsafe_b64decode(text)))
        notice.text("en")
    except (binascii.Error, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return None
    return notice if notice.key in (REFUSALS if notice.refused else WORDS) else None


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/staff")


def _tell(target: str, notice: Notice) -> Response:
    code = notice.key if not notice.refused or notice.key in REFUSALS else "other"
    content = json.dumps({"key": code, "refused": notice.refused, "facts": notice.facts})
    response = redirect(target, 303)
    remember(response, COOKIE, base64.urlsafe_b64encode(content.encode()).decode(), max_age_s=KEPT_S)
    return response
