"""Does each live reservation stand for a line of a living cart?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from backend.carts.tables import cart_lines, carts
from backend.db.findings import Scope, rule
from backend.inventory.tables import reservations


@rule("reservation_orphan", "a live reservation is a line of an open or frozen cart")
def orphan_reservations(_scope: Scope) -> Select[Any]:
    """However old: there are few, and each keeps goods from others."""
    return (
        select(
            reservations.c.line_id,
            cart_lines.c.quantity.label("expected"),
            reservations.c.quantity.label("found"),
            carts.c.state.label("found_state"),
        )
        .join(cart_lines, cart_lines.c.id == reservations.c.line_id, isouter=True)
        .join(carts, carts.c.id == reservations.c.cart_id, isouter=True)
        .where(
            reservations.c.state == "live",
            or_(
                cart_lines.c.quantity.is_(None),
                cart_lines.c.quantity != reservations.c.quantity,
                carts.c.state.is_(None),
                carts.c.state.not_in(("open", "frozen")),
            ),
        )
    )


RULES = (orphan_reservations,)
