from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.adapters.pin_hasher import Argon2PinHasher
from tests.fakes import QuickHasher

PEPPER = {1: b"p" * 32}


@pytest.fixture(scope="module")
def hasher():
    return Argon2PinHasher(PEPPER, parallel_max=2)


@pytest.fixture(params=["argon2", "quick"])
def any_hasher(request, hasher):
    """The adapter and the fake of the tests, so that the fake cannot lie."""
    return hasher if request.param == "argon2" else QuickHasher()


def test_a_pin_matches_only_itself_for_its_shopper(any_hasher):
    hasher = any_hasher
    pin_hash, version = hasher.hash_pin("amal", "739154")
    assert hasher.pin_matches(pin_hash, version, "amal", "739154")
    assert not hasher.pin_matches(pin_hash, version, "amal", "739155")
    assert not hasher.pin_matches(pin_hash, version, "badr", "739154")


def test_a_password_matches_only_itself_and_never_nobody(any_hasher):
    known = any_hasher.hash_password("tea lamps on 7 roofs")
    assert any_hasher.password_matches(known, "tea lamps on 7 roofs")
    assert not any_hasher.password_matches(known, "tea lamps on 8 roofs")
    assert not any_hasher.password_matches(None, "tea lamps on 7 roofs")


def test_hashes_cost_nineteen_mebibytes_and_two_passes(hasher):
    for text in (hasher.hash_pin("amal", "739154")[0], hasher.hash_password("long enough")):
        assert text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_without_the_pepper_a_stolen_hash_cannot_be_tried(hasher):
    pin_hash, version = hasher.hash_pin("amal", "739154")
    assert not Argon2PinHasher({1: b"q" * 32}, parallel_max=1).pin_matches(
        pin_hash, version, "amal", "739154"
    )


def test_a_new_pepper_hashes_and_the_old_one_still_verifies(hasher):
    pin_hash, version = hasher.hash_pin("amal", "739154")
    rotated = Argon2PinHasher({**PEPPER, 2: b"q" * 32}, parallel_max=2)
    assert rotated.pin_matches(pin_hash, version, "amal", "739154")
    assert rotated.hash_pin("amal", "739154")[1] == 2
    retired = Argon2PinHasher({2: b"q" * 32}, parallel_max=2)
    assert not retired.pin_matches(pin_hash, version, "amal", "739154")


def test_a_password_is_the_same_from_two_keyboards(hasher):
    assert hasher.password_matches(hasher.hash_password("cafe\u0301 au lait"), "caf\u00e9 au lait")


def test_no_account_costs_the_same_work_and_never_matches(hasher):
    started = time.perf_counter()
    assert not hasher.password_matches(None, "anything")
    assert time.perf_counter() - started > 0.005


def test_a_broken_hash_matches_nothing(hasher):
    assert not hasher.password_matches("not a hash", "anything")


def test_no_more_hashes_run_at_once_than_allowed():
    hasher = Argon2PinHasher(PEPPER, parallel_max=2)
    running, most, guard = 0, 0, threading.Lock()
    verify = hasher._argon2.verify

    class Watched:
        def verify(self, known, secret):
            nonlocal running, most
            with guard:
                running += 1
                most = max(most, running)
            try:
                return verify(known, secret)
            finally:
                with guard:
                    running -= 1

    hasher._argon2 = Watched()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: hasher.password_matches(None, "x"), range(8)))
    assert most == 2
