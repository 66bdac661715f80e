"""Searching a large catalogue: begun words and mistyped ones, in English and Arabic."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from backend import worker
from tests.bench import wire
from tests.bench.figure import Figure, Goal, bench
from tests.bench.fill import Trade
from tests.bench.ground import Ground
from tests.bench.shopping import server_ports
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES

WORDS = ("coffee", "org", "roast alm", "cofee", "hony", "قهوة", "عضو", "زعفرن", "F000042", "whole 60")
TIMES = 6


@bench("CG10", "searching the catalogue", *DATABASES)
def cg10(ground: Ground, database: str) -> Iterator[Figure]:
    large, small = ground.of(500, 100_000), ground.of(100, 1_000)
    many, few = (shelves(ground, database, several) for several in (large, small))
    raw = [wire.request("GET", f"/v1/products?store=F0&q={quote(words)}") for words in WORDS]
    loads = []
    for fleet in (many, few):
        wire.run(server_ports(fleet), raw, clients=1)  # awake
        loads.append(wire.run(server_ports(fleet), raw * ground.of(1, TIMES), clients=1).expect(200))
    ours, reference = loads
    assert all(answer.json["products"] for answer in ours.answers), "a search found nothing"
    figures = ours.p(95), "ms", reference.p(95), f"the same searches among {small:,} products"
    note = f"p95 of {len(WORDS)} searches of words begun, mistyped or Arabic among {large:,} products"
    yield Figure(f"CG10 {database}", *figures, Goal(60, 25, of="ours", most=True), note=note)
    yield Figure(f"CG10 growth {database}", *figures, Goal(5, 2, most=True), note=note)


def shelves(ground: Ground, database: str, products: int) -> Fleet:
    fleet = ground.years(database, Trade(orders=0, products=products, stores=1, shoppers=1))
    while worker.index_products(fleet.services):
        pass
    return fleet
