"""Prove from the tables that money, goods and orders agree."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from queue import SimpleQueue
from typing import Any

from backend.carts import checks as carts
from backend.checkout import card_checks
from backend.checkout import checks as checkout
from backend.db import checks as db
from backend.db.findings import Finding, Rule, Scope
from backend.db.transaction import Runner, Transaction
from backend.inventory import checks as inventory
from backend.ledger import cash_checks as cash
from backend.ledger import checks as ledger
from backend.orders import checks as orders
from backend.sales import checks as sales

ROOMS: dict[str, Sequence[Rule]] = {
    "ledger": (*ledger.RULES, *cash.RULES),
    "inventory": inventory.RULES,
    "carts": carts.RULES,
    "orders": orders.RULES,
    "checkout": (*checkout.RULES, *card_checks.RULES),
    "sales": sales.RULES,
    "db": db.RULES,
}
SQLITE_CACHE_KIB = 256 * 1024  # of each reader
READERS = min(4, os.cpu_count() or 1)
Ask = Callable[[Transaction, Scope], list[Finding]]


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
                f"       {one.rule}: {one.kind} {one.subject}: expected {one.expected}, found {one.found}"
                for one in found
            ]
        return lines


def reconcile(run: Runner, *, now: datetime, since: datetime | None = None) -> Report:
    """Reads one moment of the shop, so that one that is open does not look wrong; changes nothing."""
    with run.one_moment(READERS) as readers:
        return check_rooms(readers, Scope(now, since))


def check_rooms(readers: Sequence[Transaction], scope: Scope) -> Report:
    """A rule at a time on each reader."""
    free: SimpleQueue[Transaction] = SimpleQueue()
    for tx in readers:
        take_room(tx)
        free.put(tx)

    def ask(rule: Ask) -> list[Finding]:
        tx = free.get()
        try:
            return rule(tx, scope)
        finally:
            free.put(tx)

    asked: list[tuple[str, Ask]] = [(room, rule.ask) for room, rules in ROOMS.items() for rule in rules]
    asked.append(("db", db.audit_chain))
    report = Report({room: [] for room in ROOMS})
    with ThreadPoolExecutor(len(readers)) as pool:
        for (room, _), found in zip(asked, pool.map(ask, [rule for _, rule in asked]), strict=True):
            report.findings[room].extend(found)
    return report


def take_room(tx: Transaction) -> None:
    """Sums over every row of a year need more memory and time than a request is given."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
    else:
        tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
        tx.exec_driver_sql("SET LOCAL jit = off")  # it takes a second for a rule and saves less
        tx.exec_driver_sql("SET LOCAL work_mem = '128MB'")
