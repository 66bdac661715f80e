"""A scan over HTTP against the same scan written by hand."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from functools import partial

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.operations.import_catalogue import import_file
from catalogue.gtin import restricted_gtin13
from catalogue.labels import sign_label
from tests.bench import wire
from tests.bench.cg18_import import FIRST, file
from tests.bench.figure import Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.bench.shopping import server_ports, written
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES
from tests.proof.shoppers import Buyer

CLIENTS = 16
SKUS = 1_000
SCANS_EACH = 10  # of one shopper


@bench("CG1", "a scan into the cart", *DATABASES)
def cg1(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(320, 800)
    with ground.fleet(database) as fleet:
        labels = stocked(fleet)
        key = fleet.services.label_key
        public = key.verifying().public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        url, host = fleet.settings.main_url, fleet.settings.public_host
        with ground.plain("scan", url=url, key_id=key.id, key=public, host=host) as plain:

            def ours() -> float:
                buyers = fleet.shoppers(several // SCANS_EACH, money_minor=0)
                raw = [written(one, partial(one.scan, label)) for one, label in pairs(buyers, labels)]
                return wire.run(server_ports(fleet), raw, clients=CLIENTS).expect(201).per_second

            def by_hand() -> float:
                buyers = fleet.shoppers(several // SCANS_EACH, money_minor=0)
                raw = [bare(one, label) for one, label in pairs(buyers, labels)]
                ports = [one.port for one in plain]
                return wire.run(ports, raw, clients=CLIENTS).expect(201).per_second

            pair = alternate(ours, by_hand, rounds=ground.of(1, 5))
    yield Figure(
        f"CG1 {database}",
        pair.ours,
        "scans/s",
        pair.reference,
        "the same statements by hand behind a bare Flask view, Ed25519 included; no session, no limits",
        Goal(0.50, 0.65),
        pair.spread,
    )


def stocked(fleet: Fleet) -> list[str]:
    """Labels of a thousand products, ten thousand pieces each."""
    at = fleet.services
    fleet.store()
    import_file(at.run, file(SKUS, 0, pieces=10_000), ids=at.ids, now=at.clock.now())
    host, key = fleet.settings.public_host, at.label_key
    return [sign_label(restricted_gtin13(FIRST + n), "R1", host=host, key=key) for n in range(SKUS)]


def pairs(buyers: Sequence[Buyer], labels: Sequence[str]) -> Iterator[tuple[Buyer, str]]:
    """Each buyer scans different products; who is near in time is not the same buyer."""
    for turn in range(SCANS_EACH):
        for number, buyer in enumerate(buyers):
            yield buyer, labels[(number * SCANS_EACH + turn) % len(labels)]


def bare(buyer: Buyer, label: str) -> bytes:
    body = {"scan_id": secrets.token_hex(8), "code": label}
    return wire.request("POST", "/v1/scans", body, {"X-Shopper": buyer.shopper_id})
