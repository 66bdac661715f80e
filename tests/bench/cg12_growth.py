"""What a scan costs as the shop grows: more clients at once, more products on its shelves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice, pairwise

from backend.operations.import_catalogue import import_file
from tests.bench import wire
from tests.bench.cg18_import import file
from tests.bench.figure import Figure, Goal, bench
from tests.bench.ground import Ground
from tests.bench.shopping import scan, server_ports
from tests.proof.fleet import Fleet, Good
from tests.proof.result import DATABASES

CLIENTS = (1, 4, 16, 64)
BUYERS = 300
GOODS = 100


@bench("CG12", "how the cost of a scan grows", *DATABASES)
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
    steps = [after / before for (_, before), (_, after) in pairwise(curve)]
    yield Figure(
        f"CG12 products {database}",
        curve[-1][1],
        "ms",
        curve[0][1],
        f"the same scan with {sizes[0]:,} products; the largest step is {max(steps):.2f}",
        Goal(1.5, 1.2, most=True),
        note="16 clients: " + ", ".join(f"{several:,.0f} products {ms:.1f} ms" for several, ms in curve),
        curve=curve,
        curve_of="products",
    )


def rate(ground: Ground, fleet: Fleet, goods: list[Good], clients: int) -> float:
    """Scans a second of shoppers who have nothing in their carts yet; the best of three."""
    found = []
    for _ in range(ground.of(1, 3)):
        buyers = fleet.shoppers(ground.of(20, BUYERS))
        wire.run(server_ports(fleet), [wire.request("GET", "/healthz")] * clients, clients=clients)  # awake
        found.append(scan(fleet, buyers, list(islice(cycle(goods), len(buyers))), threads=clients).per_second)
    return max(found)
