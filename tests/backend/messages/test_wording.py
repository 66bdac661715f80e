"""What people read: every kind and every prompt, in both languages."""

from __future__ import annotations

import string

import pytest

from backend.db.outbox import Kind
from backend.messages.wording import LANGUAGES, PROMPTS, WORDS, money, prompt, words

ALGORITHM_1 = {
    "scan_prompt",
    "pay_prompt",
    "payment_success",
    "payment_failed",
    "face_failed",
    "pickup_prompt",
    "thanks",
    "order_mismatch",
}
FACTS = {
    "total_minor": 2350,
    "balance_minor": 100_000,
    "currency": "SAR",
    "credit_note": 3,
    "receipt_number": 41,
    "attempts_left": 2,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_worded_in_every_language(kind: Kind, language: str) -> None:
    said = words(kind, language, FACTS)
    assert said.title
    assert said.body
    assert "{" not in said.title + said.body
    assert "–" not in said.title + said.body  # a fact that nobody gives


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_algorithm_1_is_worded(language: str) -> None:
    assert set(PROMPTS) == ALGORITHM_1
    assert all(prompt(key, language) for key in ALGORITHM_1)


def test_arabic_texts_are_arabic_and_english_ones_are_not() -> None:
    texts = [(language, text) for texts in PROMPTS.values() for language, text in texts.items()]
    texts += [
        (language, text)
        for said in WORDS.values()
        for language, one in said.items()
        for text in (one.title, one.body)
    ]
    names = {field for _, text in texts for _, field, _, _ in string.Formatter().parse(text) if field}
    bare = [(language, text.format_map(dict.fromkeys(names, ""))) for language, text in texts]
    wrong = [
        (lang, text)
        for lang, text in bare
        if text.strip() and (lang == "ar") != any("ء" <= c <= "ي" for c in text)
    ]
    assert wrong == []


def test_amounts_are_written_as_people_write_them() -> None:
    assert money(2350, "SAR", "en") == "SAR\xa023.50"
    assert money(5, "SAR", "en") == "SAR\xa00.05"
    assert money(2350, "JPY", "en") == "JPY\xa02,350"
    assert "23.50\xa0ر.س." in money(2350, "SAR", "ar")
    assert words(Kind.PAYMENT_SETTLED, "en", FACTS).title == "Paid: SAR\xa023.50"


def test_a_missing_fact_does_not_lose_the_message() -> None:
    assert words(Kind.ORDER_READY, "en", {}).title == "Order – is ready"
