# ruff: noqa: S608 - the statements are ours
"""A shop with years of trade behind it, made inside the database: `fill(engine, orders=1_000_000)`.

Row n of each table follows from n alone, so one statement makes a hundred thousand orders without a row of them in
Python's memory. What it makes passes reconcile. Carts hold no lines and nothing is reserved: all was bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import Connection, Engine, insert, text

from backend.clock import uuid7
from backend.db.events import store_counters
from backend.db.transaction import Runner
from backend.identity.tables import devices, shoppers
from backend.inventory.tables import prices, products, stock, stores
from backend.ledger.accounts import account_id
from backend.ledger.tables import accounts
from backend.operations.rollups import catch_up
from catalogue.gtin import restricted_gtin13

AT_ONCE = 50_000  # orders in a transaction
LINES = 3
RATES_BP = (1500, 500, 0)  # of an order's lines: each rate once, so that its VAT is that of the line
LEFT = 1_000  # pieces on each shelf
ZONES = ("Asia/Riyadh", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati")
KINDS = (("Fresh", "طازج"), ("Organic", "عضوي"), ("Roasted", "محمص"), ("Whole", "كامل"), ("Sweet", "حلو"))
GOODS = (
    ("Almonds", "لوز"), ("Bread", "خبز"), ("Cheese", "جبن"), ("Coffee", "قهوة"), ("Dates", "تمر"),
    ("Honey", "عسل"), ("Lentils", "عدس"), ("Milk", "حليب"), ("Olives", "زيتون"), ("Rice", "أرز"),
    ("Saffron", "زعفران"), ("Sugar", "سكر"), ("Tahini", "طحينة"), ("Tea", "شاي"), ("Water", "ماء"),
    ("Yogurt", "زبادي"),
)  # fmt: skip
NAMES = [(f"{a} {b}", f"{d} {c}") for (a, c), (b, d) in product(KINDS, GOODS)]


@dataclass(frozen=True)
class Trade:
    orders: int
    products: int = 999
    stores: int = 4
    shoppers: int = 2_000
    days: int = 365
    until: datetime = datetime(2026, 11, 20, tzinfo=UTC)

    @property
    def begin_ms(self) -> int:
        return int((self.until - timedelta(days=self.days)).timestamp() * 1000)

    @property
    def step_ms(self) -> int:
        return max(1, self.days * 86_400_000 // max(1, self.orders))


def fill(engine: Engine, trade: Trade) -> None:
    with engine.connect() as tx:
        trusting(tx)
        for statement, values in ground(tx, trade):
            tx.execute(statement, values)
        tx.commit()
        for first in range(0, trade.orders, AT_ONCE):
            last = min(first + AT_ONCE, trade.orders) - 1
            for statement in sales(tx.dialect.name, trade, first, last):
                make(tx, statement)
            tx.commit()
        for statement in balance(tx.dialect.name, trade):
            make(tx, statement)
        tx.commit()
        tx.exec_driver_sql("ANALYZE")
        tx.commit()
        believe_no_more(tx)
    catch_up(Runner(engine), now=trade.until + timedelta(days=2))


def make(tx: Connection, statement: str) -> None:
    """As it stands: psycopg would read a % as the begin of a placeholder."""
    tx.exec_driver_sql(statement.replace("%", "%%") if tx.dialect.name == "postgresql" else statement)


def trusting(tx: Connection) -> None:
    """Rows that agree by construction need no look at each; reconcile looks at them all."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SET session_replication_role = replica"))
        tx.execute(text("SET statement_timeout = 0"))
        tx.execute(text("SET synchronous_commit = off"))
        return
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -262144"):
        tx.exec_driver_sql(f"PRAGMA {pragma}")


def believe_no_more(tx: Connection) -> None:
    """The connection goes back to the pool as it came."""
    if tx.dialect.name == "postgresql":
        for name in ("session_replication_role", "statement_timeout", "synchronous_commit"):
            tx.execute(text(f"RESET {name}"))
        tx.commit()
        return
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "cache_size = -2000"):
        tx.exec_driver_sql(f"PRAGMA {pragma}")


