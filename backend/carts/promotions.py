"""Promotions as staff make them, and as the statement that reads a cart brings them along."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    ScalarSelect,
    and_,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from backend.carts.discounts import Kind, Promotion
from backend.carts.tables import cart_coupons, coupons, promotions
from backend.clock import Ids
from backend.db import audit
from backend.db.schema import Json
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.inventory.tables import products

EVERYWHERE = promotions.c.store_id.is_(None)


class json_rows(FunctionElement[Any]):  # noqa: N801 - an SQL function
    """All rows as one JSON array of objects, from names and columns by turns."""

    type = Json
    inherit_cache = True


@compiles(json_rows, "sqlite")
def _for_sqlite(element: json_rows, compiler: SQLCompiler, **given: Any) -> str:
    return f"json_group_array(json_object({compiler.process(element.clauses, **given)}))"


@compiles(json_rows, "postgresql")
def _for_postgresql(element: json_rows, compiler: SQLCompiler, **given: Any) -> str:
    return f"jsonb_agg(jsonb_build_object({compiler.process(element.clauses, **given)}))"


def running(*, store: Column[Any], cart: ColumnElement[Any], now: Any) -> ScalarSelect[Any]:
    """What runs in that store now, and what the cart's coupon opens; read it with `from_json`."""
    p = promotions.c
    opened = (
        select(coupons.c.promotion_id)
        .join(cart_coupons, cart_coupons.c.coupon_id == coupons.c.id)
        .where(cart_coupons.c.cart_id == cart)
        .correlate_except(cart_coupons, coupons)
    )
    names: list[ColumnElement[Any]] = [literal_column(f"'{name}'") for name in Promotion.__slots__]
    values = [p[name] for name in Promotion.__slots__]
    return (
        select(json_rows(*chain.from_iterable(zip(names, values, strict=True))))
        .where(_runs_in(store, now), or_(~p.needs_coupon, p.id.in_(opened)))
        .scalar_subquery()
    )


def _runs_in(store: Any, now: Any) -> ColumnElement[bool]:
    p = promotions.c
    in_time = and_(p.active, p.valid_from <= now, or_(p.valid_to.is_(None), p.valid_to > now))
    return and_(in_time, or_(EVERYWHERE, p.store_id == store))


