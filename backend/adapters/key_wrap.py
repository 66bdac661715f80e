"""Per-shopper keys wrapped under a key-encryption key that lies in a file."""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.errors import Refusal

NONCE_BYTES = 12


class FileKeyWrap:
    """Implements `backend.faces.ports.KeyWrap`: AES-256-GCM, bound to the shopper and to the key's id."""

    def __init__(self, kek: bytes) -> None:
        assert len(kek) == 32, "AES-256"
        self._kek = AESGCM(kek)
        self._kek_id = "kek-" + hashlib.sha256(b"smartpay kek id\0" + kek).hexdigest()[:16]

    @property
    def kek_id(self) -> str:
        return self._kek_id

    def wrap(self, shopper_id: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._kek.encrypt(nonce, key, _bound_to(shopper_id, self._kek_id))

    def unwrap(self, shopper_id: str, kek_id: str, wrapped: bytes) -> bytes:
        """Raises Refusal template_unreadable: altered, another shopper's, or under a key we do not hold."""
        if kek_id != self._kek_id:
            raise Refusal("template_unreadable")
        try:
            return self._kek.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound_to(shopper_id, kek_id)
            )
        except (InvalidTag, ValueError) as why:
            raise Refusal("template_unreadable") from why


def _bound_to(shopper_id: str, kek_id: str) -> bytes:
    return f"{shopper_id}\0{kek_id}".encode()
