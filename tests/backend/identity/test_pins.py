from __future__ import annotations

import pytest

from backend.errors import Refusal
from backend.identity import pins
from backend.identity.guessable import guessable
from tests.backend.identity.people import NOW, a_shopper

GUESSED = (
    "111111 121212 123123 112233 111222 123456 654321 890123 024680 123321 010299 311299 991231 198407 "
    "071984 201314 147258 369258 258963 159753 522222 314159"
)


@pytest.mark.parametrize("pin", GUESSED.split())
def test_a_pin_that_people_guess_is_refused(pin):
    with pytest.raises(Refusal, match="pin_too_common"):
        pins.refuse_common(pin)


@pytest.mark.parametrize("pin", ["739154", "480697", "935082", "608249", "570368"])
def test_an_ordinary_pin_is_accepted(pin):
    pins.refuse_common(pin)


def test_an_eighth_of_all_pins_is_refused():
    """Enough against a hundred guesses, few enough not to annoy: 124,153 of a million, here every 97th."""
    sample = [f"{number:06d}" for number in range(0, 1_000_000, 97)]
    assert sum(map(guessable, sample)) / len(sample) == pytest.approx(0.124, abs=0.01)


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "12 456", "٧٣٩١٥٤", "7391५4", "-73915"])
def test_only_six_ascii_digits_are_a_pin(pin):
    with pytest.raises(Refusal, match="pin_malformed"):
        pins.refuse_common(pin)


def test_digits_of_an_arabic_keyboard_become_a_pin():
    assert pins.normal_digits("٧٣٩١٥٤") == pins.normal_digits("۷۳۹۱۵۴") == "739154"


def test_digits_of_the_own_phone_number_are_refused():
    with pytest.raises(Refusal, match="pin_too_common"):
        pins.refuse_common("739154", facts=["+966 5 73 91 54"])


def test_a_new_pin_replaces_the_old_one(run):
    shopper_id = a_shopper(run)
    assert run.read(lambda tx: pins.stored(tx, shopper_id)) is None
    for pin_hash in ("first", "second"):
        run(lambda tx, h=pin_hash: pins.set_pin(tx, shopper_id, pin_hash=h, pepper_version=1, now=NOW))
    stored = run.read(lambda tx: pins.stored(tx, shopper_id))
    assert (stored.pin_hash, stored.pepper_version) == ("second", 1)
    assert "second" not in repr(stored)
