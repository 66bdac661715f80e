"""CT22: of a catalogue, every fault is named and nothing else; a killed import left nothing; twice is once."""

from __future__ import annotations

import csv
import io
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from signal import SIGKILL

from sqlalchemy import text

from backend.operations.import_catalogue import CatalogueRefused, Imported, import_file
from catalogue.gtin import restricted_gtin13
from catalogue.products_csv import COLUMNS
from tests.proof.fleet import Fleet
from tests.proof.processes import smartpay
from tests.proof.result import Found, Size, proof

NOTHING = Imported(0, 0, 0, 0, 0)
LATER = timedelta(seconds=1)  # a price is valid from its import; the next one has a time of its own


@dataclass(frozen=True)
class Kind:
    """A fault that one cell can have. The reason that is given for it has this word."""

    column: str
    cell: str
    word: str


KINDS = {
    "decimal comma": Kind("price_minor", "14,95", "whole number"),
    "decimal point": Kind("price_minor", "14.95", "whole number"),
    "Arabic digits": Kind("price_minor", "١٤٩٥", "whole number"),
    "price of ten digits": Kind("price_minor", "9999999999", "between"),
    "price of nothing": Kind("price_minor", "0", "between"),
    "negative stock": Kind("stock", "-1", "between"),
    "part of a piece": Kind("stock", "3.5", "whole number"),
    "check digit": Kind("gtin", "2000000000016", "check digit"),
    "GTIN of letters": Kind("gtin", "20000X0000015", "digits only"),
    "doubled GTIN": Kind("gtin", "of the first row", "same gtin"),
    "doubled sku": Kind("sku", "of the first row", "same sku"),
    "byte order mark inside": Kind("sku", "\ufeffTEA", "characters"),
    "formula": Kind("name_en", "=cmd|' /C calc'!A0", "formula"),
    "long text": Kind("name_en", "x" * 121, "120 characters"),
    "empty text": Kind("name_ar", "", "empty"),
    "turned direction": Kind("name_ar", "شاي\u202eأسود", "direction"),
    "carriage return alone": Kind("name_ar", "شاي\rأسود", "Control"),
    "NUL": Kind("category_en", "Dri\0nks", "Control"),
    "category of two names": Kind("category_ar", "شراب", "another Arabic name"),
    "currency": Kind("currency", "sar", "three capitals"),
    "VAT in percent": Kind("vat_rate_bp", "15%", "whole number"),
    "path of a picture": Kind("picture", "../secret.png", "file name"),
}

STATE = (
    "SELECT COUNT(*), COALESCE(SUM(vat_rate_bp), 0) FROM products WHERE sku LIKE :ours",
    "SELECT COUNT(*), COALESCE(SUM(amount_minor), 0) FROM prices WHERE sku LIKE :ours",
    "SELECT COUNT(*), COALESCE(SUM(on_hand), 0) FROM stock WHERE sku LIKE :ours",
    "SELECT COUNT(*), COALESCE(SUM(delta), 0) FROM stock_movements WHERE sku LIKE :ours",
)


