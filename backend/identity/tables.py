"""Who: shoppers, their devices, sessions, PINs and consents; staff."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from backend.db.schema import Id, Json, UtcTime, metadata

THUMBPRINT = 43  # RFC 7638, SHA-256, base64url without padding

shoppers = Table(
    "shoppers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(64), unique=True),  # case-folded; NULL while a guest
    Column("display_name", String(80)),
    Column("password_hash", String(200)),
    Column("language", String(2), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("registered_at", UtcTime),
    CheckConstraint("(login IS NULL) = (password_hash IS NULL)", name="login_with_password"),
    CheckConstraint("language IN ('en', 'ar')", name="language_known"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(THUMBPRINT), primary_key=True),  # RFC 7638 thumbprint of jwk_sig
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("jwk_enc", Json, nullable=False),  # P-256 public key that messages are sealed to
    Column("jwk_sig", Json, nullable=False),  # P-256 public key that proves
    Column("push_token", String(200), unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)

device_proofs = Table(  # replay cache of Device-Proof ids, kept a little longer than a proof lives
    "device_proofs",
    metadata,
    Column("device_id", String(THUMBPRINT), primary_key=True),
    Column("jti", String(64), primary_key=True),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

sessions = Table(  # families of refresh tokens; the token itself is derived, never stored
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False, index=True),
    Column("device_id", String(THUMBPRINT), ForeignKey("devices.id"), nullable=False, index=True),
    Column("current", Integer, nullable=False),  # number of the newest refresh token
    Column("confirmed", Integer, nullable=False),  # newest number that was seen used
    Column("rotated_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

pins = Table(
    "pins",
    metadata,
    Column("shopper_id", Id, ForeignKey("shoppers.id"), primary_key=True),
    Column("pin_hash", String(200), nullable=False),  # argon2id over HMAC(pepper, shopper id and PIN)
    Column("pepper_version", Integer, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)

locks = Table(  # attempts are counted before they are evaluated
    "locks",
    metadata,
    Column("subject", String(160), primary_key=True),  # "pin:SHOPPER:DEVICE", "password:LOGIN:ORIGIN", …
    Column("slots", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("locked_until", UtcTime),
    CheckConstraint("slots >= 0 AND level >= 0 AND level <= 4", name="bounded"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False),
    Column("kind", String(20), nullable=False),  # "face"
    Column("version", String(20), nullable=False),
    Column("language", String(2), nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    Index(
        "uq_consents_standing",
        "shopper_id",
        "kind",
        unique=True,
        sqlite_where=Column("withdrawn_at").is_(None),
        postgresql_where=Column("withdrawn_at").is_(None),
    ),
)

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("display_name", String(80), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("role IN ('cashier', 'packer', 'manager', 'administrator')", name="role_known"),
)

staff_stores = Table(
    "staff_stores",
    metadata,
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    UniqueConstraint("csrf"),
)
