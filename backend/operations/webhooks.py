"""Integrators' endpoints as an operator looks after them: who is told, what did not arrive, and once more, please."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from backend.db.transaction import Runner, Transaction
from backend.messages import webhooks
from backend.messages.webhooks import Endpoint, Undelivered


@dataclass(frozen=True, slots=True)
class Listed:
    endpoint: Endpoint
    due: int
    dead: int


@dataclass(frozen=True, slots=True)
class Report:
    endpoints: list[Listed]
    failed: list[Undelivered]  # the newest first

    def to_json(self) -> dict[str, Any]:
        endpoints = [{**asdict(each.endpoint), "due": each.due, "dead": each.dead} for each in self.endpoints]
        return {"endpoints": endpoints, "failed": [asdict(each) for each in self.failed]}

    def to_lines(self) -> list[str]:
        return [
            f"endpoints: {len(self.endpoints)}",
            *(f"  {_of_endpoint(each)}" for each in self.endpoints),
            f"deliveries that failed: {len(self.failed)}",
            *(f"  {_of_delivery(each)}" for each in self.failed),
        ]


def status(run: Runner) -> Report:
    def read(tx: Transaction) -> Report:
        endpoints = [Listed(each, **webhooks.waiting(tx, each.id)) for each in webhooks.every(tx)]
        return Report(endpoints, webhooks.undelivered(tx))

    return run.read(read)


def replay(run: Runner, *, endpoint_id: str, event_id: str, now: datetime) -> None:
    """Raises Refusal webhook_not_found, also for an event of which the endpoint was never to be told."""
    run(lambda tx: webhooks.send_again(tx, endpoint_id, event_id, now=now))


def _of_endpoint(listed: Listed) -> str:
    endpoint = listed.endpoint
    state = "ok" if endpoint.active else "off"
    if endpoint.active and endpoint.failing_since:
        state = f"failing since {endpoint.failing_since:%Y-%m-%d %H:%M}Z"
    told = ", ".join(endpoint.kinds) or "everything"
    return f"{endpoint.id}  {endpoint.url}  {told}  {state}, {listed.due} due, {listed.dead} given up"


def _of_delivery(failed: Undelivered) -> str:
    answered = f"HTTP {failed.last_status}" if failed.last_status else "no answer"
    state = "given up" if failed.state == "dead" else "tried again"
    return (
        f"{failed.endpoint_id}  {failed.event_id}  {failed.kind}  {failed.store} {failed.sequence}  "
        f"{failed.attempts} tries, {answered}, {state}"
    )
