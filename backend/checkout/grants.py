"""Permission to make exactly one payment: what stands in a grant, and whether a grant presented is that permission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.authorization.evidence import Evidence
from backend.checkout.open import Checkout

PURPOSE = "pay"


@dataclass(frozen=True, slots=True)
class Grant:
    jti: str
    claims: Mapping[str, Any]
    expires_at: datetime


def make(
    checkout: Checkout, evidence: tuple[Evidence, ...], *, jti: str, now: datetime, lifetime: timedelta
) -> Grant:
    """Amount and payee are in what is authorised (PSD2's dynamic linking); the device's key is in `cnf`."""
    issued_s = int(now.timestamp())
    expires_s = min(issued_s + int(lifetime.total_seconds()), int(checkout.expires_at.timestamp()))
    claims = {
        "sub": checkout.shopper_id,
        "aud": f"device:{checkout.device_id}",
        "jti": jti,
        "iat": issued_s,
        "nbf": issued_s,
        "exp": expires_s,
        "purpose": PURPOSE,
        "checkout": checkout.id,
        "cart_hash": checkout.cart_hash,
        "amount": checkout.total_minor,
        "currency": checkout.currency,
        "store": checkout.store_code,
        "lines_n": len(checkout.lines),
        "factors": sorted({str(e.factor) for e in evidence}),
        "cnf": {"jkt": checkout.device_id},
    }
    return Grant(jti, claims, datetime.fromtimestamp(expires_s, now.tzinfo))


def fits(claims: Mapping[str, Any], checkout: Checkout, *, now: datetime) -> bool:
    """Every claim is what this checkout says now, and the grant is the one issued last for it."""
    at_s = now.timestamp()
    expected = {
        "sub": checkout.shopper_id,
        "aud": f"device:{checkout.device_id}",
        "jti": checkout.grant_jti,
        "purpose": PURPOSE,
        "checkout": checkout.id,
        "cart_hash": checkout.cart_hash,
        "amount": checkout.total_minor,
        "currency": checkout.currency,
        "store": checkout.store_code,
        "cnf": {"jkt": checkout.device_id},
    }
    if any(claims.get(name) != value for name, value in expected.items()):
        return False
    return checkout.grant_state == "issued" and claims["nbf"] <= at_s < claims["exp"]
