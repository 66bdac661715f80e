"""Days that are over, counted once: reports read these instead of every order."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, ForeignKeyConstraint, Integer, String, Table

from backend.db.schema import Id, UtcTime, metadata


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


sales_days = Table(
    "sales_days",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("day", Date, primary_key=True),  # on the store's own clocks
    Column("begins_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),  # 23 to 25 hours later
    Column("orders", Integer, nullable=False),
    _amount("gross_minor"),
    _amount("discount_minor"),
    _amount("vat_minor"),
    Column("refunds", Integer, nullable=False),
    _amount("refunds_minor"),
    _amount("refunds_vat_minor"),
)

sales_hours = Table(  # every hour of the day, also those without an order
    "sales_hours",
    metadata,
    Column("store_id", Id, primary_key=True),
    Column("begins_at", UtcTime, primary_key=True),
    Column("ends_at", UtcTime, nullable=False),
    Column("day", Date, nullable=False),
    Column("orders", Integer, nullable=False),
    _amount("gross_minor"),
    _amount("discount_minor"),
    ForeignKeyConstraint(["store_id", "day"], ["sales_days.store_id", "sales_days.day"]),
)

sales_products = Table(
    "sales_products",
    metadata,
    Column("store_id", Id, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("sku", String(32), primary_key=True),
    Column("name_en", String(120), nullable=False),
    Column("name_ar", String(120), nullable=False),
    Column("pieces", Integer, nullable=False),
    _amount("gross_minor"),
    _amount("vat_minor"),
    ForeignKeyConstraint(["store_id", "day"], ["sales_days.store_id", "sales_days.day"]),
)
