"""What checkout asks of the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Sealer(Protocol):
    """Signs grants (ES256) and seals messages to a device (ECDH-ES, A256GCM); fast, holds no rows."""

    def sign_grant(self, claims: Mapping[str, Any]) -> str:
        """Compact JWS, typ grant+jwt."""
        ...

    def open_grant(self, grant: str) -> dict[str, Any]:
        """Claims of a grant that we signed. Raises Refusal("payment_not_authorised") for anything else."""
        ...

    def seal(self, content: str, jwk_enc: Mapping[str, Any], *, content_type: str) -> str:
        """Compact JWE that only the holder of the device's private key opens."""
        ...