def ground(tx: Connection, trade: Trade) -> Iterator[tuple[Any, Any]]:
    """Stores, goods and people; `fill_…` tables number them."""
    began = datetime.fromtimestamp(trade.begin_ms / 1000, UTC)
    store_ids = [numbered("1", n, began) for n in range(trade.stores)]
    people = [numbered("2", n, began) for n in range(trade.shoppers)]
    yield (
        insert(stores),
        [
            {
                "id": id_,
                "code": f"F{n}",
                "name_en": f"Store {n}",
                "name_ar": f"متجر {n}",
                "currency": "SAR",
                "timezone": ZONES[n % len(ZONES)],
            }
            for n, id_ in enumerate(store_ids)
        ],
    )
    yield (
        insert(store_counters),
        [
            {"store_id": id_, "events": count, "receipts": count}
            for n, id_ in enumerate(store_ids)
            for count in [len(range(n, trade.orders, trade.stores))]
        ],
    )
    yield insert(shoppers), [{"id": id_, "language": "en", "created_at": began} for id_ in people]
    yield (
        insert(devices),
        [
            {
                "id": device_of(n),
                "shopper_id": id_,
                "name": "phone",
                "jwk_enc": {},
                "jwk_sig": {},
                "created_at": began,
            }
            for n, id_ in enumerate(people)
        ],
    )
    yield insert(products), [product_row(n) for n in range(trade.products)]
    both = [{"store_id": id_, "sku": sku(n)} for id_ in store_ids for n in range(trade.products)]
    yield insert(stock), [{**key, "on_hand": LEFT, "reserved": 0} for key in both]
    yield (
        insert(prices),
        [
            {"store_id": id_, "sku": sku(n), "valid_from": began, "amount_minor": price(n)}
            for id_ in store_ids
            for n in range(trade.products)
        ],
    )
    kinds: list[tuple[str, str, int | None]] = [("wallet", id_, 0) for id_ in people]
    kinds += [(kind, id_, None) for id_ in store_ids for kind in ("cash", "sales", "vat")]
    yield (
        insert(accounts),
        [
            {
                "id": account_id(kind, owner, "SAR"),
                "kind": kind,
                "owner": owner,
                "currency": "SAR",
                "balance_minor": balance_minor,
            }
            for kind, owner, balance_minor in kinds
        ],
    )
    key = "uuid" if tx.dialect.name == "postgresql" else "text"
    yield text(f"CREATE TEMP TABLE fill_stores (n int, id {key}, code text, sales {key}, vat {key})"), {}
    yield text(f"CREATE TEMP TABLE fill_people (n int, id {key}, device text, wallet {key})"), {}

    def stored(id_: str) -> str:
        return id_ if key == "uuid" else id_.replace("-", "")

    yield (
        text("INSERT INTO fill_stores VALUES (:n, :id, :code, :sales, :vat)"),
        [
            {
                "n": n,
                "id": stored(id_),
                "code": f"F{n}",
                **{kind: stored(account_id(kind, id_, "SAR")) for kind in ("sales", "vat")},
            }
            for n, id_ in enumerate(store_ids)
        ],
    )
    yield (
        text("INSERT INTO fill_people VALUES (:n, :id, :device, :wallet)"),
        [
            {
                "n": n,
                "id": stored(id_),
                "device": device_of(n),
                "wallet": stored(account_id("wallet", id_, "SAR")),
            }
            for n, id_ in enumerate(people)
        ],
    )


def numbered(table: str, n: int, at: datetime) -> str:
    return uuid7(at, bytes([int(table) << 4]) + n.to_bytes(9, "big"))


def device_of(n: int) -> str:
    return f"filled-{n:036d}"


def sku(n: int) -> str:
    return f"F{n:06d}"


def price(n: int) -> int:
    return 100 + n % 50 * 25


def product_row(n: int) -> dict[str, Any]:
    name_en, name_ar = NAMES[n % len(NAMES)]
    return {
        "sku": sku(n),
        "gtin": restricted_gtin13(500_000 + n).zfill(14),
        "name_en": f"{name_en} {n}",
        "name_ar": f"{name_ar} {n}",
        "category_en": GOODS[n % len(GOODS)][0],
        "category_ar": GOODS[n % len(GOODS)][1],
        "vat_rate_bp": RATES_BP[n % LINES],
        "picture": None,
        "active": True,
    }


