"""Words as they are looked for: one form for what people write in many ways, in English and in Arabic."""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
WORD_CHARS_MAX = 40
ARTICLE = "ال"
SAME_LETTERS = str.maketrans({"ة": "ه", "ى": "ي", "ـ": None})
TYPO_CHARS_MIN = 4  # in a shorter word one letter makes another word


def words(text: str) -> list[str]:
    """Without case, accents, vowel signs, kinds of alef and the article; digits are 0–9."""
    plain = "".join(_plain(c) for c in unicodedata.normalize("NFKD", text.casefold()))
    return [_without_article(word)[:WORD_CHARS_MAX] for word in WORD.findall(plain.translate(SAME_LETTERS))]


def _plain(c: str) -> str:
    return str(int(c)) if c.isdecimal() else "" if unicodedata.combining(c) else c


def _without_article(word: str) -> str:
    return word[2:] if word.startswith(ARTICLE) and len(word) >= len(ARTICLE) + 2 else word


def gaps(word: str) -> set[str]:
    """The word, and it with one letter left out: words a typo apart share one (Garbe's symmetric delete)."""
    if len(word) < TYPO_CHARS_MIN or not word.isalpha():
        return set()
    return {word, *(word[:n] + word[n + 1 :] for n in range(len(word)))}


def one_typo_apart(one: str, other: str) -> bool:
    """A letter too many, too few, another, or two that changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    begin = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    a, b = one[begin:], other[begin:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
