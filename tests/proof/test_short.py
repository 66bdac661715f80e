"""The short form of the proofs, and that each fails where a guard is taken out. The long form: ./scripts/prove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.databases import Cluster
from tests.proof.__main__ import load_all
from tests.proof.fleet import Fleet, open_fleet
from tests.proof.result import PROOFS, Proof, Size

load_all()
SEED = 1
TRIES_MAX = 6  # a race that is open need not be lost at the first try
# Jumping clocks, two nodes and backups take half a minute or more each even when short; ./scripts/prove --quick runs
# them.
LONG = ("CT17", "CT18", "CT19")
SHORT = [one for one in PROOFS.values() if one.name not in LONG]
# Controls cost a fleet of their own, so here each runs on one database; ./scripts/prove runs them on all.
CONTROLS = [pytest.param(one, one.databases[-1], id=one.name) for one in SHORT]
ALL = [pytest.param(one, db, id=f"{one.name}-{db}") for one in SHORT for db in one.databases]


class Fleets:
    """Started at the first use: one for each database and way to start its nodes, and one more for controls."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.open: dict[str, Fleet] = {}
        self.stack = ExitStack()

    def of(self, proof: Proof, database: str, *, scratch: bool = False) -> Fleet:
        name = f"{database} {scratch} {sorted(proof.options.items())}"
        if name not in self.open:
            workers = 0 if scratch else 1
            opened = open_fleet(
                database, cluster=self.cluster, scratch=scratch, workers=workers, where=None, **proof.options
            )
            self.open[name] = self.stack.enter_context(opened)
        return self.open[name]


@pytest.fixture(scope="module")
def fleets(cluster: Cluster) -> Iterator[Fleets]:
    some = Fleets(cluster)
    with some.stack:
        yield some


@pytest.mark.parametrize(("proof", "database"), ALL)
def test_it_holds(proof: Proof, database: str, fleets: Fleets) -> None:
    fleet = fleets.of(proof, database)
    found = proof(fleet, size=Size.QUICK, seed=SEED)
    assert found.faults + fleet.invariants() == []
    assert found.n


@pytest.mark.parametrize(("proof", "database"), CONTROLS)
def test_it_fails_without_its_guard(proof: Proof, database: str, fleets: Fleets) -> None:
    fleet = fleets.of(proof, database, scratch=True)
    before = fleet.invariants()  # of other controls
    fleet.sabotage(proof.sabotage)
    try:
        assert any(attempt(proof, fleet, before, seed=SEED + further) for further in range(TRIES_MAX))
    finally:
        fleet.sabotage("")


def attempt(proof: Proof, fleet: Fleet, before: list[str], *, seed: int) -> list[str]:
    found = proof(fleet, size=Size.QUICK, seed=seed)
    return found.faults + [fault for fault in fleet.invariants() if fault not in before]
