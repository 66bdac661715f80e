"""Passwords: long enough and not the first that anybody would try."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from backend.errors import Refusal

CHARS_MIN = 8  # NIST SP 800-63B: with a second factor, which here is the device's key
CHARS_MAX = 200
COMMON = Path(__file__).with_name("common_passwords.txt")
WRITTEN_ROUND = "0123456789!@#$%^&*()_-+=.,?~ "  # what people add before and behind a word


def refuse_weak(password: str, *, login: str) -> None:
    """Raises Refusal password_too_short, password_too_long or password_common."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < CHARS_MIN:
        raise Refusal("password_too_short", chars_min=CHARS_MIN)
    if len(text) > CHARS_MAX:
        raise Refusal("password_too_long", chars_max=CHARS_MAX)
    folded = text.casefold()
    word = folded.strip(WRITTEN_ROUND)
    own = login.casefold()
    guessed = (
        folded in common()
        or (len(word) < CHARS_MIN + 4 and word in words())
        or own in (folded, folded[::-1], word)
        or len(set(folded)) <= 3
    )
    if guessed:
        raise Refusal("password_common")


@cache
def common() -> frozenset[str]:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def words() -> frozenset[str]:
    """The same without what is written round them: "password123" gives "password"."""
    return frozenset(word for line in common() if (word := line.strip(WRITTEN_ROUND)))
