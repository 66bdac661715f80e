"""A shopper's phone as the server sees it: two key pairs, proofs, and the eyes that open sealed messages."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jwe, jws
from joserfc.jwk import ECKey

from backend.identity.devices import NewDevice, sha256_base64url, thumbprint


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", private=True)


@dataclass
class Phone:
    name: str = "Test phone"
    push_token: str | None = None
    sig: ECKey = field(default_factory=new_key)
    enc: ECKey = field(default_factory=new_key)

    @property
    def jwk_sig(self) -> dict[str, Any]:
        return self.sig.as_dict(private=False)

    @property
    def jwk_enc(self) -> dict[str, Any]:
        return self.enc.as_dict(private=False)

    @property
    def id(self) -> str:
        return thumbprint(self.jwk_sig)

    def new_device(self) -> NewDevice:
        return NewDevice(self.id, self.name, self.jwk_enc, self.jwk_sig, self.push_token)

    def prove(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        at: datetime,
        with_key: bool = False,
        access_token: str | None = None,
        **changes: Any,
    ) -> str:
        """A Device-Proof. `changes` replace claims; a change `header` is merged into the header."""
        header = {"typ": "device-proof+jwt", "alg": "ES256"}
        header |= {"jwk": self.jwk_sig} if with_key else {"kid": self.id}
        header |= changes.pop("header", {})
        claims = {
            "htm": method,
            "htu": path,
            "iat": int(at.timestamp()),
            "jti": secrets.token_urlsafe(16),
            "body_sha256": sha256_base64url(body),
        }
        if access_token is not None:
            claims["ath"] = sha256_base64url(access_token.encode())
        return jws.serialize_compact(header, json.dumps(claims | changes), self.sig, algorithms=["ES256"])

    def open(self, sealed: str) -> str:
        opened = jwe.decrypt_compact(sealed, self.enc, algorithms=["ECDH-ES", "A256GCM"])
        assert opened.plaintext is not None
        return opened.plaintext.decode()
