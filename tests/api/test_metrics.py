"""Figures for Prometheus."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import text

from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.wiring import Services


def figure(app: Flask, name: str) -> float:
    body = app.test_client().get("/metrics").text
    return float(re.findall(rf"^{re.escape(name)} (\S+)$", body, re.MULTILINE)[0])


def test_figures_name_the_route_and_never_an_id(app: Flask) -> None:
    client = app.test_client()
    count = 'smartpay_request_seconds_count{method="GET",route="/v1/products/<sku>",status="404"}'
    client.get("/v1/products/SECRET-1")
    before = figure(app, count)
    client.get("/v1/products/SECRET-2")
    assert figure(app, count) == before + 1
    client.get("/nowhere/SECRET-3")
    assert figure(app, 'smartpay_request_seconds_count{method="GET",route="",status="404"}') >= 1
    assert "SECRET" not in client.get("/metrics").text


def test_a_worker_that_stands_still_shows(app: Flask, services: Services) -> None:
    assert figure(app, "smartpay_deliveries_due") == 0
    now = services.clock.now()
    happening = Happening(services.ids.uuid7(), Kind.PAYMENT_SETTLED, "nobody")
    services.run(lambda tx: outbox.add(tx, [happening], now=now))
    services.clock.move(minutes=3)  # type: ignore[attr-defined]
    assert figure(app, "smartpay_deliveries_due") == 1
    assert figure(app, "smartpay_deliveries_overdue_seconds") == 180
    ready = app.test_client().get("/readyz").json
    assert ready["deliveries"] == {"due": 1, "overdue_s": 180.0}


def test_a_database_that_is_away_leaves_the_other_figures(app: Flask, services: Services) -> None:
    services.run(lambda tx: tx.execute(text("ALTER TABLE outbox RENAME TO gone")))
    assert figure(app, "smartpay_database_up") == 0


def test_transactions_that_were_run_again_are_counted(app: Flask, services: Services) -> None:
    services.run.retries["deadlock of a test"] += 2
    app.test_client().get("/healthz")
    assert figure(app, 'smartpay_transaction_retries_total{obstacle="deadlock of a test"}') == 2
