"""Do money, goods, orders and checkouts tell the same story?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from backend.carts.tables import coupons
from backend.checkout.tables import checkouts, coupon_uses, refund_lines, refunds
from backend.db.checks import gaps
from backend.db.events import store_counters
from backend.db.findings import Scope, plain, rule
from backend.db.idempotency import KEPT
from backend.db.idempotency import idempotency_records as answers
from backend.inventory.tables import stock_movements
from backend.ledger.checks import CURRENCY, POSTED, beside_entries, moved, orphans, towards
from backend.orders.checks import PAID
from backend.orders.checks import made as placed
from backend.orders.tables import order_lines, orders

AGREED = ("shopper_id", "store_id", "total_minor", "currency")
HOLDING = ("open", "paying", "paid")  # states of a checkout that has its coupon


class amounts_of(FunctionElement[int]):  # noqa: N801 - an SQL function
    """The sum of `amount_minor` over a JSON array of objects."""

    type = BigInteger()
    inherit_cache = True


@compiles(amounts_of, "sqlite")
def _for_sqlite(element: amounts_of, compiler: SQLCompiler, **given: Any) -> str:
    array = compiler.process(element.clauses, **given)
    return f"(SELECT coalesce(sum(json_extract(value, '$.amount_minor')), 0) FROM json_each({array}))"  # noqa: S608 - a column of ours


@compiles(amounts_of, "postgresql")
def _for_postgresql(element: amounts_of, compiler: SQLCompiler, **given: Any) -> str:
    array = compiler.process(element.clauses, **given)
    amount = "CAST(value ->> 'amount_minor' AS bigint)"
    return f"(SELECT coalesce(sum({amount}), 0) FROM jsonb_array_elements({array}))"  # noqa: S608 - a column of ours


@rule("checkout_state", "a checkout is paid if it has an order, and only then")
def wrong_checkouts(scope: Scope) -> Select[Any]:
    order = orders.c.id.is_not(None)
    return (
        select(
            checkouts.c.id,
            case((order, "paid"), else_="not paid").label("expected"),
            checkouts.c.state.label("found"),
        )
        .join(orders, orders.c.checkout_id == checkouts.c.id, isouter=True)
        .where((checkouts.c.state == "paid") != order, scope.covers(checkouts.c.id, checkouts.c.created_at))
    )


@rule("order_agreement", "an order is what its checkout agreed")
def wrong_orders(scope: Scope) -> Select[Any]:
    """Also an order whose checkout is gone."""
    return (
        select(
            orders.c.id,
            *(checkouts.c[name].label(f"expected_{name}") for name in AGREED),
            *(orders.c[name].label(f"found_{name}") for name in AGREED),
        )
        .join(checkouts, checkouts.c.id == orders.c.checkout_id, isouter=True)
        .where(
            or_(checkouts.c.id.is_(None), *(checkouts.c[name] != orders.c[name] for name in AGREED)),
            placed(scope),
        )
    )


@rule("order_discount", "an order's discount is what its checkout's promotions took off")
def wrong_discounts(scope: Scope) -> Select[Any]:
    """That it is also its lines' is a rule of orders."""
    due = amounts_of(checkouts.c.discounts)
    return (
        select(orders.c.id, due.label("expected"), orders.c.discount_minor.label("found"))
        .join(checkouts, checkouts.c.id == orders.c.checkout_id)
        .where(orders.c.discount_minor != due, placed(scope))
    )


@rule("coupon_uses", "a coupon's uses are those of checkouts")
def wrong_coupons(_scope: Scope) -> Select[Any]:
    used = func.count(coupon_uses.c.checkout_id)
    return (
        select(coupons.c.id, used.label("expected"), coupons.c.uses.label("found"))
        .join(coupon_uses, coupon_uses.c.coupon_id == coupons.c.id, isouter=True)
        .group_by(coupons.c.id)
        .having(coupons.c.uses != used)
    )


@rule("coupon_kept", "a checkout that will not be paid gave its coupon back")
def kept_coupons(scope: Scope) -> Select[Any]:
    return (
        select(checkouts.c.id, literal("given back").label("expected"), checkouts.c.state.label("found"))
        .join(coupon_uses, coupon_uses.c.checkout_id == checkouts.c.id)
        .where(checkouts.c.state.not_in(HOLDING), scope.covers(checkouts.c.id, checkouts.c.created_at))
    )


