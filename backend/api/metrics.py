"""What Prometheus reads: how long requests took, what was tried again, what waits for a worker.

No label is ever an id: routes are templates, so the number of series does not grow with the shop.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from threading import Lock

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from backend.api.auth import public, services
from backend.api.openapi import describe
from backend.db import outbox
from backend.errors import Refusal
from backend.settings import metrics_folder
from backend.wiring import Services

bp = Blueprint("metrics", __name__)
PATH = "/metrics"
REQUEST_SECONDS = Histogram(
    "smartpay_request_seconds",
    "Time from a request's head to its answer",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
RETRIES = Counter("smartpay_transaction_retries", "Transactions that were run again", ("obstacle",))
UNCOUNTED = Counter("smartpay_uncounted_requests", "Requests let through because Redis did not answer")
told: Tally[str] = Tally()  # what RETRIES knows
telling = Lock()


@bp.get(PATH)
@public
@describe("Figures for Prometheus; not for the internet", answers={200: CONTENT_TYPE_LATEST})
def get_metrics() -> Response:
    registry = CollectorRegistry()
    if folder := metrics_folder():
        MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    else:
        for one in (REQUEST_SECONDS, RETRIES, UNCOUNTED):
            registry.register(one)
    registry.register(Deliveries(services()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def observe(response: Response, *, seconds: float, retries: Tally[str]) -> None:
    """retries: of this process since its start, by obstacle."""
    REQUEST_SECONDS.labels(request.method, route(), response.status_code).observe(seconds)
    if retries != told:
        with telling:
            for obstacle, times in retries.items():
                RETRIES.labels(obstacle).inc(times - told[obstacle])
                told[obstacle] = times


def route() -> str:
    """`/v1/orders/<id>`; nothing for an address that is none."""
    return request.url_rule.rule if request.url_rule else ""


class Deliveries:
    """What the database says at this moment; a worker that stands still shows here, whoever is asked."""

    def __init__(self, at: Services) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        now = self.at.clock.now()
        try:
            backlog = self.at.run.read(lambda tx: outbox.backlog(tx, now=now))
        except (SQLAlchemyError, Refusal):
            yield GaugeMetricFamily("smartpay_database_up", "Whether the database answers", 0)
            return
        yield GaugeMetricFamily("smartpay_database_up", "Whether the database answers", 1)
        yield GaugeMetricFamily(
            "smartpay_deliveries_due", "Messages that a worker should send now", backlog.due
        )
        yield GaugeMetricFamily(
            "smartpay_deliveries_overdue_seconds", "How long the oldest of them waits", backlog.overdue_s
        )
