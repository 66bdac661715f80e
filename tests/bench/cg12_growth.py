"""What buying costs as the shop grows: more clients at once, more products on its shelves, more orders behind it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice, pairwise

from sqlalchemy import select

from backend.inventory.tables import products
from backend.operations.import_catalogue import import_file
from catalogue.labels import sign_label
from tests.bench import wire
from tests.bench.cg18_import import file
from tests.bench.figure import Figure, Goal, bench
from tests.bench.fill import Trade
from tests.bench.ground import Ground
from tests.bench.shopping import orders, scan, server_ports
from tests.proof.fleet import Fleet, Good
from tests.proof.result import DATABASES

CLIENTS = (1, 4, 16, 64)
BUYERS = 300
GOODS = 100


@bench("CG12", "how the cost of scans and orders grows", *DATABASES)
def cg12(ground: Ground, database: str) -> Iterator[Figure]:
    with ground.fleet(database) as fleet:
        goods = [fleet.stock("TEA", 1_000_000) for _ in range(GOODS)]
        curve = [(float(clients), rate(ground, fleet, goods, clients)) for clients in CLIENTS]
        yield Figure(
            f"CG12 clients {database}",
            curve[-1][1],
            "scans/s",
            max(rate for _, rate in curve),
            "the best number of clients",
            Goal(0.90, 0.95),
            note=", ".join(f"{clients:.0f} clients {rate:.0f}" for clients, rate in curve),
            curve=curve,
            curve_of="clients",
        )
        sizes = [300, 1_000] if ground.quick else [1_000, 10_000, 100_000]
        curve = []
        for several in sizes:
            at = fleet.services
            import_file(at.run, file(several, 0), ids=at.ids, now=at.clock.now())
            curve.append((float(several), 16_000 / rate(ground, fleet, goods, 16)))
    yield growth(database, "scan", "products", curve)
    past = [500, 2_000] if ground.quick else [10_000, 100_000, 1_000_000]
    curve = [(float(several), bought_ms(ground, database, several)) for several in past]
    yield growth(database, "order, from scan to payment,", "orders", curve)


def growth(database: str, act: str, of: str, curve: list[tuple[float, float]]) -> Figure:
    steps = [after / before for (_, before), (_, after) in pairwise(curve)]
    return Figure(
        f"CG12 {of} {database}",
        curve[-1][1],
        "ms",
        curve[0][1],
        f"the same {act} with {curve[0][0]:,.0f} {of}; the largest step is {max(steps):.2f}",
        Goal(1.5, 1.2, most=True),
        note="16 clients: " + ", ".join(f"{several:,.0f} {of} {ms:.1f} ms" for several, ms in curve),
        curve=curve,
        curve_of=of,
    )


def bought_ms(ground: Ground, database: str, past: int) -> float:
    """An order of 16 clients in a store with so many behind all of its chain; the best of three."""
    fleet = ground.years(database, Trade(past))
    key, host = fleet.services.label_key, fleet.settings.public_host
    with fleet.engine.connect() as tx:
        rows = tx.execute(select(products.c.sku, products.c.gtin).order_by(products.c.sku).limit(GOODS)).all()
    goods = [Good(row.sku, sign_label(row.gtin, "F0", host=host, key=key)) for row in rows]
    rates = [
        orders(fleet, fleet.shoppers(ground.of(20, BUYERS)), goods, threads=16).per_second
        for _ in range(ground.of(1, 3))
    ]
    return 16_000 / max(rates)


def rate(ground: Ground, fleet: Fleet, goods: list[Good], clients: int) -> float:
    """Scans a second of shoppers who have nothing in their carts yet; the best of three."""
    found = []
    for _ in range(ground.of(1, 3)):
        buyers = fleet.shoppers(ground.of(20, BUYERS))
        wire.run(server_ports(fleet), [wire.request("GET", "/healthz")] * clients, clients=clients)  # awake
        found.append(scan(fleet, buyers, list(islice(cycle(goods), len(buyers))), threads=clients).per_second)
    return max(found)
