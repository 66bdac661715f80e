"""The printed catalogue against its codes alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date

from catalogue.gtin import restricted_gtin13, to_gtin14
from catalogue.labels import LabelKey, sign_label
from catalogue.sheet import Card, catalogue_sheet
from tests.bench.figure import Figure, Goal, alternate, bench, seconds
from tests.bench.ground import PEER_VENV, Ground

KEY = LabelKey.from_seed("B1", bytes(32))
HOST = "pay.example.com"
SEGNO = """
import sys, time, segno
labels = sys.stdin.read().split()
started = time.perf_counter()
for label in labels:
    segno.make(label, error="m", micro=False)
print(time.perf_counter() - started)
"""


@bench("CG17", "a sheet of 1,000 labels")
def cg17(ground: Ground, _database: str) -> Iterator[Figure]:
    cards = [card(number) for number in range(ground.of(50, 1000))]
    labels = "\n".join(one.label for one in cards)

    def ours() -> float:
        return seconds(
            lambda: catalogue_sheet(cards, store_name_en="S", store_name_ar="م", prices_of=date(2026, 11, 1))
        )

    def segno() -> float:
        done = subprocess.run(
            [PEER_VENV / "bin" / "python", "-c", SEGNO],
            input=labels,
            check=True,
            text=True,
            capture_output=True,
        )
        return float(done.stdout)

    pair = alternate(ours, segno, rounds=ground.of(1, 5))
    yield Figure(
        "CG17",
        pair.ours,
        "s",
        pair.reference,
        "segno.make of the same texts; no names, prices or pages",
        Goal(4, 2.5, most=True),
        pair.spread,
    )


def card(number: int) -> Card:
    gtin = to_gtin14(restricted_gtin13(number))
    return Card(
        name_en=f"Basmati rice {number} g",
        name_ar=f"أرز بسمتي {number} غ",
        category_en=f"Shelf {number // 100}",
        category_ar=f"رف {number // 100}",
        price_minor=100 + number,
        currency="SAR",
        vat_rate_bp=1500,
        gtin=gtin,
        label=sign_label(gtin, "R1", host=HOST, key=KEY),
    )