def code_of(*, cart: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Of the cart's coupon."""
    return (
        select(coupons.c.code)
        .join(cart_coupons, cart_coupons.c.coupon_id == coupons.c.id)
        .where(cart_coupons.c.cart_id == cart)
        .correlate_except(cart_coupons, coupons)
        .scalar_subquery()
    )


def from_json(rows: Sequence[Mapping[str, Any]] | None) -> tuple[Promotion, ...]:
    return tuple(_promotion(row) for row in rows or ())


def _promotion(row: Mapping[str, Any]) -> Promotion:
    """SQLite writes an id without hyphens, a truth as a number and an object as its text."""
    bundle = row["bundle"]
    told: dict[str, Any] = {"id": str(UUID(row["id"])), "needs_coupon": bool(row["needs_coupon"])}
    told["bundle"] = json.loads(bundle) if isinstance(bundle, str) else bundle
    return Promotion(**{**row, **told})


@dataclass(frozen=True, slots=True)
class NewPromotion:
    store_id: str | None  # None: every store
    kind: Kind
    name_en: str
    name_ar: str
    sku: str | None
    category_en: str | None
    percent_bp: int | None
    amount_minor: int | None
    bundle: Mapping[str, int] | None
    take: int | None
    pay: int | None
    needs_coupon: bool
    valid_from: datetime
    valid_to: datetime | None

    @property
    def skus(self) -> set[str]:
        """Products that it names."""
        return set(self.bundle or ()) | ({self.sku} if self.sku is not None else set())


@dataclass(frozen=True, slots=True)
class Coupon:
    id: str
    code: str
    uses: int
    uses_max: int
    per_shopper_max: int


@dataclass(frozen=True, slots=True)
class Listed(NewPromotion):
    id: str
    active: bool
    coupons: tuple[Coupon, ...] = ()

    def state(self, now: datetime) -> Literal["planned", "running", "over", "ended"]:
        """ended: by staff; over: in time."""
        if not self.active:
            return "ended"
        if self.valid_from > now:
            return "planned"
        return "over" if self.valid_to is not None and self.valid_to <= now else "running"


def create(tx: Transaction, new: NewPromotion, *, staff: StaffMember, ids: Ids, now: datetime) -> str:
    """Its id. Raises Refusal product_unknown."""
    known = select(products.c.sku).where(products.c.sku.in_(sorted(new.skus)))
    if unknown := new.skus - set(tx.execute(known).scalars()):
        raise Refusal("product_unknown", sku=min(unknown))
    promotion_id = ids.uuid7()
    tx.execute(insert(promotions).values(id=promotion_id, active=True, **asdict(new)))
    _note(tx, "promotion.created", promotion_id, staff=staff, ids=ids, now=now)
    return promotion_id


def end(tx: Transaction, promotion_id: str, *, staff: StaffMember, ids: Ids, now: datetime) -> None:
    """Raises Refusal promotion_not_found, also for a store where this member of staff does not work."""
    theirs = and_(promotions.c.id == promotion_id, _of(staff))
    if tx.execute(update(promotions).where(theirs).values(active=False)).rowcount != 1:
        raise Refusal("promotion_not_found")
    _note(tx, "promotion.ended", promotion_id, staff=staff, ids=ids, now=now)


def every(tx: Transaction, *, staff: StaffMember) -> list[Listed]:
    """What runs in their stores, also what only administrators may end; the newest first, each with its coupons."""
    there = or_(_in_stores_of(staff), EVERYWHERE)
    rows = tx.execute(select(promotions).where(there).order_by(promotions.c.id.desc())).mappings().all()
    of: dict[str, list[Coupon]] = {row["id"]: [] for row in rows}
    columns = [coupons.c[name] for name in Coupon.__slots__]
    issued = select(coupons.c.promotion_id, *columns).join(promotions).where(there)
    for promotion_id, *facts in tx.execute(issued.order_by(coupons.c.code)):
        of[promotion_id].append(Coupon(*facts))
    return [Listed(**row, coupons=tuple(of[row["id"]])) for row in rows]


def offered(tx: Transaction, store_id: str, *, now: datetime) -> list[Listed]:
    """What anybody can use in that store now, without a coupon; the newest first."""
    open_to_all = select(promotions).where(_runs_in(store_id, now), ~promotions.c.needs_coupon)
    return [Listed(**row) for row in tx.execute(open_to_all.order_by(promotions.c.id.desc())).mappings()]


@dataclass(frozen=True, slots=True)
class NewCoupon:
    promotion_id: str
    code: str
    uses_max: int
    per_shopper_max: int


def issue(tx: Transaction, new: NewCoupon, *, staff: StaffMember, ids: Ids, now: datetime) -> str:
    """Its id. Raises Refusal promotion_not_found, coupon_exists."""
    of = select(promotions.c.id).where(
        promotions.c.id == new.promotion_id, promotions.c.needs_coupon, _of(staff)
    )
    if tx.execute(of.with_for_update()).first() is None:
        raise Refusal("promotion_not_found")
    if tx.execute(select(coupons.c.id).where(coupons.c.code == new.code)).first():
        raise Refusal("coupon_exists")
    coupon_id = ids.uuid7()
    tx.execute(insert(coupons).values(id=coupon_id, uses=0, **asdict(new)))
    _note(tx, "coupon.issued", coupon_id, staff=staff, ids=ids, now=now)
    return coupon_id


def _of(staff: StaffMember) -> ColumnElement[bool]:
    """What they may change: that of their stores; what runs everywhere belongs to administrators."""
    here = _in_stores_of(staff)
    return or_(here, EVERYWHERE) if staff.role == "administrator" else here


def _in_stores_of(staff: StaffMember) -> ColumnElement[bool]:
    return promotions.c.store_id.in_(sorted(staff.store_ids))


def _note(tx: Transaction, action: str, subject: str, *, staff: StaffMember, ids: Ids, now: datetime) -> None:
    audit.record(tx, entry_id=ids.uuid7(), at=now, actor=f"staff:{staff.id}", action=action, subject=subject)
