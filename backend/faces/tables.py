"""Sealed templates and what was tried; wrapped keys live in a store of their own."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from backend.db.schema import Id, UtcTime, keys_metadata, metadata

templates = Table(
    "templates",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False, index=True),
    Column("model", String(80), nullable=False),
    Column(
        "sealed", LargeBinary, nullable=False
    ),  # nonce and AES-256-GCM ciphertext of the float32 embedding
    Column("created_at", UtcTime, nullable=False),
)

face_attempts = Table(
    "face_attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False, index=True),
    Column("checkout_id", Id),
    Column("outcome", String(30), nullable=False),
    Column("probability_pct", Integer),  # rounded, for the owner's access log
    Column("model", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
)

subject_keys = Table(
    "subject_keys",
    keys_metadata,
    Column("shopper_id", Id, primary_key=True),
    Column("kek_id", String(40), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
