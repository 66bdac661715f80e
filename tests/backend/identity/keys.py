"""Keys made for tests, once a process."""

from __future__ import annotations

from functools import cache

from joserfc.jwk import ECKey

from backend.adapters.jose import JoseSealer, Tokens

ISSUER = "shop.example"


def pem() -> bytes:
    return ECKey.generate_key("P-256").as_pem(private=True)


@cache
def tokens() -> Tokens:
    return Tokens(access_pem=pem(), refresh_key=b"r" * 32, digest_key=b"d" * 32, issuer=ISSUER)


@cache
def sealer() -> JoseSealer:
    return JoseSealer(pem(), issuer=ISSUER)
