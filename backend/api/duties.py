"""Which role has which duty in a store; the API and the staff pages ask here."""

from __future__ import annotations

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.inventory import stores
from backend.inventory.stores import Store

PACK = ("packer", "manager", "administrator")
HAND_OVER = ("packer", "cashier", "manager", "administrator")  # also: see the queue, record a mismatch
RELEASE = ("manager", "administrator")  # an order that another packs
REFUND = ("cashier", "manager", "administrator")
TOP_UP = ("cashier", "manager", "administrator")
CASH_OUT = ("cashier", "manager", "administrator")  # vouchers and payouts
CLOSE = ("manager", "administrator")  # the till, at the end of a day
FIGURES = ("manager", "administrator")  # sales and their files
STOCK = ("manager", "administrator")
EVERY_STORE = ("administrator",)  # what counts in all of them
INTEGRATE = ("administrator",)  # where other systems are told what happens
ANYBODY = ("packer", "cashier", "manager", "administrator")


def store_of(tx: Transaction, member: StaffMember, code: str) -> Store:
    """Raises Refusal store_unknown, also for a store where this member of staff does not work."""
    store = stores.by_code(tx, code)
    if store.id not in member.store_ids:
        raise Refusal("store_unknown")
    return store


def stores_of(tx: Transaction, member: StaffMember) -> list[Store]:
    return [store for store in stores.every(tx) if store.id in member.store_ids]
