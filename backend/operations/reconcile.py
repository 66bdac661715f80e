"""Prove from the tables that money, goods and orders agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from backend.carts import checks as carts
from backend.checkout import checks as checkout
from backend.db import checks as db
from backend.db.findings import Finding
from backend.db.transaction import Runner, Transaction
from backend.inventory import checks as inventory
from backend.ledger import checks as ledger
from backend.orders import checks as orders

ROOMS: dict[str, Callable[[Transaction], list[Finding]]] = {
    "ledger": ledger.check,
    "inventory": inventory.check,
    "carts": carts.check,
    "orders": orders.check,
    "checkout": checkout.check,
}


@dataclass(frozen=True, slots=True)
class Report:
    findings: dict[str, list[Finding]]  # by room, also those without one

    @property
    def ok(self) -> bool:
        return not any(self.findings.values())

    def to_json(self) -> dict[str, Any]:
        rooms = {room: [asdict(finding) for finding in found] for room, found in self.findings.items()}
        return {"ok": self.ok, "rooms": rooms}

    def to_lines(self) -> list[str]:
        lines = []
        for room, found in self.findings.items():
            lines.append(f"{'ok' if not found else 'WRONG':<6} {room}")
            lines += [
                f"       {one.rule}: {one.subject}: expected {one.expected}, found {one.found}"
                for one in found
            ]
        return lines


def reconcile(run: Runner, *, now: datetime) -> Report:
    """Reads one snapshot, so a shop that is open does not look wrong; changes nothing."""
    return run.read(lambda tx: check_rooms(tx, now=now))


def check_rooms(tx: Transaction, *, now: datetime) -> Report:
    found = {room: check(tx) for room, check in ROOMS.items()}
    return Report(found | {"db": db.check(tx, now=now)})
