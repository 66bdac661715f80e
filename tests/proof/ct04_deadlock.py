"""CT4: large baskets of the same few products, each in an order of its own: nobody waits in a circle."""

from __future__ import annotations

import random
import re
from collections import Counter
from threading import Barrier

from sqlalchemy import text

from backend.db.transaction import TRIES_MAX
from tests.proof.fleet import Fleet
from tests.proof.load import Wire, clients, said
from tests.proof.processes import Process
from tests.proof.result import Found, Size, proof

WAIT_S_MAX = 300
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@proof("CT4", "Deadlock", sabotage="unordered_locks")
def ct4(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    lines, products = size.of(8, 20), size.of(10, 25)
    goods = [fleet.stock(f"GOOD-{number:02}", 1_000_000, price_minor=10) for number in range(products)]
    checkouts, threads = size.of(16, 2_000), size.of(8, 32)
    buyers = fleet.shoppers(threads, money_minor=500_00)
    before, all_filled = deadlocks(fleet), Barrier(threads)

    def shop(client: int) -> Counter[str]:
        chance, buyer, answers = random.Random(seed + client), buyers[client], Counter[str]()
        for number in range(checkouts // threads):
            cart = [buyer.put(good.label) for good in chance.sample(goods, lines)]
            answers.update(said(scanned) for scanned in cart)
            if number % 2 == 0:
                all_filled.wait(WAIT_S_MAX)  # so that payments meet payments; else scans meet payments
            if cart[-1].status == 201:
                answers[f"paid {said(buyer.buy(cart[-1].json['cart']['id']))}"] += 1
        return answers

    with clients(threads) as some:
        answers = sum(some.at_once(shop), Counter[str]())
    grown = deadlocks(fleet) - before
    done = checkouts // threads * threads
    wanted = {"201": done * lines, "paid 201": done}
    found.demand(answers == wanted, f"{dict(answers)} instead of {wanted}")
    found.demand(grown == 0, f"{grown} deadlocks")
    found.demand(TRIES_MAX <= 3, f"a transaction may run {TRIES_MAX} times")
    again = sum(retries(server) for server in fleet.servers)
    found.n = done
    found.figure = (
        f"{done} baskets of {lines} out of {products} products, {threads} clients:"
        f" {grown} deadlocks, {again} retries"
    )
    return found


def deadlocks(fleet: Fleet) -> int:
    """As the server counts them; SQLite has one writer and so none."""
    if fleet.database == "sqlite":
        return 0
    with fleet.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        return int(connection.execute(text(DEADLOCKS)).scalar_one())


def retries(server: Process) -> int:
    """Transactions that a node ran again since its start, of at most TRIES_MAX runs each."""
    wire = Wire(lambda: [server.port])
    reply = wire("GET", "/metrics", {}, b"")
    wire.close()
    told = re.findall(r"^smartpay_transaction_retries_total\{.*\} (\S+)$", reply.body.decode(), re.MULTILINE)
    return sum(int(float(times)) for times in told)
