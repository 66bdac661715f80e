"""CT8: kill -9, whenever and wherever: every cart has one outcome, and nobody repairs anything by hand."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from functools import partial
from typing import get_args

from sqlalchemy.exc import DBAPIError

from backend.db.moments import Moment
from backend.db.transaction import OutcomeUnknown
from backend.errors import Refusal
from backend.operations.shopper_device import Reply
from tests.proof.fleet import Fleet, Good
from tests.proof.kills import DATABASE, RANDOM, Killer, page_by_page
from tests.proof.load import Clients, clients, insist, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

LINES_MAX = 5
ANSWER_S_MAX = 110.0  # a grant lives 120 s
RESTART_S_MAX = 5.0
OF_A_PAYMENT = (
    "idempotency_claimed",
    "grant_used",
    "money_moved",
    "stock_sold",
    "before_commit",
    "committed",
)
MOMENTS = tuple(moment for moment in get_args(Moment) if moment in (*OF_A_PAYMENT, "outbox_sent"))


@proof("CT8", "kill -9", sabotage="answer_after_commit")
def ct8(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    goods = [fleet.stock(f"GOOD-{number}", 100_000, price_minor=50) for number in range(10)]
    buyers = fleet.shoppers(size.of(16, 1_000))
    load = Load(fleet, goods, seed)
    killer = Killer(fleet, acts(size), progress=lambda: load.done / len(buyers), seed=seed)
    with clients(size.of(8, 16)) as some, fleet.supervised(), killer:
        outcomes = load.run(some, buyers)
    restarts_s = [seconds for one in fleet.servers for seconds in one.restarts_s]
    kept = Counter(outcomes)
    found.demand(kept["201"] + load.refused == len(buyers), f"outcomes {dict(kept)}")
    found.demand(
        kept["201"] >= 0.98 * len(buyers), f"{kept['201']} of {len(buyers)} carts were paid: {dict(kept)}"
    )
    if fleet.database == "sqlite":
        whole = page_by_page(fleet.settings.main_url)
        found.demand(whole == "ok", f"the file after kills: {whole}")
    if size is Size.FULL:
        enough(found, killer.killed, restarts_s)
    found.n = len(buyers)
    found.figure = (
        f"{kept['201']} of {len(buyers)} carts paid, each once; kills {dict(sorted(killer.killed.items()))}; "
        f"restart to serving {sorted(restarts_s)[len(restarts_s) // 2] if restarts_s else 0:.1f} s median, "
        f"{max(restarts_s, default=0):.1f} s at most"
    )
    return found


def acts(size: Size) -> list[str]:
    if size is Size.QUICK:
        return [RANDOM, "committed", "stock_sold", "committed"]
    return [RANDOM] * 200 + [DATABASE] * 20 + list(MOMENTS) * 8


def enough(found: Found, killed: Counter[str], restarts_s: list[float]) -> None:
    """What the target asks of the test itself, and of how fast a server is back."""
    few = {moment: killed[moment] for moment in MOMENTS if killed[moment] < 5}
    found.demand(not few, f"too few kills at {few}")
    found.demand(killed[RANDOM] >= 200 and killed[DATABASE] >= 20, f"kills {dict(killed)}")
    slow = [seconds for seconds in restarts_s if seconds > RESTART_S_MAX]
    found.demand(not slow, f"{len(slow)} of {len(restarts_s)} restarts took over {RESTART_S_MAX:.0f} s")


class Load:
    """Shoppers who buy one cart each and ask with the same key until they have an answer."""

    def __init__(self, fleet: Fleet, goods: list[Good], seed: int) -> None:
        self.fleet, self.goods, self.seed = fleet, goods, seed
        self.done, self.refused = 0, 0
        self.lock = threading.Lock()

    def run(self, some: Clients, buyers: list[Buyer]) -> list[str]:
        return some.each(self.buy, list(enumerate(buyers)))

    def buy(self, numbered: tuple[int, Buyer]) -> str:
        number, buyer = numbered
        outcome = said(self.cart_to_answer(buyer, random.Random(self.seed + number)))
        with self.lock:
            self.done += 1
            self.refused += outcome.startswith("4")
        return outcome

    def cart_to_answer(self, buyer: Buyer, chance: random.Random) -> Reply:
        ids = self.fleet.services.ids
        for good in chance.sample(self.goods, chance.randint(1, LINES_MAX)):
            scan_id = ids.token()
            scanned = insist(partial(buyer.scan, good.label, scan_id=scan_id))
            if scanned.status not in (200, 201):
                return scanned
        cart_id, key = scanned.json["cart"]["id"], ids.token()
        opened = insist(lambda: buyer.open_checkout(cart_id, key=key), within_s=ANSWER_S_MAX)
        if opened.status != 201:
            return opened
        checkout_id, key = opened.json["id"], ids.token()
        grant = self.granted(buyer, checkout_id)
        return insist(lambda: buyer.settle(checkout_id, grant, key=key), within_s=ANSWER_S_MAX)

    def granted(self, buyer: Buyer, checkout_id: str) -> str:
        """The database may be away just now."""
        give_up_at = time.monotonic() + ANSWER_S_MAX
        while True:
            try:
                return buyer.grant(checkout_id)
            except (DBAPIError, OutcomeUnknown, Refusal):
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.1)
