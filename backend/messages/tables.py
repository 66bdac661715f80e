"""What a shopper's device can read in its inbox; what integrators are sent."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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

webhook_endpoints = Table(  # where an integrator hears what happens in the shop
    "webhook_endpoints",
    metadata,
    Column("id", Id, primary_key=True),
    Column("url", String(500), nullable=False),
    Column("kinds", Json, nullable=False),  # of happenings; empty: all
    Column("store_id", Id, ForeignKey("stores.id")),  # NULL: all stores
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("available_at", UtcTime, nullable=False),  # after failures it is left alone for a while
    Column("failures", Integer, nullable=False),  # since the last success
    Column("failing_since", UtcTime),
    Column("lease_until", UtcTime),  # one worker at a time sends to it
    CheckConstraint("failures >= 0", name="failures"),
)

webhook_cursors = Table(  # up to which event of a store an endpoint has its deliveries
    "webhook_cursors",
    metadata,
    Column("endpoint_id", Id, ForeignKey("webhook_endpoints.id"), primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("event_id", BigInteger, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("endpoint_id", Id, ForeignKey("webhook_endpoints.id"), primary_key=True),
    Column("outbox_id", Id, ForeignKey("outbox.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),  # the event's, in its store
    Column("state", String(4), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_since", UtcTime, nullable=False),
    Column("available_at", UtcTime, nullable=False),
    Column("last_status", Integer),  # of HTTP; NULL: none came
    CheckConstraint("state IN ('due', 'done', 'dead')", name="state_known"),
    Index(
        "ix_webhook_deliveries_due",
        "endpoint_id",
        "sequence",
        sqlite_where=Column("state") == "due",
        postgresql_where=Column("state") == "due",
    ),
)
