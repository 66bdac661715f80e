"""Policies are data with a version, so a store can tighten them and a decision can be explained later."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from backend.db.schema import Json, UtcTime, metadata

policies = Table(
    "policies",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("rules", Json, nullable=False),
    Column("valid_from", UtcTime, nullable=False),
)
