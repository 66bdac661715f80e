from __future__ import annotations

import pytest

from backend.adapters.jose import read_device_proof
from backend.errors import Refusal
from backend.identity import devices
from backend.operations.shopper_device import DeviceKeys
from tests.backend.identity.people import NOW, a_shopper, after, new_device

TOKEN = "ExponentPushToken[one]"


@pytest.fixture
def phone():
    return DeviceKeys()


def proof(phone, **changes):
    text = phone.proof("POST", "/v1/pay", b"{}", at_s=NOW.timestamp(), **changes)
    return read_device_proof(text, jwk=phone.jwk_sig)


def test_a_proof_counts_once(run, phone):
    shown = proof(phone)
    run(lambda tx: devices.check_proof(tx, shown, now=NOW))
    with pytest.raises(Refusal, match="device_proof_refused"):
        run(lambda tx: devices.check_proof(tx, shown, now=after(seconds=1)))


def test_a_proof_of_another_time_is_refused(run, phone):
    for seconds in (-31, 31):
        with pytest.raises(Refusal, match="device_proof_refused"):
            run(lambda tx, s=seconds: devices.check_proof(tx, proof(phone), now=after(seconds=s)))


@pytest.mark.parametrize(
    "request_facts",
    [
        {"method": "GET"},
        {"path": "/v1/pay2"},
        {"body": b"{ }"},
    ],
)
def test_a_proof_is_about_one_request(phone, request_facts):
    asked = {"method": "POST", "path": "/v1/pay", "body": b"{}"}
    devices.proof_fits(proof(phone), **asked)
    with pytest.raises(Refusal, match="device_proof_refused"):
        devices.proof_fits(proof(phone), **asked | request_facts)


def test_a_proof_that_names_an_access_token_fits_that_token_only(phone):
    shown = proof(phone, ath=devices.sha256_base64url(b"mine"))
    devices.proof_fits(shown, method="POST", path="/v1/pay", body=b"{}", access_token="mine")
    for other in ("yours", None):
        with pytest.raises(Refusal, match="device_proof_refused"):
            devices.proof_fits(shown, method="POST", path="/v1/pay", body=b"{}", access_token=other)


def test_old_proofs_are_dropped_only_after_they_cannot_be_replayed(run, phone):
    run(lambda tx: devices.check_proof(tx, proof(phone), now=NOW))
    assert run(lambda tx: devices.drop_old_proofs(tx, now=after(minutes=1))) == 0
    assert run(lambda tx: devices.drop_old_proofs(tx, now=after(hours=1))) == 1


def test_a_push_token_belongs_to_the_device_that_named_it_last(run, phone):
    first = a_shopper(run, phone, push_token=TOKEN)
    second = a_shopper(run, push_token=TOKEN)
    assert run.read(lambda tx: devices.of(tx, first)) == []
    [device] = run.read(lambda tx: devices.of(tx, second))
    assert device.push_token == TOKEN


def test_a_device_of_another_shopper_must_make_new_keys(run, phone):
    first = a_shopper(run, phone)
    second = a_shopper(run)
    with pytest.raises(Refusal, match="device_of_another"):
        run(lambda tx: devices.add(tx, second, new_device(phone), now=NOW))
    assert [d.id for d in run.read(lambda tx: devices.of(tx, first))] == [phone.id]


def test_signing_in_again_revives_the_own_device(run, phone):
    shopper_id = a_shopper(run, phone)
    run(lambda tx: devices.end(tx, shopper_id, phone.id, now=NOW))
    assert run.read(lambda tx: devices.get(tx, phone.id)).ended
    run(lambda tx: devices.add(tx, shopper_id, new_device(phone), now=NOW))
    assert [d.id for d in run.read(lambda tx: devices.of(tx, shopper_id))] == [phone.id]


def test_a_late_sign_out_of_the_former_owner_ends_nothing(run, phone):
    owner, former = a_shopper(run, phone), a_shopper(run)
    run(lambda tx: devices.end(tx, former, phone.id, now=NOW))
    assert len(run.read(lambda tx: devices.of(tx, owner))) == 1


def test_a_push_token_renewed_meanwhile_is_not_dropped(run, phone):
    a_shopper(run, phone, push_token=TOKEN)
    run(lambda tx: devices.drop_push_token(tx, phone.id, "ExponentPushToken[old]"))
    assert run.read(lambda tx: devices.get(tx, phone.id)).push_token == TOKEN
    run(lambda tx: devices.drop_push_token(tx, phone.id, TOKEN))
    assert run.read(lambda tx: devices.get(tx, phone.id)).push_token is None
