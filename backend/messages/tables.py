"""What a shopper's device can read in its inbox."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from backend.db.schema import Id, Json, UtcTime, metadata

inbox_messages = Table(
    "inbox_messages",
    metadata,
    Column("id", Id, primary_key=True),  # the outbox row's id and the device: delivering twice is harmless
    Column("device_id", String(43), ForeignKey("devices.id"), primary_key=True),
    Column("position", BigInteger, nullable=False),  # per device, in the order of commits
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("payload", Json, nullable=False),
    Column("sealed", Text),  # compact JWE to the device's key, where the content is secret
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("pushed_at", UtcTime),  # the push service took it
    Column("read_at", UtcTime),
    UniqueConstraint("device_id", "position"),
    Index("ix_inbox_messages_shopper_kind_pushed", "shopper_id", "kind", "pushed_at"),
)
