"""Log lines and ids of requests."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from flask import Flask

from backend.api.app import create_app
from backend.telemetry import JsonLines
from backend.wiring import Services


def test_a_request_leaves_one_line_with_its_id(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "access")
    answer = app.test_client().get("/v1/products/SECRET-1", headers={"X-Request-Id": "a" * 16})
    (record,) = [one for one in caplog.records if one.name == "access"]
    line = JsonLines().format(record)
    assert '"route": "/v1/products/<sku>"' in line
    assert '"status": 404' in line
    assert "SECRET" not in line
    assert answer.json["request_id"] == answer.headers["X-Request-Id"] != "a" * 16


@pytest.mark.parametrize(
    ("given", "kept"), [("0" * 32, True), ("0" * 200, False), ("forged", False), ("", False)]
)
def test_an_id_is_taken_from_a_proxy_of_ours(services: Services, given: str, kept: bool) -> None:
    behind = create_app(replace(services, settings=replace(services.settings, trusted_proxies=1)))
    answer = behind.test_client().get("/healthz", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) == kept
