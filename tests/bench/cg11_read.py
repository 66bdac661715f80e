"""Reading one product with what is left of it, and how that grows with clients."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import wire
from tests.bench.figure import Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.bench.shopping import server_ports
from tests.proof.result import DATABASES

CLIENTS = 16


@bench("CG11", "one product and what is left of it", *DATABASES)
def cg11(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(50, 1500)
    with ground.fleet(database) as fleet:
        sku = fleet.stock("TEA", 5).sku
        product = wire.request("GET", f"/v1/products/{sku}?store=R1")
        length = len(wire.run(server_ports(fleet), [product], clients=1).expect(200).answers[0].body)
        with ground.plain("constant", bytes=length) as plain:
            constant = wire.request("GET", "/")
            pair = alternate(
                lambda: rate(server_ports(fleet), product, several),
                lambda: rate([one.port for one in plain], constant, several),
                rounds=ground.of(1, 5),
            )
    yield Figure(
        f"CG11 {database}",
        pair.ours,
        "requests/s",
        pair.reference,
        f"a Flask view that answers {length} bytes of constant JSON, same server",
        Goal(0.40, 0.55),
        pair.spread,
    )


def rate(ports: list[int], raw: bytes, several: int) -> float:
    return wire.run(ports, [raw] * several, clients=CLIENTS).expect(200).per_second
