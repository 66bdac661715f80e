"""argon2id for PINs and passwords, so many at once and no more."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Mapping

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from backend.errors import Refusal

# OWASP's second choice; 35 ms and 19 MiB on the machine that serves, where the library's defaults took 340 ms
MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
WAIT_S_MAX = 10.0


class Argon2PinHasher:
    """Implements `backend.identity.ports.PinHasher`.

    peppers: version → 32 secret bytes; the highest version hashes, all of them verify. The pepper stays
    outside the database, so that a stolen table of six-digit PINs cannot be searched.
    """

    def __init__(self, peppers: Mapping[int, bytes], *, parallel_max: int) -> None:
        assert peppers
        assert all(len(pepper) >= 32 for pepper in peppers.values()), "a pepper has 32 bytes"
        self._peppers = dict(peppers)
        self._argon2 = PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, type=Type.ID
        )
        self._slots = threading.BoundedSemaphore(parallel_max)
        self._decoy = self._argon2.hash(secrets.token_bytes(16))

    def hash_pin(self, shopper_id: str, pin: str) -> tuple[str, int]:
        version = max(self._peppers)
        return self._hash(self._peppered(version, shopper_id, pin)), version

    def pin_matches(self, pin_hash: str, pepper_version: int, shopper_id: str, pin: str) -> bool:
        if pepper_version not in self._peppers:  # retired: a new PIN must be set
            self._verify(self._decoy, b"")
            return False
        return self._verify(pin_hash, self._peppered(pepper_version, shopper_id, pin))

    def hash_password(self, password: str) -> str:
        return self._hash(_normal(password))

    def password_matches(self, password_hash: str | None, password: str) -> bool:
        matches = self._verify(password_hash or self._decoy, _normal(password))
        return matches and password_hash is not None

    def _peppered(self, version: int, shopper_id: str, pin: str) -> bytes:
        return hmac.new(self._peppers[version], f"{shopper_id}\0{pin}".encode(), hashlib.sha256).digest()

    def _hash(self, secret: bytes) -> str:
        with self._slot():
            return self._argon2.hash(secret)

    def _verify(self, known: str, secret: bytes) -> bool:
        with self._slot():
            try:
                return self._argon2.verify(known, secret)
            except (VerificationError, InvalidHashError):
                return False

    def _slot(self) -> _Slot:
        return _Slot(self._slots)


class _Slot:
    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        self._slots = slots

    def __enter__(self) -> None:
        if not self._slots.acquire(timeout=WAIT_S_MAX):
            raise Refusal("hashing_busy", retry_after_s=2)

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def _normal(password: str) -> bytes:
    """NFKC, so that the same password typed on two keyboards is the same bytes (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password).encode()
