"""Do money, goods, orders and checkouts tell the same story?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, select

from backend.checkout.tables import checkouts, refunds
from backend.db.findings import Finding
from backend.db.transaction import Transaction
from backend.inventory.tables import stock_movements
from backend.ledger.checks import Moved, moved
from backend.orders.tables import order_lines, orders

Goods = Counter[tuple[str, str, str]]  # (reference, store, sku) → pieces
SAME = ("shopper_id", "store_id", "total_minor", "currency")


def check(tx: Transaction) -> list[Finding]:
    placed = {row["id"]: dict(row) for row in tx.execute(select(orders)).mappings()}
    vat = vat_of_orders(tx)
    return [
        *wrong_checkouts(tx, placed),
        *wrong_payments(tx, placed, vat),
        *wrong_refunds(tx, placed, vat),
        *wrong_goods(tx),
    ]


def wrong_checkouts(tx: Transaction, placed: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """A paid checkout has one order and nothing else has one; both say the same."""
    order_of = {order["checkout_id"]: order for order in placed.values()}
    for row in tx.execute(select(checkouts).order_by(checkouts.c.id)).mappings():
        order = order_of.get(row["id"])
        if (row["state"] == "paid") != (order is not None):
            found = f"{row['state']}, {'an' if order else 'no'} order"
            yield Finding("a checkout is paid if it has an order", f"checkout {row['id']}", "both", found)
        elif order is not None and any(order[name] != row[name] for name in SAME):
            agreed = [row[name] for name in SAME]
            yield Finding(
                "an order is what the checkout agreed",
                f"order {order['id']}",
                agreed,
                [order[name] for name in SAME],
            )


def wrong_payments(
    tx: Transaction, placed: Mapping[str, Mapping[str, Any]], vat: Mapping[str, int]
) -> Iterator[Finding]:
    payments = {payment.posting_id: payment for payment in moved(tx, "payment")}
    for order in placed.values():
        payment = payments.pop(order["posting_id"], None)
        due = amounts(order, vat, sign=-1, reference=order["checkout_id"])
        if payment is None or said(payment) != due:
            yield Finding(
                "an order is paid by one posting", f"order {order['id']}", due, payment and said(payment)
            )
    for payment in payments.values():
        yield Finding("a payment has an order", f"posting {payment.posting_id}", "an order", None)


def wrong_refunds(
    tx: Transaction, placed: Mapping[str, Mapping[str, Any]], vat: Mapping[str, int]
) -> Iterator[Finding]:
    given = {posting.posting_id: posting for posting in moved(tx, "refund")}
    for refund in tx.execute(select(refunds).order_by(refunds.c.id)).mappings():
        posting = given.pop(refund["posting_id"], None)
        due = amounts(placed[refund["order_id"]], vat, sign=1, reference=refund["id"])
        if posting is None or said(posting) != due or refund["amount_minor"] != due["wallet"]:
            yield Finding(
                "a refund gives the order's money back",
                f"refund {refund['id']}",
                due,
                posting and said(posting),
            )
    for posting in given.values():
        yield Finding("a refund's posting has a refund", f"posting {posting.posting_id}", "a refund", None)


def amounts(order: Mapping[str, Any], vat: Mapping[str, int], *, sign: int, reference: str) -> dict[str, Any]:
    """sign: -1 from the wallet, 1 back into it."""
    total, tax = order["total_minor"], vat.get(order["id"], 0)
    return {
        "reference": reference,
        "store": order["store_id"],
        "currency": order["currency"],
        "wallet": sign * total,
        "cash": 0,
        "sales": -sign * (total - tax),
        "vat": -sign * tax,
    }


def said(posting: Moved) -> dict[str, Any]:
    return {
        "reference": posting.reference,
        "store": posting.store_id,
        "currency": posting.currency,
        **posting.by_kind,
    }


def wrong_goods(tx: Transaction) -> Iterator[Finding]:
    """What left the shelf is what orders hold, and what came back is what was refunded."""
    pieces = func.sum(order_lines.c.quantity)
    ordered = select(orders.c.checkout_id, orders.c.store_id, order_lines.c.sku, pieces).join(
        order_lines, order_lines.c.order_id == orders.c.id
    )
    ordered = ordered.group_by(orders.c.checkout_id, orders.c.store_id, order_lines.c.sku)
    back = select(refunds.c.id, orders.c.store_id, order_lines.c.sku, pieces).select_from(
        refunds.join(orders, orders.c.id == refunds.c.order_id).join(
            order_lines, order_lines.c.order_id == orders.c.id
        )
    )
    back = back.group_by(refunds.c.id, orders.c.store_id, order_lines.c.sku)
    for reason, sign, wanted in (("sold", -1, ordered), ("returned", 1, back)):
        due: Goods = Counter({(row[0], row[1], row[2]): int(row[3]) for row in tx.execute(wanted)})
        went = goods_moved(tx, reason, sign)
        for key in sorted({*due, *went}):
            if due[key] != went[key]:
                reference, store, sku = key
                subject = f"{sku} in store {store} for {reference}"
                yield Finding(f"pieces {reason} are those of orders", subject, due[key], went[key])


def goods_moved(tx: Transaction, reason: str, sign: int) -> Goods:
    moves = stock_movements.c
    rows = tx.execute(
        select(moves.reference, moves.store_id, moves.sku, func.sum(moves.delta))
        .where(moves.reason == reason)
        .group_by(moves.reference, moves.store_id, moves.sku)
    )
    return Counter({(row[0], row[1], row[2]): sign * int(row[3]) for row in rows})


def vat_of_orders(tx: Transaction) -> dict[str, int]:
    total = func.sum(order_lines.c.vat_minor)
    rows = tx.execute(select(order_lines.c.order_id, total).group_by(order_lines.c.order_id))
    return {row[0]: int(row[1]) for row in rows}
