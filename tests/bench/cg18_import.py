"""100,000 products from a file, every line looked at, against the database's own way of taking rows."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import psycopg

from backend.operations.import_catalogue import import_file
from catalogue.gtin import restricted_gtin13
from tests.bench.figure import Figure, Goal, alternate, bench, seconds
from tests.bench.ground import Ground
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES

TABLES = ("products", "prices", "stock", "stock_movements")
MB = 1024 * 1024
FIRST = 5_000_000  # of the numbers given to these goods, beyond those of a test shelf
HEADER = "sku,gtin,name_en,name_ar,category_en,category_ar,price_minor,currency,vat_rate_bp,picture,stock:R1"


@bench("CG18", "100,000 products from a file", *DATABASES)
def cg18(ground: Ground, database: str) -> Iterator[Figure]:
    several, turns = ground.of(1_000, 100_000), count()

    def ours() -> float:
        with ground.fleet(database, servers=0, workers=0) as fleet:
            fleet.store()
            taken = seconds(lambda: take(fleet, file(several, next(turns))))
            rows.update(read(fleet))
            return taken

    def bare() -> float:
        with ground.fleet(database, servers=0, workers=0) as fleet:
            store = fleet.store().store.id
            given = {table: swap(columns, lines, store) for table, (columns, lines) in rows.items()}
            return seconds(lambda: write(fleet, given))

    rows: dict[str, Rows] = {}
    pair = alternate(ours, bare, rounds=ground.of(1, 3))
    with ground.fleet(database, servers=0, workers=0) as fleet:
        fleet.store()
        content = file(several, next(turns))
        tracemalloc.start()
        take(fleet, content)
        peak_mb = tracemalloc.get_traced_memory()[1] / MB
        tracemalloc.stop()
    yield Figure(
        f"CG18 {database}",
        pair.ours,
        "s",
        pair.reference,
        "COPY of the rows that came of it"
        if database == "postgresql"
        else "executemany of the rows that came of it",
        Goal(6, 3, most=True),
        pair.spread,
        f"{several:,} lines, {len(content) / MB:.0f} MB; {peak_mb:.0f} MB of Python's memory at the peak",
    )


Rows = tuple[list[str], list[tuple[object, ...]]]


def file(several: int, turn: int, *, pieces: int = 50) -> bytes:
    lines = [HEADER]
    for number in range(several):
        gtin = restricted_gtin13(FIRST + number)
        lines.append(
            f"SKU-{number},{gtin},Rice {number} of {turn},أرز {number},Dry goods,مواد جافة,"
            f"{100 + number % 90_000},SAR,1500,,{pieces}"
        )
    return "\n".join([*lines, ""]).encode()


def take(fleet: Fleet, content: bytes) -> None:
    at = fleet.services
    import_file(at.run, content, ids=at.ids, now=at.clock.now())


def read(fleet: Fleet) -> dict[str, Rows]:
    """As the driver gives them: what it gives it takes."""
    found: dict[str, Rows] = {}
    with fleet.engine.connect() as connection:
        for table in TABLES:
            cursor = connection.connection.cursor()
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
            assert cursor.description
            found[table] = (
                [column[0] for column in cursor.description],
                [tuple(row) for row in cursor.fetchall()],
            )
    return found


def swap(columns: list[str], lines: list[tuple[object, ...]], store: str) -> Rows:
    """The same rows for this database's store."""
    if "store_id" not in columns:
        return columns, lines
    at = columns.index("store_id")
    known = store.replace("-", "") if lines and "-" not in str(lines[0][at]) else store
    return columns, [(*line[:at], known, *line[at + 1 :]) for line in lines]


def write(fleet: Fleet, rows: dict[str, Rows]) -> None:
    if fleet.database == "sqlite":
        with closing(sqlite3.connect(fleet.settings.main_url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            for table, (columns, lines) in rows.items():
                marks = ", ".join("?" * len(columns))
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
                    lines,
                )
            connection.commit()
        return
    with psycopg.connect(fleet.settings.main_url) as connection:
        for table, (columns, lines) in rows.items():
            with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
