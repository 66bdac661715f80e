"""Every sentence of the shopper's app exists in both languages, with the plural forms that each needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import backend
from backend.api.app import API

STATIC = Path(backend.__file__).parent / "shopper_app" / "static"
OUR_OWN_MISTAKES = {  # the app's or an operator's, not the shopper's: they read "that did not work"
    "not_json",
    "wrong_content_type",
    "device_key_refused",
    "device_of_another",
    "message_not_found",
    "body_too_large",
    "draining",
    "schema_outdated",
    "webhook_refused",
}
FORMS = {"en": {"one", "other"}, "ar": {"zero", "one", "two", "few", "many", "other"}}  # CLDR plural rules
ASKED = re.compile(r"""\bt\(["']([\w.]+)["']""")
CHOSEN = re.compile(r"""\bt\([^()"'`]*\?\s*["']([\w.]+)["']\s*:\s*["']([\w.]+)["']""")


def words(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STATIC / "words" / f"{language}.json").read_text())
    return found


def modules() -> list[str]:
    return [path.read_text() for path in sorted(STATIC.rglob("*.js")) if "vendor" not in path.parts]


def gaps(sentence: str | dict[str, str]) -> set[str]:
    """The facts a sentence has room for; n may stay unsaid where the word itself is the number."""
    forms = sentence.values() if isinstance(sentence, dict) else [sentence]
    return {gap for form in forms for gap in re.findall(r"\{(\w+)\}", form)}


def test_both_languages_say_the_same_things() -> None:
    assert list(words("en")) == list(words("ar"))


def test_both_languages_name_the_same_facts() -> None:
    en, ar = words("en"), words("ar")
    assert {key for key in en if gaps(en[key]) != gaps(ar[key])} == set()


@pytest.mark.parametrize("language", FORMS)
def test_a_counted_sentence_has_every_plural_form(language: str) -> None:
    counted = {key: set(said) for key, said in words(language).items() if isinstance(said, dict)}
    assert {key: forms for key, forms in counted.items() if forms != FORMS[language]} == {}


def test_the_modules_ask_only_for_sentences_that_exist() -> None:
    text = "\n".join(modules())
    asked = set(ASKED.findall(text)) | {key for pair in CHOSEN.findall(text) for key in pair}
    assert asked - set(words("en")) == set()


def test_no_sentence_is_left_over() -> None:
    text = "\n".join([*modules(), (STATIC.parent / "templates" / "shell.html").read_text()])
    built = (
        "problem.",
        "order.state.",
        "enrol.step.",
        "face.pose.",
        "theme.",
        "nav.",
        "wallet.kind.",
        "refund.",
    )  # keys put together
    assert [
        key
        for key in words("en")
        if not key.startswith(built) and f'{key}"' not in text and f"{key}'" not in text
    ] == []


def test_every_refusal_that_a_shopper_can_meet_is_worded() -> None:
    views = [view for part in API for view in vars(part).values() if isinstance(view, FunctionType)]
    met = {
        code
        for view in views
        if getattr(view, "access", "").startswith(("public", "shopper", "device"))
        and hasattr(view, "described")
        for code in view.described.problems
    }
    assert len(met) > 30
    worded = {key.removeprefix("problem.") for key in words("en") if key.startswith("problem.")}
    assert met - worded - OUR_OWN_MISTAKES == set()
