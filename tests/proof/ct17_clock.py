"""CT17: a machine's clock jumps: no hold ends early or never, receipts count on, tokens are judged rightly.

On PostgreSQL one of two nodes goes wrong; on SQLite all do, since they are processes of one machine.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from backend.api.app import create_app
from backend.api.auth import Who, access_token
from backend.clock import Clock
from tests.fakes import MovedClock
from tests.proof.fleet import Fleet, Good
from tests.proof.load import Clients, Wire, clients, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

TTL_S = 4.0  # how long a hold lasts; two seconds more or less may come of a clock that is followed
EARLY, LATE = 0.5, 1.5  # shares of it, at which it is still there and surely over
HOUR, BEHIND = timedelta(hours=1), timedelta(seconds=5)
SPRING = datetime(2027, 3, 28, 0, 59, 58, tzinfo=UTC)  # Europe's clocks go forward
LEAP_DAY = datetime(2028, 2, 28, 23, 59, 58, tzinfo=UTC)


@dataclass(frozen=True)
class Pair:
    """Two who want the same last piece."""

    holder: Buyer
    other: Buyer
    last: Good


@dataclass(frozen=True)
class Behind:
    """This process makes the grants, and none may be of the future for a node whose clock was put back."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock.now() - BEHIND


@proof("CT17", "Clock", sabotage="machine_clock")
def ct17(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, chance = Found(), random.Random(seed)
    skew = fleet.folder / "skew"
    skew.write_text("0")
    alone = fleet.database == "sqlite"
    moved = fleet.processes if alone else [fleet.servers[1], *fleet.workers[1:]]
    pairs, rounds = size.of(4, 16), size.of(1, 10)
    here = fleet.services
    fleet.services = replace(here, clock=Behind(here.clock))
    try:
        for node in moved:
            fleet.set_apart(node, skew=str(skew))
        with fleet.hurried(cart_lifetime=TTL_S), clients(pairs) as some, fleet.past_nginx() as wires:
            for jump in jumps()[: size.of(2, 6)] * rounds:
                holders, others = fleet.shoppers(pairs), fleet.shoppers(pairs)
                for buyer in (*holders, *others):
                    buyer.transport = chance.choice(wires)
                lasts = [fleet.stock("LAST", 1) for _ in range(pairs)]
                over_a_jump(
                    found,
                    some,
                    [*map(Pair, holders, others, lasts)],
                    partial(skew.write_text, str(jump)),
                )
                fleet.set_apart(moved[0], skew=str(skew))  # it starts while its machine's clock is wrong
                old_token(found, fleet, others[0], wires)
                skew.write_text("0")
    finally:
        fleet.services = here
        for node in moved:
            fleet.set_apart(node)
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.n = pairs * rounds * size.of(2, 6)
    found.figure = (
        f"{found.n} pieces held for {TTL_S:.0f} s while {'the machine' if alone else 'one of two nodes'} jumped by "
        f"{', '.join(f'{by / 3600:+.1f} h' for by in jumps()[: size.of(2, 6)])}: none lost before {EARLY:.0%} of it, "
        f"each had by the next after {LATE:.0%}; old tokens refused, fresh ones taken, also by a node started meanwhile"
    )
    return found


def jumps() -> list[float]:
    """Seconds from now."""
    now = datetime.now(UTC)
    return [
        600.0,
        -10_800.0,
        (LEAP_DAY - now).total_seconds(),
        -600.0,
        -3600.0,
        (SPRING - now).total_seconds(),
    ]


def over_a_jump(found: Found, some: Clients, pairs: list[Pair], jump: Callable[[], object]) -> None:
    held = some.each(lambda pair: pair.holder.put(pair.last.label), pairs)
    since = time.monotonic()
    found.demand(all(reply.status == 201 for reply in held), f"holding: {[said(reply) for reply in held]}")
    jump()
    time.sleep(max(0.0, EARLY * TTL_S - (time.monotonic() - since)))
    early = some.each(lambda pair: said(pair.other.put(pair.last.label)), pairs)
    in_time = time.monotonic() - since < TTL_S
    found.demand(
        not in_time or set(early) == {"409 out_of_stock"}, f"before its end a hold was lost: {early}"
    )
    time.sleep(max(0.0, LATE * TTL_S - (time.monotonic() - since)))
    since = time.monotonic()
    late = some.each(lambda pair: pair.other.put(pair.last.label), pairs)
    found.demand(
        all(reply.status == 201 for reply in late), f"a hold outlived its end: {[said(one) for one in late]}"
    )
    bought = [(pair.other, reply) for pair, reply in zip(pairs, late, strict=True) if reply.status == 201]
    paid = some.each(lambda one: said(one[0].buy(one[1].json["cart"]["id"])), bought)
    in_time = time.monotonic() - since < EARLY * TTL_S
    found.demand(set(paid) <= ({"201"} if in_time else {"201", "409 cart_expired"}), f"paying: {paid}")


def old_token(found: Found, fleet: Fleet, buyer: Buyer, wires: list[Wire]) -> None:
    """One that ran out an hour ago is refused by every node, whatever its wall says."""
    fresh, clock = buyer.access_token, MovedClock()
    clock.at = fleet.services.clock.now() - HOUR - fleet.services.settings.access_lifetime
    with create_app(replace(fleet.services, clock=clock)).app_context():
        stale = access_token(Who(buyer.shopper_id, buyer.id, buyer.session_id))
    for wire in wires:
        buyer.transport = wire
        for token, wanted in ((fresh, "200"), (stale, "401 sign_in_needed")):
            buyer.access_token = token
            answer = said(buyer.call("GET", "/v1/wallet"))
            found.demand(answer == wanted, f"a {'fresh' if token == fresh else 'stale'} token: {answer}")
    buyer.access_token = fresh
