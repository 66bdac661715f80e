"""When a node says that it is ready."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from backend.api.app import create_app
from backend.wiring import Services


def test_a_node_that_is_to_stop_is_not_ready(services: Services) -> None:
    assert create_app(services).test_client().get("/readyz").status_code == 200
    leaving = create_app(services, leaving=lambda: True).test_client()
    assert leaving.get("/readyz").json["code"] == "draining"
    assert leaving.get("/healthz").status_code == 200


@pytest.mark.parametrize(("schema", "status"), [("0000", 503), ("9999", 200)])
def test_an_older_schema_is_not_served_and_a_newer_one_is(
    app: Flask, services: Services, schema: str, status: int
) -> None:
    services.run(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": schema}))
    assert app.test_client().get("/readyz").status_code == status
