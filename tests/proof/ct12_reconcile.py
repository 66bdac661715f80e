"""CT12: reconcile names what was corrupted, says nothing about good shops, and constraints stop what they can."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from backend.db.findings import Scope
from backend.db.transaction import Runner, engine_for
from backend.operations.reconcile import reconcile
from backend.settings import Settings
from tests.backend.inventory.shelf import NOON
from tests.backend.operations.corruptions import CORRUPTIONS, STOPPED, discover, is_stopped, named
from tests.backend.operations.good_shop import a_good_shop
from tests.bench.fill import Trade, fill
from tests.proof.fleet import Fleet, prepare
from tests.proof.result import Found, Size, proof
from tests.proof.sabotage import ignore_checks


@proof("CT12", "Reconcile finds it", sabotage="no_checks")
def ct12(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    with another_shop(fleet) as run:
        a_good_shop(run)
        stopped = [name for name in STOPPED if is_stopped(run, name)]
        found.demand(len(stopped) == len(STOPPED), f"not stopped: {', '.join(STOPPED.keys() - set(stopped))}")
        some = random.Random(seed).sample(CORRUPTIONS, size.of(8, len(CORRUPTIONS)))
        for corruption in some:
            subject, findings = discover(run, corruption, Scope(NOON), whole=True)
            wanted = (corruption.kind, subject)
            found.demand(wanted in named(findings), f"{corruption.name}: {wanted} not in {named(findings)}")
        found.demand(reconcile(run, now=NOON).ok, "the shop is not good after all was taken back")
    shops, orders = size.of(1, 10), size.of(200, 10_000)
    for number in range(shops):
        trade = Trade(orders, stores=1 + number % 5, shoppers=20 + 31 * number, days=7 + 40 * number)
        with another_shop(fleet) as run:
            fill(run.engine, trade)
            report = reconcile(run, now=trade.until + timedelta(days=2))
            found.demand(report.ok, f"a good shop: {report.to_lines()}")
    found.n = len(some)
    found.figure = (
        f"{len(some)} corruptions named by kind and row; nothing said about {shops} good shops of "
        f"{orders} orders; {len(stopped)} statements stopped by constraints"
    )
    return found


@contextmanager
def another_shop(fleet: Fleet) -> Iterator[Runner]:
    """A database beside the fleet's, without CHECKs where the fleet has none."""
    scratch = bool(fleet.options.switch)
    folder = Path(tempfile.mkdtemp(dir=fleet.folder))
    name = f"shop_{next(fleet.cluster.numbers)}" if fleet.cluster else ""
    url = fleet.cluster.create(name) if fleet.cluster else ""
    settings = Settings(data=folder / "var", database_url=url)
    prepare(settings, scratch=scratch)
    engine = engine_for(settings.main_url)
    if scratch:
        event.listen(engine, "connect", ignore_checks)
    try:
        yield Runner(engine)
    finally:
        engine.dispose()
        if fleet.cluster:
            fleet.cluster.drop(name)
        shutil.rmtree(folder)
