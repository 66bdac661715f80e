"""English or Arabic: what the reader chose, else what the browser prefers."""

from __future__ import annotations

from flask import request

from admin_panel.words import LANGUAGES

COOKIE = "staff_language"
KEPT_S = 365 * 24 * 3600


def current() -> str:
    chosen = request.args.get("lang") or request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "en"


def other() -> str:
    return "ar" if current() == "en" else "en"
