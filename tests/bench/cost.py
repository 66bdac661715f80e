"""What one operation costs each process, for docs/scaling.md: `python -m tests.bench.cost`.

Processor time of node, worker and PostgreSQL, not time on a clock: it is nearly the same on a busy machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import ExitStack

from sqlalchemy import text

from tests.bench.cpu import Split
from tests.proof.__main__ import durable_cluster
from tests.proof.fleet import Fleet, Good, open_fleet
from tests.proof.load import clients
from tests.proof.result import DATABASES
from tests.proof.shoppers import Buyer

CLIENTS = 4
IDLE_S = 10
SCANS = 50  # of one shopper, who may hold a hundred pieces


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.bench.cost", description=__doc__)
    asked.add_argument("--database", choices=DATABASES, default="postgresql")
    asked.add_argument("--orders", type=int, default=400)
    options = asked.parse_args()
    with ExitStack() as stack:
        cluster = stack.enter_context(durable_cluster()) if options.database == "postgresql" else None
        fleet = stack.enter_context(open_fleet(options.database, cluster=cluster, servers=1, workers=1))
        measure(fleet, options.orders)


def measure(fleet: Fleet, orders: int) -> None:
    good, buyers = fleet.stock("DATES", 1_000_000), fleet.shoppers(CLIENTS, money_minor=5_000_00)

    def buy(buyer: Buyer) -> None:
        scanned = buyer.put(good.label)
        assert buyer.buy(scanned.json["cart"]["id"]).status == 201

    def settled() -> None:
        assert fleet.invariants() == []  # which waits for the worker

    repeat(fleet, buyers, buy, 10 * CLIENTS)  # first times are dearer
    settled()
    before = stored_bytes(fleet)
    with split(fleet) as order:
        repeat(fleet, buyers, buy, orders)
        settled()
    print(f"order of one line: {order.words(orders)}; {(stored_bytes(fleet) - before) // orders} bytes")
    scans = SCANS * CLIENTS
    with split(fleet) as more:
        repeat(fleet, buyers, lambda buyer: buyer.put(good.label), scans)
    print(f"one more scan: {more.words(scans)}")
    for name, ask in looks(good).items():
        with split(fleet) as look:
            repeat(fleet, buyers, ask, orders)
        print(f"{name}: {look.words(orders)}")
    with split(fleet) as idle:
        time.sleep(IDLE_S)
    print(f"nothing to do, a second: {idle.words(IDLE_S)}")


def looks(good: Good) -> dict[str, Callable[[Buyer], object]]:
    return {
        "product": lambda buyer: buyer.call("GET", f"/v1/products/{good.sku}?store=R1"),
        "cart": lambda buyer: buyer.call("GET", "/v1/carts/current?store=R1"),
    }


def repeat(fleet: Fleet, buyers: list[Buyer], act: Callable[[Buyer], object], times: int) -> None:
    def go(client: int) -> None:
        for _ in range(times // CLIENTS):
            act(buyers[client])

    with clients(CLIENTS) as some:
        some.at_once(go)
    assert not fleet.log.broken, fleet.log.broken


def split(fleet: Fleet) -> Split:
    servers, workers = (
        [one.child.pid for one in some if one.child] for some in (fleet.servers, fleet.workers)
    )
    roots = {"node": servers, "worker": workers}
    if fleet.cluster and fleet.cluster.server:
        roots["PostgreSQL"] = [fleet.cluster.server.pid]
    return Split(roots)


def stored_bytes(fleet: Fleet) -> int:
    if not fleet.cluster:
        return sum(file.stat().st_size for file in fleet.settings.data.glob("smartpay.sqlite*"))
    with fleet.engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


if __name__ == "__main__":
    main()
