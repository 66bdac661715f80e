"""Head office at a shop with years of trade behind it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from backend.inventory.tables import stores
from tests.bench import wire
from tests.proof.fleet import Fleet
from tests.proof.shoppers import employ


@dataclass(frozen=True)
class Signed:
    token: str
    store_id: str  # of F0

    def get(self, path: str) -> bytes:
        return wire.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})


def signed_in(fleet: Fleet) -> Signed:
    with fleet.engine.connect() as tx:
        ids = {row.code: row.id for row in tx.execute(select(stores.c.code, stores.c.id))}
    return Signed(employ(fleet, "administrator", ids.values()), ids["F0"])