@rule("payment", "an order is paid by one posting, from wallet or card to sales and VAT")
def wrong_payments(scope: Scope) -> Select[Any]:
    """In the order of their ids, which is that in which all of these rows were written."""
    sales, vat = towards("sales"), towards("vat")
    source = case((orders.c.method == "card", towards("card")), else_=towards("wallet"))
    due = (
        select(func.coalesce(func.sum(order_lines.c.vat_minor), 0))
        .where(order_lines.c.order_id == orders.c.id)
        .scalar_subquery()
    )
    return (
        select(
            orders.c.id,
            (-orders.c.total_minor).label("expected_paid"),
            (orders.c.total_minor - due).label("expected_sales"),
            due.label("expected_vat"),
            source.label("found_paid"),
            sales.label("found_sales"),
            vat.label("found_vat"),
        )
        .select_from(beside_entries(orders, orders.c.posting_id, "payment"))
        .where(placed(scope))
        .group_by(orders.c.id, POSTED.id)
        .having(
            or_(
                POSTED.id.is_(None),
                plain(POSTED.reference) != plain(orders.c.checkout_id),
                POSTED.store_id != orders.c.store_id,
                orders.c.currency != CURRENCY,
                source != -orders.c.total_minor,
                sales + vat != orders.c.total_minor,
                vat != due,
            )
        )
    )


@rule("payment_orphan", "a payment has an order")
def orphan_payments(scope: Scope) -> Select[Any]:
    return orphans("payment", select(orders.c.posting_id).where(placed(scope)), "an order", scope)


@rule("refund", "a refund gives its amount back by one posting, to where it came from")
def wrong_refunds(scope: Scope) -> Select[Any]:
    given = moved("refund", scope)
    source = case((refunds.c.method == "card", given.c.card), else_=given.c.wallet)
    return (
        select(refunds.c.id, refunds.c.amount_minor.label("expected"), source.label("found"))
        .join(orders, orders.c.id == refunds.c.order_id)
        .join(given, given.c.id == refunds.c.posting_id, isouter=True)
        .where(
            or_(
                given.c.id.is_(None),
                given.c.reference != plain(refunds.c.id),
                given.c.store_id != orders.c.store_id,
                given.c.currency != refunds.c.currency,
                source != refunds.c.amount_minor,
                given.c.vat != -refunds.c.vat_minor,
            ),
            refunded(scope),
        )
    )


@rule("refund_parts", "a refund is the sum of its lines")
def wrong_parts(scope: Scope) -> Select[Any]:
    amount, vat = (func.coalesce(func.sum(refund_lines.c[name]), 0) for name in ("amount_minor", "vat_minor"))
    return (
        select(
            refunds.c.id,
            amount.label("expected_amount"),
            vat.label("expected_vat"),
            refunds.c.amount_minor.label("found_amount"),
            refunds.c.vat_minor.label("found_vat"),
        )
        .join(refund_lines, refund_lines.c.refund_id == refunds.c.id, isouter=True)
        .where(refunded(scope))
        .group_by(refunds.c.id)
        .having(or_(refunds.c.amount_minor != amount, refunds.c.vat_minor != vat))
    )


