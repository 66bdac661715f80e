"""What identity asks of the world."""

from __future__ import annotations

from typing import Protocol


class PinHasher(Protocol):
    """Slow on purpose (argon2id); never called while rows are locked."""

    def hash_pin(self, shopper_id: str, pin: str) -> tuple[str, int]:
        """(hash, pepper version)."""
        ...

    def pin_matches(self, pin_hash: str, pepper_version: int, shopper_id: str, pin: str) -> bool: ...

    def hash_password(self, password: str) -> str: ...

    def password_matches(self, password_hash: str | None, password: str) -> bool:
        """With None (no such account) the same work is done against a decoy, and the answer is False."""
        ...


class RefreshTokens(Protocol):
    """Derives refresh tokens; fast, holds no rows."""

    def refresh_token(self, session_id: str, number: int, device_id: str) -> str:
        """`family.n.MAC`, the same text every time."""
        ...


class Digests(Protocol):
    """Keyed hashes, so that a stolen table does not tell logins or bodies; fast, holds no rows."""

    def digest(self, purpose: str, content: bytes | str) -> str:
        """64 hex digits."""
        ...
