"""What proof a payment needs is a pure function of context and evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, combinations

import pytest

from backend.authorization.context import Context
from backend.authorization.evidence import Evidence, Factor
from backend.authorization.policy import (
    DEFAULT_RULES,
    Granted,
    Needs,
    Policy,
    Refused,
    decide,
    only_pin_missing,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PHONE = Policy.from_rules("phone", 1, DEFAULT_RULES["phone"])
ENOUGH = ({Factor.DEVICE, Factor.FACE_MATCH, Factor.PIN}, {Factor.DEVICE, Factor.PASSWORD, Factor.PIN})
SETS = [set(s) for n in range(5) for s in combinations(Factor, n)]


def context(**changes):
    known = {
        "channel": "phone",
        "checkout_id": "c1",
        "shopper_id": "s1",
        "store_id": "r1",
        "amount_minor": 23_00,
        "currency": "SAR",
    }
    return Context(**known | changes)


def given(factors, *, subject="s1", bound_to="c1"):
    return [Evidence(factor, subject, bound_to, NOW) for factor in factors]


@pytest.mark.parametrize("factors", SETS, ids=lambda s: "+".join(sorted(s)) or "nothing")
def test_the_phone_grants_exactly_what_face_or_password_with_device_and_pin_prove(factors):
    granted = isinstance(decide(PHONE, context(), given(factors)), Granted)
    assert granted == any(way <= factors for way in ENOUGH)


def test_evidence_of_another_checkout_is_as_good_as_none():
    evidence = given(chain(*ENOUGH), bound_to="another")
    assert isinstance(decide(PHONE, context(), evidence), Needs)


def test_evidence_about_another_person_is_as_good_as_none():
    assert isinstance(decide(PHONE, context(), given(chain(*ENOUGH), subject="s2")), Needs)


def test_a_grant_is_due_when_only_the_pin_is_missing():
    assert only_pin_missing(decide(PHONE, context(), given({Factor.DEVICE, Factor.FACE_MATCH})))
    assert not only_pin_missing(decide(PHONE, context(), given({Factor.FACE_MATCH, Factor.PASSWORD})))


def test_an_amount_above_the_limit_is_refused_whatever_is_proved():
    decision = decide(PHONE, context(amount_minor=PHONE.amount_minor_max + 1), given(Factor))
    assert decision == Refused("amount")


def test_a_policy_of_another_channel_decides_nothing():
    assert decide(PHONE, context(channel="kiosk"), given(Factor)) == Refused("channel")


@pytest.mark.parametrize("factors", [[], ["pin"], ["pin", "mother's name"]])
def test_a_way_with_too_little_or_unknown_proof_cannot_be_stored(factors):
    with pytest.raises(ValueError):  # noqa: PT011 - Factor's own message differs from ours
        Policy.from_rules("phone", 2, {"ways": [{"name": "weak", "factors": factors}], "amount_minor_max": 1})


def test_evidence_survives_its_storage():
    evidence = Evidence(Factor.FACE_MATCH, "s1", "c1", NOW, {"probability_pct": 93})
    assert Evidence.from_json(evidence.to_json()) == evidence
