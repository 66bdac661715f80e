"""A scan written by hand: Flask, Ed25519, the driver, the texts of our own statements, and not one check besides.

No session is looked up, no limit held, nothing tried again; SQLite and PostgreSQL as durable as ours.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask, Response, request
from psycopg.rows import dict_row
from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from backend.carts import cart, piece
from backend.carts.scan import _situation
from backend.clock import SystemIds
from backend.db.transaction import prepare_sqlite
from catalogue.labels import VerifyingKey, read_label

HELD = timedelta(minutes=15)
BEGIN_CART = (
    "INSERT INTO carts (id, store_id, shopper_id, state, extensions, created_at, expires_at) "
    "VALUES ({id}, {store}, {shopper}, 'open', 0, {now}, {until})"
)


class Written:
    """A statement as text for a driver, with the values that stand in it."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql, self.fixed = str(compiled), dict(compiled.params)


def scan(app: Flask, *, url: str, key_id: str, key: str, host: str) -> None:
    """key: the public key of labels, in hex, and its id; `X-Shopper` says whose cart it is."""
    postgresql = url.startswith("postgresql")
    dialect: Dialect = SQLiteDialect_pysqlite(paramstyle="named")
    if postgresql:
        dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy gives its __init__ no types
    name = "postgresql" if postgresql else "sqlite"
    written = {
        "look": Written(_situation(name), dialect),
        "lines": Written(cart.LINES, dialect),
        "put": Written(piece.PUT, dialect),
        "take": Written(piece.TAKE, dialect),
        "note": Written(piece.NOTE, dialect),
    }
    names = ("id", "store", "shopper", "now", "until")
    begin = BEGIN_CART.format(**{n: f"%({n})s" if postgresql else f":{n}" for n in names})
    signed = VerifyingKey(Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)), retired=False)
    own, ids = threading.local(), SystemIds()
    turn: AbstractContextManager[Any] = nullcontext() if postgresql else Lock()

    def connection() -> Any:
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(url, row_factory=dict_row) if postgresql else open_sqlite(url)
        return own.connection

    @app.post("/v1/scans")
    def view() -> Response:
        body = request.get_json()
        given = request.headers["X-Shopper"]
        label = read_label(body["code"], host=host, keys={key_id: signed})
        now = datetime.now(UTC)
        at, until = (now, now + HELD) if postgresql else (as_text(now), as_text(now + HELD))
        shopper = given if postgresql else given.replace("-", "")

        def new_id() -> str:
            return ids.uuid7() if postgresql else ids.uuid7().replace("-", "")

        with turn:
            link = connection()
            if not postgresql:
                link.execute("BEGIN IMMEDIATE")

            def run(which: str, **values: object) -> list[Any]:
                one = written[which]
                cursor = link.execute(one.sql, one.fixed | values)
                return cursor.fetchall() if cursor.description else []

            [seen] = run(
                "look",
                shopper=shopper,
                scan=body["scan_id"],
                store_code=label.store_code,
                named=label.gtin,
                until=until,
                now=at,
            )
            cart_id, held = seen["cart_id"], []
            if cart_id:
                held = run("lines", cart=cart_id, store=seen["store_id"], now=at)
            else:
                cart_id = new_id()
                link.execute(
                    begin,
                    {"id": cart_id, "store": seen["store_id"], "shopper": shopper, "now": at, "until": until},
                )
            same = [line for line in held if line["sku"] == seen["sku"]]
            piece_of = {
                "shopper_id": shopper,
                "scan_id": body["scan_id"],
                "cart_id": cart_id,
                "store_id": seen["store_id"],
                "sku": seen["sku"],
                "line_id": same[0]["id"] if same else new_id(),
                "unit_price_minor": seen["price_minor"],
                "vat_rate_bp": seen["vat_rate_bp"],
                "held_until": until,
                "now": at,
            }
            if postgresql:
                run("put", **piece_of)
            else:
                run("take", **piece_of)
                run("note", **piece_of)
            link.commit()
        lines = [dict(line) for line in held]
        return Response(json.dumps({"cart": str(cart_id), "lines": lines}, default=str), 201)


def open_sqlite(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), check_same_thread=False)
    connection.row_factory = sqlite3.Row
    prepare_sqlite(connection, None)
    return connection


def as_text(moment: datetime) -> str:
    """As SQLAlchemy stores it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")
