"""CT19: a backup made while the shop sells is of one moment, and comes back whole on an empty machine that goes on."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZipFile

from sqlalchemy import Engine, text

from backend.clock import SystemClock
from backend.db.transaction import Runner, engine_for
from backend.operations.backup import back_up
from backend.operations.backup_file import MANIFEST, BackupRefused
from backend.operations.reconcile import reconcile
from backend.operations.restore import restore
from backend.settings import Settings
from tests.proof import invariants
from tests.proof.ct01_oversell import rush
from tests.proof.fleet import Fleet, Good
from tests.proof.load import Log, clients, meanwhile, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

RUSHES_MAX = 10  # until a backup was made beside them, however long its process takes to start
Held = dict[str, tuple[int, str]]  # rows and SHA-256 by table


@dataclass(frozen=True)
class Backup:
    file: Path
    before: set[str]  # orders that were there when it began
    after: set[str]  # and when it was done


@proof("CT19", "Backup and restore", sabotage="torn_backup")
def ct19(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    dates, buyers = fleet.stock("DATES", 100_000), fleet.shoppers(size.of(16, 500))
    others = fleet.shoppers(4)  # no backup comes upon them while they pay
    made: list[Backup] = []
    with clients(size.of(8, 64)) as some, meanwhile(lambda: made.append(backup(fleet, found))):
        for further in range(RUSHES_MAX):
            rush(found, some, buyers, dates.label, attempts=size.of(32, 5_000), seed=seed + further)
            if made:
                break
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken} while backups were made")
    checked = made[:-1][-size.of(1, 5) :] or made  # the last one may have begun when nobody bought any more
    machines = [comes_back(fleet, found, one) for one in checked]
    after = size.of(4, 100)
    goes_on(fleet, found, machines[-1], others, dates, after)
    refused = refuses_damage(fleet, found, checked[-1].file, damaged=size.of(8, 100), seed=seed)
    found.n = len(made) + refused
    found.figure = (
        f"{len(made)} backups under load, {len(checked)} restored: reconcile clean, digests the same; "
        f"{after} orders went on; {refused} damaged or cut files refused"
    )
    if fleet.cluster:
        moves(fleet, found, checked[-1].file)
        found.figure += "; moved from SQLite to PostgreSQL with the same digests"
    return found


def backup(fleet: Fleet, found: Found) -> Backup:
    file = fleet.folder / f"backup-{next(fleet.numbers)}.zip"
    before = orders(fleet.engine)
    done = fleet.smartpay(fleet.settings, "backup", "--with-keys", str(file))
    found.require(done.returncode == 0, f"no backup: {done.stderr}")
    return Backup(file, before, orders(fleet.engine))


def orders(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return {str(row[0]) for row in connection.execute(text("SELECT id FROM orders"))}


def comes_back(fleet: Fleet, found: Found, one: Backup) -> Settings:
    machine = fleet.machine()
    restore(machine, one.file, keys_path=keys_of(one.file))
    engine = engine_for(machine.main_url)
    there, report = orders(engine), reconcile(Runner(engine), now=SystemClock().now())
    found.demand(report.ok, f"reconcile after a restore: {report.to_lines()[:5]}")
    found.demand(one.before <= there, f"{len(one.before - there)} orders from before the backup are gone")
    found.demand(there <= one.after, f"{len(there - one.after)} orders are from after the backup")
    found.faults += [f"restored: {fault}" for fault in invariants.broken(engine, Log(), delivered=False)]
    engine.dispose()
    found.demand(held(machine) == digests(one.file), "a table differs from what was backed up")
    return machine


def keys_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.keys")


def digests(file: Path) -> Held:
    with ZipFile(file) as archive:
        tables = json.loads(archive.read(MANIFEST))["tables"]
    return {name: (one["rows"], one["sha256"]) for name, one in tables.items()}


def held(settings: Settings) -> Held:
    file = settings.data / "again"
    back_up(settings, file, now=SystemClock().now())
    return digests(file)


def goes_on(
    fleet: Fleet, found: Found, machine: Settings, buyers: list[Buyer], dates: Good, several: int
) -> None:
    """The same phones, with the sessions and PINs that they had, buy from the restored shop."""
    restored = Fleet(machine, fleet.folder, fleet.cluster, fleet.options)
    restored.start(workers=1)
    try:
        for buyer in buyers:
            buyer.fleet, buyer.transport = restored, restored.wire
        before = len(orders(restored.engine))
        for number in range(several):
            buyer = buyers[number % len(buyers)]
            scanned = buyer.put(dates.label)
            found.require(scanned.status == 201, f"a scan after the restore: {said(scanned)}")
            paid = buyer.buy(scanned.json["cart"]["id"])
            found.require(paid.status == 201, f"a payment after the restore: {said(paid)}")
        placed = len(orders(restored.engine)) - before
        found.demand(placed == several, f"{placed} orders instead of {several} after the restore")
        found.faults += restored.invariants()
    finally:
        restored.stop()


def refuses_damage(fleet: Fleet, found: Found, file: Path, *, damaged: int, seed: int) -> int:
    """Any byte, any cut: nothing is written, neither where nothing is nor over a shop."""
    whole, chance = file.read_bytes(), random.Random(seed)
    bad, nowhere = fleet.folder / "bad.zip", Settings(data=fleet.folder / "nowhere")
    contents = [whole[: chance.randrange(len(whole))] for _ in range(damaged // 4)]
    for _ in range(damaged - len(contents)):
        at = chance.randrange(len(whole))
        contents.append(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
    refused = 0
    for content in contents:
        bad.write_bytes(content)
        try:
            restore(nowhere, bad)
        except BackupRefused:
            refused += 1
            found.demand(not nowhere.data.exists(), "something was written for a damaged file")
        else:  # a bit that means nothing, such as a member's time
            found.demand(held(nowhere) == digests(file), "a damaged file was taken")
            nowhere = Settings(data=fleet.folder / f"nowhere-{next(fleet.numbers)}")
    fleet.shopper()  # else the shop may be the backed up one to the last row, and nothing is to be done
    try:
        restore(fleet.settings, file)
    except BackupRefused as refusal:
        found.demand("is not empty" in str(refusal), f"over a shop that sells: {refusal}")
    else:
        found.demand(False, "a backup was put over a shop that sells")
    return refused + 1


def moves(fleet: Fleet, found: Found, file: Path) -> None:
    """The shop as a SQLite file, then into another PostgreSQL database by the command."""
    small, large = replace(fleet.machine(), database_url=""), fleet.machine()
    restore(small, file, keys_path=keys_of(file))
    done = fleet.smartpay(small, "move", "--to", large.main_url)
    found.require(done.returncode == 0, f"not moved: {done.stderr}")
    moved = replace(small, database_url=large.main_url)
    found.demand(held(moved) == digests(file), "a table differs after the move")
    reports = [fleet.smartpay(one, "reconcile", "--json") for one in (small, moved)]
    found.demand(reports[0].returncode == 0, f"reconcile before the move: {reports[0].stdout[:400]}")
    found.demand(reports[0].stdout == reports[1].stdout, "reconcile says something else after the move")
