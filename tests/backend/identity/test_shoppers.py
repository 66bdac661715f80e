from __future__ import annotations

import pytest

from backend.errors import Refusal
from backend.identity import shoppers
from backend.identity.shoppers import Shopper
from tests.backend.identity.people import NOW, a_shopper


def register(run, shopper_id, login="amal"):
    return run(
        lambda tx: shoppers.register(
            tx, shopper_id, login=login, password_hash="argon2…", display_name="Amal", now=NOW
        )
    )


def test_a_guest_becomes_an_account_with_the_same_id(run):
    guest = a_shopper(run)
    assert run.read(lambda tx: shoppers.profile(tx, guest)).guest
    account = register(run, guest)
    assert (account.id, account.guest) == (guest, False)
    assert run.read(lambda tx: shoppers.find_by_login(tx, " AMAL ")) == account
    assert "argon2" not in repr(account)


def test_a_login_belongs_to_one_shopper(run):
    register(run, a_shopper(run))
    with pytest.raises(Refusal, match="login_taken"):
        register(run, a_shopper(run))


def test_an_account_is_registered_once(run):
    shopper_id = a_shopper(run)
    register(run, shopper_id)
    for login in ("amal", "other"):
        with pytest.raises(Refusal, match="already_registered"):
            register(run, shopper_id, login)


@pytest.mark.parametrize(
    ("typed", "stored"), [(" Amal ", "amal"), ("ＡＭＡＬ", "amal"), ("STRASSE", "strasse"), ("أمل١", "أمل١")]
)
def test_look_alikes_of_a_login_are_one_login(typed, stored):
    assert shoppers.normal_login(typed) == stored


@pytest.mark.parametrize("typed", ["ab", "a" * 65, "a b c", "am\u202eal", "am\x00al", "   "])
def test_a_login_with_blanks_or_hidden_characters_is_refused(typed):
    with pytest.raises(Refusal, match="login_malformed"):
        shoppers.normal_login(typed)


def test_a_name_is_trimmed_and_shows_no_hidden_characters():
    assert shoppers.normal_name("  Amal   Saleh ") == "Amal Saleh"
    for hidden in ("Amal\u202e", "\x07bell", "", "x" * 81):
        with pytest.raises(Refusal, match="display_name_malformed"):
            shoppers.normal_name(hidden)


def test_a_shopper_written_to_a_log_is_an_id_and_no_name():
    shown = repr(Shopper("0190", "noura@example", "Noura", "en", "hash"))
    assert "0190" in shown
    assert not any(word in shown for word in ("noura", "Noura", "hash'"))
