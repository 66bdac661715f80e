"""How much one network may ask in a minute."""

from __future__ import annotations

from dataclasses import replace

from backend.adapters.redis_counts import InRedis
from backend.api.app import create_app
from backend.wiring import Services
from tests.api.test_metrics import figure


def test_one_network_may_ask_so_often_in_a_minute(services: Services) -> None:
    bounded = replace(services.settings, requests_per_minute_max=3, trusted_proxies=1)
    client = create_app(replace(services, settings=bounded)).test_client()

    def ask(address: str) -> int:
        return client.get("/v1/stores", headers={"X-Forwarded-For": address}).status_code

    assert [ask(f"192.0.2.{last}") for last in (1, 2, 3, 4)] == [200, 200, 200, 429]
    assert ask("198.51.100.1") == 200
    assert client.get("/readyz", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200
    services.clock.move(minutes=1)  # type: ignore[attr-defined]
    assert ask("192.0.2.1") == 200


def test_without_its_redis_everybody_may(services: Services, tmp_path: object) -> None:
    gone = InRedis(f"unix://{tmp_path}/nobody")
    bounded = replace(services.settings, requests_per_minute_max=1)
    client = create_app(replace(services, settings=bounded, request_counts=gone)).test_client()
    before = figure(client.application, "smartpay_uncounted_requests_total")
    assert [client.get("/v1/stores").status_code for _ in range(3)] == [200] * 3
    assert figure(client.application, "smartpay_uncounted_requests_total") == before + 3
