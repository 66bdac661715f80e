"""`(context, evidence) → granted | needs(one of these sets) | refused(reason)`: a pure function over data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.authorization.context import Context
from backend.authorization.evidence import Evidence, Factor

DEFAULT_RULES: dict[str, dict[str, Any]] = {
    "phone": {
        "ways": [
            {"name": "face and PIN", "factors": ["device", "face_match", "pin"]},
            {
                "name": "password and PIN",
                "factors": ["device", "password", "pin"],
            },  # the equal way without a face
        ],
        "amount_minor_max": 1_000_000,
    }
}


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    factors: frozenset[Factor]


@dataclass(frozen=True, slots=True)
class Policy:
    channel: str
    version: int
    ways: tuple[Way, ...]
    amount_minor_max: int

    @staticmethod
    def from_rules(channel: str, version: int, rules: Mapping[str, Any]) -> Policy:
        """Raises ValueError for a way with fewer than two factors or an unknown one."""
        ways = tuple(Way(way["name"], frozenset(Factor(f) for f in way["factors"])) for way in rules["ways"])
        if not ways or any(len(way.factors) < 2 for way in ways):
            raise ValueError("every way needs at least two factors")
        return Policy(channel, version, ways, int(rules["amount_minor_max"]))


@dataclass(frozen=True, slots=True)
class Granted:
    way: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What is missing, one set per way that is still open."""

    missing: tuple[frozenset[Factor], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str


def decide(policy: Policy, context: Context, evidence: Sequence[Evidence]) -> Granted | Needs | Refused:
    """Evidence about another person or bound to another checkout is as good as none."""
    if context.channel != policy.channel:
        return Refused("channel")
    if context.amount_minor > policy.amount_minor_max:
        return Refused("amount")
    given = {
        e.factor for e in evidence if e.subject == context.shopper_id and e.bound_to == context.checkout_id
    }
    for way in policy.ways:
        if way.factors <= given:
            return Granted(way.name)
    return Needs(tuple(way.factors - given for way in policy.ways))


def only_pin_missing(decision: Granted | Needs | Refused) -> bool:
    """The moment for a grant: everything but the PIN, which is asked for with the grant in hand."""
    return isinstance(decision, Needs) and frozenset({Factor.PIN}) in decision.missing