@proof("CT22", "Catalogue import", sabotage="products_first")
def ct22(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, shop = Found(), Catalogue(fleet, size.of(2_000, 100_000))
    empty = shop.state()
    planted = shop.names_every_fault(found, random.Random(seed), of_a_kind=size.of(2, 50))
    found.demand(shop.state() == empty, f"something of a refused file was taken: {shop.state()}")
    states = [empty]
    for price_minor in (14_95, 15_95)[: size.of(1, 2)]:  # all of it new; then all prices changed
        file = shop.file([shop.row(n, price_minor) for n in range(shop.rows)])
        shop.is_killed(found, file)
        found.demand(shop.state() == states[-1], f"killed: {shop.state()} is not {states[-1]}")
        begun = time.monotonic()
        done = shop.take(file)
        seconds = time.monotonic() - begun
        found.demand(done.prices_changed == shop.rows, f"{done} of {shop.rows} rows")
        states.append(shop.state())
        again = shop.take(file)
        found.demand(again == NOTHING and shop.state() == states[-1], f"twice: {again}")
    found.n = shop.rows
    found.figure = (
        f"{shop.rows} rows: {planted} faults of {len(KINDS)} kinds named by line and column, no others; "
        f"killed {len(states) - 1} times before the commit: nothing; whole in {seconds:.1f} s; twice: no change"
    )
    return found


class Catalogue:
    """Of a store and of products that nobody else in this fleet has."""

    def __init__(self, fleet: Fleet, rows: int) -> None:
        self.fleet, self.rows = fleet, rows
        self.number = next(fleet.numbers)
        self.store = fleet.store(f"I{self.number:03}"[-4:]).store.code
        self.now = fleet.services.clock.now()

    def row(self, n: int, price_minor: int) -> dict[str, str]:
        return {
            "sku": f"CT22-{self.number}-{n}",
            "gtin": restricted_gtin13(self.number * 1_000_000 + n),
            "name_en": f"Black tea, {n} bags",
            "name_ar": "شاي أسود",
            "category_en": "Drinks",
            "category_ar": "مشروبات",
            "price_minor": str(price_minor),
            "currency": "SAR",
            "vat_rate_bp": "1500",
            "picture": "",
            "stock": "40",
        }

    def file(self, rows: list[dict[str, str]]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([*COLUMNS, f"stock:{self.store}"])
        writer.writerows(row.values() for row in rows)
        return out.getvalue().encode()

    def take(self, file: bytes) -> Imported:
        self.now += LATER
        return import_file(self.fleet.services.run, file, ids=self.fleet.services.ids, now=self.now)

    def state(self) -> list[tuple[int, ...]]:
        ours = {"ours": f"CT22-{self.number}-%"}
        return self.fleet.services.run.read(
            lambda tx: [tuple(map(int, tx.execute(text(each), ours).one())) for each in STATE]
        )

    def names_every_fault(self, found: Found, chance: random.Random, *, of_a_kind: int) -> int:
        rows = [self.row(n, 14_95) for n in range(self.rows)]
        kinds = list(KINDS.values()) * of_a_kind
        wrong = dict(zip(chance.sample(range(1, self.rows), len(kinds)), kinds, strict=True))
        expected, line = set(), 2
        for n, row in enumerate(rows):
            if n in wrong:
                kind = wrong[n]
                row[kind.column] = rows[0][kind.column] if kind.word.startswith("same") else kind.cell
                expected.add((line, kind.column, kind.word))
            line += 1 + row["name_ar"].count("\r")  # an editor begins a line there
        try:
            done = self.take(self.file(rows))
            found.demand(False, f"a file with {len(expected)} faults was imported: {done}")
        except CatalogueRefused as refused:
            named = Counter((each.line, each.field.partition(":")[0]) for each in refused.lines)
            reasons = {each.line: each.reason for each in refused.lines}
            missed = [one for one in expected if one[:2] not in named or one[2] not in reasons[one[0]]]
            found.demand(not missed, f"{len(missed)} faults were not named: {sorted(missed)[:5]}")
            others = named - Counter(one[:2] for one in expected)
            found.demand(not others, f"named without a fault: {list(others.items())[:5]}")
        return len(expected)

    def is_killed(self, found: Found, file: bytes) -> None:
        """All is written, nothing is committed."""
        path = self.fleet.folder / "catalogue.csv"
        path.write_bytes(file)
        trap = self.fleet.trap("import_written")
        process = smartpay(self.fleet.settings, self.fleet.options, self.fleet.folder, "import", str(path))
        process.start()
        assert process.child
        ended = process.child.wait()
        found.demand(ended == -SIGKILL, f"not killed: {ended}, {process.log.read_text()[-500:]}")
        trap.unlink(missing_ok=True)
