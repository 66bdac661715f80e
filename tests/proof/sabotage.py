"""What each control breaks, in the nodes and the database of a scratch fleet only.

A proof that cannot fail proves nothing, so each one also runs in a shop whose guard is taken out, and must find it.
Guards that stand in SQL are taken out of the SQL itself, wherever in the code it is written; in a scratch fleet
CHECKs do not count either, since they are the guard behind the guard.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Timer
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, event, text

from backend.checkout import refunds
from backend.clock import SystemClock
from backend.db.idempotency import Answer, Once, finish
from backend.db.transaction import Runner, Transaction, engine_for, keys_engine_for
from backend.messages.ports import Reply
from backend.messages.webhook_delivery import send
from backend.money import GrossLine
from backend.operations import import_catalogue
from backend.orders.order import OrderLine
from backend.settings import Settings

LATER_S = 0.05


@dataclass(frozen=True)
class Rewrite:
    """Every statement in which `pattern` is found runs with `replacement` in its place."""

    pattern: str
    replacement: str
    pause_s: float = 0.0  # before it: opens the window in which others may come


@dataclass(frozen=True)
class Replaced:
    """A function, by "module:name", in whose place another is called."""

    place: str
    by: Callable[..., Any]


class Torn:
    """Reads each table at another moment."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self, work: Callable[[Connection], Any]) -> Any:
        event.listen(self.engine, "before_cursor_execute", lambda *_: time.sleep(0.01))
        with self.engine.connect() as connection:
            return work(connection)  # SQLite without BEGIN, PostgreSQL in READ COMMITTED


@contextmanager
def torn_snapshot(settings: Settings, history: str) -> Iterator[Torn]:
    main = history == "main"
    engine = engine_for(settings.main_url) if main else keys_engine_for(settings.keys_url)
    yield Torn(engine)
    engine.dispose()


