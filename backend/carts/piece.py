"""One more piece of a product in a cart, by one statement where the database can change several tables in one.

The stock's row, for which all who scan this product queue, is taken as late as can be: after it only the commit comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, bindparam, text

from backend.db.schema import Id, UtcTime
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations


@dataclass(frozen=True, slots=True)
class Piece:
    """`line_id`: the line that it joins, or a new one's."""

    shopper_id: str
    scan_id: str
    cart_id: str
    store_id: str
    sku: str
    line_id: str
    unit_price_minor: int
    vat_rate_bp: int
    held_until: datetime  # with all that is in the cart

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}  # asdict copies each deeply


def put(tx: Transaction, piece: Piece, *, now: datetime) -> bool:
    """False, and nothing is changed, if this scan put its piece before. The cart's row is locked by the caller.

    Raises Refusal out_of_stock, or cart_expired where the line's pieces were given back meanwhile.
    """
    way = _by_one_statement if tx.dialect.name == "postgresql" else _by_trigger
    if way(tx, piece, now):
        return True
    if tx.execute(KNOWN, {"shopper_id": piece.shopper_id, "scan_id": piece.scan_id}).first():
        return False
    reservations.release_expired(tx, piece.store_id, piece.sku, now=now)
    if way(tx, piece, now):
        return True
    reservations.refuse_unheld(tx, piece.line_id)
    raise reservations.out_of_stock(tx, piece.store_id, piece.sku)


def _by_one_statement(tx: Transaction, piece: Piece, now: datetime) -> bool:
    done = tx.execute(PUT, {**piece.values(), "now": now}).one()
    if done.taken and not done.noted:  # the same scan in another store at the same moment
        raise Refusal("database_busy", retry_after_s=1)
    if done.taken and not done.held:
        raise Refusal("cart_expired")
    return bool(done.taken)


def _by_trigger(tx: Transaction, piece: Piece, now: datetime) -> bool:
    """`scans_put` brings the piece of a scan into line and reservation, and moves the cart's time."""
    if tx.execute(TAKE, piece.values()).rowcount != 1:
        return False
    tx.execute(NOTE, {**piece.values(), "now": now})
    return True


def _typed(statement: str) -> TextClause:
    ids = [name for name in ("shopper_id", "cart_id", "store_id", "line_id") if f":{name}" in statement]
    times = [name for name in ("held_until", "now") if f":{name}" in statement]
    return text(statement).bindparams(
        *(bindparam(name, type_=Id) for name in ids), *(bindparam(name, type_=UtcTime) for name in times)
    )


PUT = _typed(
    """
    WITH taken AS (
        UPDATE stock SET reserved = reserved + 1
        WHERE store_id = :store_id AND sku = :sku AND on_hand - reserved >= 1
        AND NOT EXISTS (SELECT 1 FROM reservations WHERE line_id = :line_id AND state <> 'live')
        AND NOT EXISTS (SELECT 1 FROM scans WHERE shopper_id = :shopper_id AND scan_id = :scan_id)
        RETURNING sku
    ), noted AS (
        INSERT INTO scans
            (shopper_id, scan_id, cart_id, sku, at, line_id, unit_price_minor, vat_rate_bp, held_until)
        SELECT :shopper_id, :scan_id, :cart_id, sku, :now, :line_id, :unit_price_minor, :vat_rate_bp, :held_until
        FROM taken
        ON CONFLICT DO NOTHING RETURNING line_id
    ), line AS (
        INSERT INTO cart_lines (id, cart_id, sku, quantity, unit_price_minor, vat_rate_bp)
        SELECT line_id, :cart_id, :sku, 1, :unit_price_minor, :vat_rate_bp FROM noted
        ON CONFLICT (id) DO UPDATE SET quantity = cart_lines.quantity + 1
        RETURNING id
    ), held AS (
        INSERT INTO reservations (line_id, cart_id, store_id, sku, quantity, state, expires_at)
        SELECT id, :cart_id, :store_id, :sku, 1, 'live', :held_until FROM line
        ON CONFLICT (line_id) DO UPDATE
        SET quantity = reservations.quantity + 1, expires_at = excluded.expires_at
        WHERE reservations.state = 'live'
        RETURNING line_id
    ), others AS (
        UPDATE reservations SET expires_at = :held_until
        WHERE cart_id = :cart_id AND state = 'live' AND line_id <> (SELECT line_id FROM held)
    )
    SELECT (SELECT count(*) FROM taken) AS taken,
           (SELECT count(*) FROM noted) AS noted,
           (SELECT count(*) FROM held) AS held
    """
)
TAKE = _typed(
    """
    UPDATE stock SET reserved = reserved + 1
    WHERE store_id = :store_id AND sku = :sku AND on_hand - reserved >= 1
    AND NOT EXISTS (SELECT 1 FROM reservations WHERE line_id = :line_id AND state <> 'live')
    """
)
NOTE = _typed(
    """
    INSERT INTO scans (shopper_id, scan_id, cart_id, sku, at, line_id, unit_price_minor, vat_rate_bp, held_until)
    VALUES (:shopper_id, :scan_id, :cart_id, :sku, :now, :line_id, :unit_price_minor, :vat_rate_bp, :held_until)
    """
)
KNOWN = _typed("SELECT 1 FROM scans WHERE shopper_id = :shopper_id AND scan_id = :scan_id")
