from __future__ import annotations

import pytest

from backend.errors import Refusal
from backend.identity import shoppers
from backend.identity.sign_in import SignIn, sign_in
from tests.backend.identity.keys import tokens
from tests.backend.identity.people import NOW, a_shopper
from tests.fakes import MovedClock, QuickHasher

HASHER = QuickHasher()
PASSWORD = "كلمة مرور طويلة 2026"


class Counting:
    """A hasher that counts how often it was asked about the hash of an account."""

    def __init__(self):
        self.evaluated = 0

    def password_matches(self, password_hash, password):
        self.evaluated += password_hash is not None
        return HASHER.password_matches(password_hash, password)


@pytest.fixture
def account(run):
    shopper_id = a_shopper(run)
    password_hash = HASHER.hash_password(PASSWORD)
    return run(
        lambda tx: shoppers.register(
            tx, shopper_id, login="amal", password_hash=password_hash, display_name="Amal", now=NOW
        )
    )


def attempt(run, login="amal", password=PASSWORD, *, origin="10.0.0.0/24", hasher=HASHER, clock=None):
    return sign_in(
        SignIn(login, password, origin), run=run, hasher=hasher, digests=tokens(), clock=clock or MovedClock()
    )


def test_the_password_signs_in(run, account):
    assert attempt(run, " Amal ") == account


def test_whatever_is_wrong_is_refused_alike(run, account):
    for login, password in (("amal", "wrong"), ("nobody", PASSWORD), ("\x00", PASSWORD)):
        with pytest.raises(Refusal) as refused:
            attempt(run, login, password)
        assert (refused.value.code, refused.value.facts) == ("sign_in_refused", {})


def test_after_five_wrong_passwords_the_right_one_is_not_evaluated(run, account):
    hasher, clock = Counting(), MovedClock()
    for password in ["wrong"] * 7 + [PASSWORD]:
        with pytest.raises(Refusal, match="sign_in_refused"):
            attempt(run, password=password, hasher=hasher, clock=clock)
    assert hasher.evaluated == 5
    clock.move(seconds=30)
    assert attempt(run, clock=clock) == account


def test_strangers_elsewhere_do_not_lock_the_owner_out(run, account):
    for _ in range(6):
        with pytest.raises(Refusal):
            attempt(run, password="wrong", origin="10.9.9.0/24", clock=MovedClock())
    assert attempt(run) == account