def sales(dialect: str, trade: Trade, first: int, last: int) -> Iterator[str]:
    """What `first` to `last` orders leave behind, a table at a time."""
    say = POSTGRESQL if dialect == "postgresql" else SQLITE
    at_ms = f"({trade.begin_ms} + i * {trade.step_ms})"
    at = say.time(at_ms)

    def key(table: int, part: str = "0") -> str:
        """A UUIDv7 of the order's time: `table` and `part` tell apart what is made at once."""
        return say.uuid(at_ms, f"{table:02x}", part)

    each = (
        f"{say.numbers(first, last)} JOIN fill_stores s ON s.n = i % {trade.stores} "
        f"JOIN fill_people p ON p.n = i % {trade.shoppers}"
    )
    third = trade.products // LINES
    line = (
        "SELECT i, k, sid, lat, quantity, unit, quantity * unit AS gross, rate, "
        "(2 * quantity * unit * rate + 10000 + rate) / (2 * (10000 + rate)) AS vat, sku FROM "
        f"(SELECT i, k, s.id AS sid, {at} AS lat, 1 + (i + k) % 3 AS quantity, "
        f"CASE k WHEN 0 THEN {RATES_BP[0]} WHEN 1 THEN {RATES_BP[1]} ELSE {RATES_BP[2]} END AS rate, "
        f"3 * ((i * 7 + k * 13) % {third}) + k AS g, "
        f"100 + (3 * ((i * 7 + k * 13) % {third}) + k) % 50 * 25 AS unit, "
        f"{say.sku(f'3 * ((i * 7 + k * 13) % {third}) + k')} AS sku "
        f"FROM {each} CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2) lines) each_line"
    )
    total = f"(SELECT i AS li, sum(gross) AS total, sum(vat) AS vat FROM ({line}) a GROUP BY i)"
    whole = f"{each} JOIN {total} t ON t.li = i"
    number = f"(i / {trade.stores} + 1)"
    yield (
        "INSERT INTO carts (id, store_id, shopper_id, state, extensions, created_at, expires_at) "
        f"SELECT {key(3)}, s.id, p.id, 'frozen', 0, {at}, {at} FROM {each}"
    )
    yield (
        "INSERT INTO checkouts (id, cart_id, shopper_id, device_id, store_id, store_code, channel, state, lines, "
        "total_minor, currency, cart_hash, evidence, created_at, expires_at, cart_expires_at) "
        f"SELECT {key(4)}, {key(3)}, p.id, p.device, s.id, s.code, 'phone', 'paid', '[]', t.total, 'SAR', '', '[]', "
        f"{at}, {at}, {at} FROM {whole}"
    )
    yield (
        "INSERT INTO orders (id, store_id, receipt_number, shopper_id, checkout_id, posting_id, total_minor, "
        "currency, state, pickup_tries, placed_at, changed_at) "
        f"SELECT {key(5)}, s.id, {number}, p.id, {key(4)}, {key(6)}, t.total, 'SAR', 'handed_over', 0, {at}, {at} "
        f"FROM {whole}"
    )
    yield (f"INSERT INTO order_steps (order_id, state, at) SELECT {key(5)}, 'handed_over', {at} FROM {each}")
    yield (
        "INSERT INTO order_lines (id, order_id, sku, name_en, name_ar, quantity, packed, unit_price_minor, "
        f"gross_minor, vat_rate_bp, vat_minor) SELECT {key(7, 'k')}, {key(5)}, sku, sku, sku, quantity, quantity, "
        f"unit, gross, rate, vat FROM ({line}) l"
    )
    yield (
        "INSERT INTO stock_movements (id, store_id, sku, delta, reason, reference, at) "
        f"SELECT {key(8, 'k')}, sid, sku, -quantity, 'sold', {say.text(key(4))}, lat FROM ({line}) l"
    )
    yield (
        "INSERT INTO postings (id, kind, reference, store_id, actor, at) "
        f"SELECT {key(6)}, 'payment', {say.text(key(4))}, s.id, 'shopper:filled', {at} FROM {each}"
    )
    for part, account, amount in (
        ("0", "p.wallet", "-t.total"),
        ("1", "s.sales", "t.total - t.vat"),
        ("2", "s.vat", "t.vat"),
    ):
        yield (
            "INSERT INTO entries (id, posting_id, account_id, amount_minor, currency) "
            f"SELECT {key(9, part)}, {key(6)}, {account}, {amount}, 'SAR' FROM {whole}"
        )
    yield (
        "INSERT INTO outbox (id, kind, shopper_id, store_id, event_id, subject, payload, created_at, available_at, "
        f"attempts, done_at) SELECT {key(10)}, 'payment.settled', p.id, s.id, {number}, {say.text(key(5))}, '{{}}', "
        f"{at}, {at}, 1, {at} FROM {each}"
    )