def uncapped(line: OrderLine, pieces: int) -> refunds.Part:
    """So many pieces' worth, however many are left."""
    return refunds.Part(line, pieces, line.paid_minor * pieces // line.quantity, 0)


def truncated_vat(lines: Sequence[GrossLine]) -> list[int]:
    return [line.gross_minor * line.vat_rate_bp // (10_000 + line.vat_rate_bp) for line in lines]


def keep_later(tx: Transaction, once: Once, answer: Answer) -> None:
    run = Runner(tx.engine)
    Timer(LATER_S, lambda: run(lambda later: finish(later, once, answer))).start()


write_products = import_catalogue._write_products


def products_first(tx: Transaction, *given: Any) -> None:
    """In a transaction of their own; prices and stock come in another."""
    write_products(tx, *given)
    tx.exec_driver_sql("COMMIT")
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("BEGIN IMMEDIATE")


def send_later(*args: Any, **given: Any) -> Reply:
    """A kill between the two loses what was to be sent."""
    Timer(LATER_S, send, args, given).start()
    return Reply(200)


SABOTAGES: dict[str, tuple[Rewrite | Replaced, ...]] = {
    "no_checks": (),  # nothing more than what a scratch fleet is without
    "days_of_greenwich": (Replaced("backend.sales.days:ZoneInfo", lambda _name: ZoneInfo("UTC")),),
    "unconditional_take": (  # pieces are reserved whether or not they are there
        Rewrite(r"(on_hand - (?:\w+\.)?reserved >= )(\S+)", r"\1-1000000 + \2", pause_s=0.005),
    ),
    "unordered_locks": (  # stock rows in any order; SQLite reads before it takes its lock
        Rewrite(r"ORDER BY (?:\w+\.)?sku(\s+)FOR UPDATE", r"ORDER BY random()\1FOR UPDATE"),
        Rewrite(r"BEGIN IMMEDIATE", "BEGIN"),
    ),
    "killed_not_drained": (),  # the proof itself ends nodes the hard way
    "careless_copy": (),  # the proof itself loses a rule of the tables
    "torn_backup": (Replaced("backend.operations.backup:snapshot", torn_snapshot),),
    "expiry_by_sweep_only": (  # a hold that ran out counts until somebody put it away
        Rewrite(r"(?=reservations\.expires_at <= )", "1 = 0 AND "),
    ),
    "answer_after_commit": (  # a kill between the two loses the answer
        Replaced("backend.db.idempotency:finish", keep_later),
    ),
    "machine_clock": (Replaced("backend.wiring:steady_clock", lambda _run, **_: SystemClock()),),
    "deferred_begin": (
        Rewrite(r"BEGIN IMMEDIATE", "BEGIN"),
    ),  # writers read first, and find that others wrote
    "no_idempotency": (  # no key is looked at, no answer kept
        Replaced("backend.db.idempotency:claim", lambda _tx, _once, **_: None),
        Replaced("backend.db.idempotency:finish", lambda _tx, _once, _answer: None),
    ),
    "uncapped_refund": (Replaced("backend.checkout.refunds:_part", uncapped),),
    "claim_for_all": (Replaced("backend.orders.packing:is_claimed", lambda _order, _now: False),),
    "endless_uses": (  # of a voucher or a coupon, taken whether or not one is left
        Rewrite(r"(?:\w+\.)?uses < (?:\w+\.)?uses_max", "1 = 1", pause_s=0.005),
    ),
    "products_first": (Replaced("backend.operations.import_catalogue:_write_products", products_first),),
    "skipped_numbers": (  # a counter that is advanced and never read: a number is missing
        Rewrite(
            r"receipts=\((?:store_counters\.)?receipts \+ (\S+?)\)",
            r"receipts=(store_counters.receipts + 2 * \1)",
        ),
    ),
    "state_falls": (  # a card payment comes to any state from any other
        Rewrite(r"(?s)(UPDATE card_payments SET .*gateway_ref.*)card_payments\.state IN", r"\1'pending' IN"),
    ),
    "marked_before_sent": (Replaced("backend.messages.webhook_delivery:send", send_later),),
    "truncated_vat": (  # line by line and rounded down
        Replaced("backend.carts.cart:vat_per_line", truncated_vat),
    ),
    "characters_for_bytes": (  # the length of the seller's name
        Replaced(
            "backend.orders.einvoice:_tagged", lambda tag, value: bytes((tag, len(value.decode()))) + value
        ),
    ),
}


class Switch:
    """In a node: which sabotage is on, as a file says that the fleet writes."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def on(self) -> tuple[Rewrite | Replaced, ...]:
        name = self.file.read_text()
        return SABOTAGES[name] if name else ()

    def install(self) -> None:
        """Before the node serves."""
        event.listen(Engine, "connect", ignore_checks)
        event.listen(Engine, "before_cursor_execute", self.rewrite, retval=True)
        for acts in SABOTAGES.values():
            for act in acts:
                if isinstance(act, Replaced):
                    self.replace(act)

    def rewrite(self, _connection: Any, _cursor: Any, statement: str, *rest: Any) -> tuple[str, Any]:
        return rewritten(statement, self.on()), rest[0]

    def replace(self, act: Replaced) -> None:
        module, _, name = act.place.partition(":")
        real = getattr(import_module(module), name)

        def either(*args: Any, **given: Any) -> Any:
            return (act.by if act in self.on() else real)(*args, **given)

        setattr(import_module(module), name, either)


def rewritten(statement: str, acts: Sequence[Rewrite | Replaced]) -> str:
    for act in acts:
        if isinstance(act, Rewrite) and re.search(act.pattern, statement):
            time.sleep(act.pause_s)
            statement = re.sub(act.pattern, act.replacement, statement)
    return statement


@contextmanager
def here(name: str) -> Iterator[None]:
    """One of SABOTAGES in this process, for a proof that moves the clock; "" for none."""
    acts = SABOTAGES[name] if name else ()

    def rewrite(_connection: Any, _cursor: Any, statement: str, *rest: Any) -> tuple[str, Any]:
        return rewritten(statement, acts), rest[0]

    event.listen(Engine, "before_cursor_execute", rewrite, retval=True)
    try:
        with ExitStack() as replaced:
            for act in acts:
                if isinstance(act, Replaced):
                    replaced.enter_context(patch(act.place.replace(":", "."), act.by))
            yield
    finally:
        event.remove(Engine, "before_cursor_execute", rewrite)


def ignore_checks(connection: Any, _entry: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA ignore_check_constraints = ON")


def drop_checks(connection: Connection) -> None:
    """PostgreSQL has no other way to leave them out."""
    if connection.dialect.name == "postgresql":
        checks = text(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
        )
        for table, name in connection.execute(checks).all():
            connection.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
