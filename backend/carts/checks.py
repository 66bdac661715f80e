"""Does each live reservation stand for a line of a living cart?"""

from __future__ import annotations

from sqlalchemy import select

from backend.carts.tables import cart_lines, carts
from backend.db.findings import Finding
from backend.db.transaction import Transaction
from backend.inventory.tables import reservations


def check(tx: Transaction) -> list[Finding]:
    rows = tx.execute(
        select(
            reservations.c.line_id,
            reservations.c.quantity,
            cart_lines.c.quantity.label("line"),
            carts.c.state,
        )
        .join(cart_lines, cart_lines.c.id == reservations.c.line_id, isouter=True)
        .join(carts, carts.c.id == reservations.c.cart_id, isouter=True)
        .where(reservations.c.state == "live")
        .order_by(reservations.c.line_id)
    )
    rule = "a live reservation is a line of an open or frozen cart"
    return [
        Finding(rule, f"reservation {row.line_id}", row.line, [row.quantity, row.state])
        for row in rows
        if row.quantity != row.line or row.state not in ("open", "frozen")
    ]