@rule(
    "line_refunds",
    "what a line says was refunded is what its refunds gave, and what so many pieces are worth",
)
def wrong_lines(scope: Scope) -> Select[Any]:
    """`money.first_pieces` in SQL: all amounts are positive, so `//` rounds down."""
    lines, back = order_lines.c, sums_of_lines()
    amount = PAID * lines.refunded // lines.quantity
    vat = case((PAID > 0, lines.vat_minor * amount // func.nullif(PAID, 0)), else_=0)
    given = {name: func.coalesce(back.c[name], 0) for name in ("quantity", "amount_minor", "vat_minor")}
    wrong = (
        select(
            lines.id,
            *(given[name].label(f"expected_{name}") for name in given),
            lines.refunded.label("found_quantity"),
            lines.refunded_minor.label("found_amount_minor"),
            lines.refunded_vat_minor.label("found_vat_minor"),
        )
        .join(back, back.c.line_id == lines.id, isouter=True)
        .where(
            or_(
                lines.refunded != given["quantity"],
                lines.refunded_minor != given["amount_minor"],
                lines.refunded_vat_minor != given["vat_minor"],
                lines.refunded_minor != amount,
                lines.refunded_vat_minor != vat,
            ),
        )
    )
    if scope.since is None:
        return wrong
    return wrong.join(orders, orders.c.id == lines.order_id).where(placed_or_refunded(scope))


@rule("order_refunds", "what an order says was refunded, was")
def wrong_remains(scope: Scope) -> Select[Any]:
    back = (
        select(refunds.c.order_id, func.sum(refunds.c.amount_minor).label("amount_minor"))
        .group_by(refunds.c.order_id)
        .subquery()
    )
    due = func.coalesce(back.c.amount_minor, 0)
    return (
        select(orders.c.id, due.label("expected"), orders.c.refunded_minor.label("found"))
        .join(back, back.c.order_id == orders.c.id, isouter=True)
        .where(orders.c.refunded_minor != due, placed_or_refunded(scope))
    )


@rule("refund_orphan", "a refund's posting has a refund")
def orphan_refunds(scope: Scope) -> Select[Any]:
    return orphans("refund", select(refunds.c.posting_id).where(refunded(scope)), "a refund", scope)


@rule("credit_note_gap", "a store's credit notes are numbered without gaps")
def credit_note_gaps(scope: Scope) -> Select[Any]:
    return gaps(scope, store_counters.c.credit_notes, refunds.c.number, refunds.c.at)


@rule("goods_sold", "what left the shelf is what orders hold")
def wrong_goods_sold(scope: Scope) -> Select[Any]:
    ordered = (
        select(*goods(orders.c.checkout_id, orders.c.store_id, order_lines.c.sku, order_lines.c.quantity))
        .join(order_lines, order_lines.c.order_id == orders.c.id)
        .where(placed(scope))
    )
    return unlike_moved(ordered, "sold", scope, sign=-1)


@rule("goods_returned", "what came back, to the shelf or to be thrown away, is what was refunded")
def wrong_goods_returned(scope: Scope) -> Select[Any]:
    return unlike_moved(goods_back("restock", "write_off", scope=scope), "returned", scope, sign=1)


@rule("goods_thrown_away", "what came back to be thrown away was")
def wrong_goods_thrown_away(scope: Scope) -> Select[Any]:
    """Staff write off other goods as well."""
    ours = plain(stock_movements.c.reference).in_(select(plain(refunds.c.id)).where(refunded(scope)))
    return unlike_moved(goods_back("write_off", scope=scope), "written_off", scope, sign=-1, only=ours)


@rule("stored_answer", "the stored answer to a payment names the checkout's order")
def wrong_answers(scope: Scope) -> Select[Any]:
    """They are kept for two days only. Each side first, for SQLite, which finds nothing else for an index."""
    lately = Scope(scope.now, scope.now - KEPT)
    route = literal("checkouts/").concat(plain(orders.c.checkout_id)).concat("/pay")
    paid = select(orders.c.id, route.label("route")).where(placed(lately)).cte().prefix_with("MATERIALIZED")
    payments = answers.c.route.startswith("checkouts/") & answers.c.route.endswith("/pay")
    given = (
        select(answers, func.replace(answers.c.route, "-", "").label("plain"))
        .where(answers.c.status == 201, payments)
        .cte()
        .prefix_with("MATERIALIZED")
    )
    return (
        select(given.c.owner, given.c.key, paid.c.id.label("expected"), given.c.body.label("found"))
        .join(paid, given.c.plain == paid.c.route)
        .where(~func.replace(given.c.body, "-", "").contains(plain(paid.c.id)))
    )


RULES = (
    wrong_checkouts,
    wrong_orders,
    wrong_discounts,
    wrong_coupons,
    kept_coupons,
    wrong_payments,
    orphan_payments,
    wrong_refunds,
    wrong_parts,
    wrong_lines,
    wrong_remains,
    orphan_refunds,
    credit_note_gaps,
    wrong_goods_sold,
    wrong_goods_returned,
    wrong_goods_thrown_away,
    wrong_answers,
)


def refunded(scope: Scope) -> ColumnElement[bool]:
    return scope.covers(refunds.c.id, refunds.c.at)


def placed_or_refunded(scope: Scope) -> ColumnElement[bool]:
    if scope.since is None:
        return true()
    back = select(refunds.c.order_id).where(refunded(scope))
    return orders.c.id.in_(select(orders.c.id).where(placed(scope)).union(back))


def sums_of_lines() -> Subquery:
    sums = (func.sum(refund_lines.c[name]).label(name) for name in ("quantity", "amount_minor", "vat_minor"))
    return select(refund_lines.c.line_id, *sums).group_by(refund_lines.c.line_id).subquery()


def goods(
    reference: ColumnElement[str], store_id: ColumnElement[str], sku: ColumnElement[str], pieces: Any
) -> tuple[ColumnElement[Any], ...]:
    """Pieces of something for something, as they should have moved."""
    return (
        plain(reference).label("reference"),
        store_id,
        sku,
        pieces.label("due"),
        literal(0).label("went"),
    )


def goods_back(*becomes: str, scope: Scope) -> Select[Any]:
    return (
        select(*goods(refunds.c.id, orders.c.store_id, order_lines.c.sku, refund_lines.c.quantity))
        .select_from(refunds)
        .join(orders, orders.c.id == refunds.c.order_id)
        .join(refund_lines, refund_lines.c.refund_id == refunds.c.id)
        .join(order_lines, order_lines.c.id == refund_lines.c.line_id)
        .where(refunds.c.goods.in_(becomes), refunded(scope))
    )


def unlike_moved(
    due: Select[Any], reason: str, scope: Scope, *, sign: int, only: ColumnElement[bool] | None = None
) -> Select[Any]:
    moves = stock_movements.c
    went = select(plain(moves.reference), moves.store_id, moves.sku, literal(0), sign * moves.delta).where(
        moves.reason == reason, scope.covers(moves.id, moves.at), true() if only is None else only
    )
    both = union_all(due, went).subquery()
    key = (both.c.reference, both.c.store_id, both.c.sku)
    return (
        select(*key, func.sum(both.c.due).label("expected"), func.sum(both.c.went).label("found"))
        .group_by(*key)
        .having(func.sum(both.c.due) != func.sum(both.c.went))
    )