def balance(dialect: str, trade: Trade) -> Iterator[str]:
    """What was sold came in before, and what was paid was topped up."""
    say = POSTGRESQL if dialect == "postgresql" else SQLITE
    begin, at = str(trade.begin_ms), say.time(str(trade.begin_ms))
    yield (
        "INSERT INTO stock_movements (id, store_id, sku, delta, reason, reference, at) "
        f"SELECT {say.uuid(begin, '0b', '0', 'row_number() OVER ()')}, stock.store_id, stock.sku, "
        f"{LEFT} + coalesce(sold, 0), 'received', 'filled', {at} FROM stock LEFT JOIN (SELECT store_id, sku, "
        "-sum(delta) AS sold FROM stock_movements GROUP BY store_id, sku) gone "
        "ON gone.store_id = stock.store_id AND gone.sku = stock.sku WHERE stock.on_hand = "
        f"{LEFT} AND stock.store_id IN (SELECT id FROM fill_stores)"
    )
    posting = say.uuid(begin, "0c", "0", "p.n")
    yield (
        "INSERT INTO postings (id, kind, reference, store_id, actor, at) SELECT "
        f"{posting}, 'topup', {say.text('p.id')}, s.id, 'staff:filled', {at} FROM fill_people p "
        f"JOIN fill_stores s ON s.n = 0 WHERE p.n < {trade.orders}"
    )
    spent = (
        "fill_people p JOIN (SELECT account_id, -sum(amount_minor) AS spent FROM entries "
        "GROUP BY account_id) e ON e.account_id = p.wallet"
    )
    cash = "(SELECT accounts.id FROM accounts JOIN fill_stores f ON f.id = owner WHERE f.n = 0 AND kind = 'cash')"
    yield f"CREATE TEMP TABLE fill_spent AS SELECT p.n, p.wallet, e.spent FROM {spent}"
    for part, account, sign in (("0", "p.wallet", ""), ("1", cash, "-")):
        yield (
            "INSERT INTO entries (id, posting_id, account_id, amount_minor, currency) SELECT "
            f"{say.uuid(begin, '0d', part, 'p.n')}, {posting}, {account}, {sign}p.spent, 'SAR' FROM fill_spent p"
        )


class Postgresql:
    def numbers(self, first: int, last: int) -> str:
        return f"generate_series({first}::bigint, {last}::bigint) i"

    def time(self, ms: str) -> str:
        return f"(to_timestamp({ms} / 1000) + {ms} % 1000 * interval '1 ms')"

    def uuid(self, ms: str, table: str, part: str, number: str = "i") -> str:
        hexed = f"lpad(to_hex({ms}), 12, '0') || '70{table}' || '800' || ({part})::text"
        return f"({hexed} || lpad(to_hex(({number})::bigint), 12, '0'))::uuid"

    def text(self, id_: str) -> str:
        return f"{id_}::text"

    def sku(self, number: str) -> str:
        return f"'F' || lpad(({number})::text, 6, '0')"


class Sqlite:
    def numbers(self, first: int, last: int) -> str:
        counted = f"WITH RECURSIVE c(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM c WHERE i < {last})"
        return f"({counted} SELECT i FROM c) numbers"

    def time(self, ms: str) -> str:
        return f"strftime('%Y-%m-%d %H:%M:%f000', {ms} / 1000.0, 'unixepoch')"

    def uuid(self, ms: str, table: str, part: str, number: str = "i") -> str:
        return f"printf('%012x70{table}800%d%012x', {ms}, {part}, {number})"

    def text(self, id_: str) -> str:
        cuts = ", ".join(
            f"substr({id_}, {at}, {n})" for at, n in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        )
        return f"printf('%s-%s-%s-%s-%s', {cuts})"

    def sku(self, number: str) -> str:
        return f"printf('F%06d', {number})"


POSTGRESQL, SQLITE = Postgresql(), Sqlite()
