"""After an upgrade of the face model: who is enrolled for which version, and asking the others to enrol again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from backend.clock import Clock, Ids
from backend.db.transaction import Runner, Transaction
from backend.errors import SettingsRefused
from backend.faces import versions
from backend.faces.versions import Standing, Version
from backend.settings import Settings
from ml.face.manifest import Manifest, ModelsUnusable

BATCH = 200
BAR_CHARS = 30
NO_PICTURES = (
    "This shop keeps no pictures, as its consent says: templates of another version cannot be made anew, "
    "so their owners are asked to enrol again."
)
SAID = {
    "shoppers": "shoppers with templates of another version",
    "re_embedded": "made anew from kept pictures",
    "asked": "asked to enrol again",
    "asked_before": "asked by an earlier run",
    "enrolled_again": "enrolled for this version already",
    "without_consent": "without consent (the worker erases these)",
    "templates_dropped": "templates deleted",
}
Tell = Callable[[int, int], None]  # done, of how many


@dataclass(frozen=True, slots=True)
class Status:
    model: str
    versions: list[Version]  # the present one first
    outdated: int  # shoppers who have to enrol again

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def to_lines(self) -> list[str]:
        width = max(len(each.model) for each in self.versions)
        lines = [f"  {'model':<{width}}  shoppers  templates"]
        lines += [
            f"{'*' if each.model == self.model else ' '} {each.model:<{width}}  {each.shoppers:>8}  {each.templates:>9}"
            for each in self.versions
        ]
        return [*lines, f"* the present model; shoppers who have to enrol again: {self.outdated}"]


@dataclass(slots=True)
class Renewal:
    """What was done, or on a dry run would be, for the shoppers with templates of another version."""

    model: str
    dry_run: bool
    shoppers: int = 0
    re_embedded: int = 0  # from kept pictures: none while none are kept
    asked: int = 0
    asked_before: int = 0
    enrolled_again: int = 0  # nothing to ask for
    without_consent: int = 0  # the worker erases these
    templates_dropped: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def to_lines(self) -> list[str]:
        counts = [f"{getattr(self, name):>8}  {meaning}" for name, meaning in SAID.items()]
        head = f"present model: {self.model}"
        return [f"{head} (dry run: nothing was changed)" if self.dry_run else head, NO_PICTURES, *counts]

    def note(self, found: Standing, *, asked: bool, dropped: int) -> None:
        self.shoppers += 1
        self.asked += asked
        self.templates_dropped += dropped
        self.without_consent += not found.consented
        self.asked_before += found.outdated and not asked
        self.enrolled_again += found.consented and not found.outdated


def present_model(settings: Settings) -> str:
    """Of the files that a start of the shop would load. Raises SettingsRefused where there is no manifest."""
    try:
        return Manifest.read(settings.models).model_version
    except ModelsUnusable as problem:
        raise SettingsRefused([f"SMARTPAY_FACE_MODELS: {problem}"]) from None


def status(run: Runner, *, model: str) -> Status:
    def look(tx: Transaction) -> Status:
        return Status(model, versions.stored(tx, model=model), versions.count_outdated(tx, model=model))

    return run.read(look)


def re_embed(
    run: Runner,
    *,
    model: str,
    drop: bool,
    dry_run: bool,
    ids: Ids,
    clock: Clock,
    tell: Tell = lambda _done, _total: None,
) -> Renewal:
    """Each shopper in a transaction of their own; cut off, it goes on where it was, and again it changes nothing."""
    renewal = Renewal(model, dry_run)
    total = run.read(lambda tx: versions.count_with_others(tx, model=model))
    for shopper_id in shoppers(run, model):
        found = run.read(lambda tx, who=shopper_id: versions.standing(tx, who, model=model))  # type: ignore[misc]  # bound per round
        idle = not found.consented or not (drop or (found.outdated and not found.asked))
        if dry_run or idle:
            asked = found.outdated and not found.asked
            renewal.note(found, asked=asked, dropped=found.others if drop and found.consented else 0)
        else:
            renew(run, shopper_id, renewal, drop=drop, ids=ids, clock=clock)
        tell(renewal.shoppers, max(total, renewal.shoppers))
    return renewal


def renew(run: Runner, shopper_id: str, renewal: Renewal, *, drop: bool, ids: Ids, clock: Clock) -> None:
    model, now = renewal.model, clock.now()

    def work(tx: Transaction) -> tuple[Standing, bool, int]:
        found = versions.standing(tx, shopper_id, model=model, lock=True)
        if not found.consented:
            return found, False, 0
        asked = found.outdated and versions.ask_again(tx, shopper_id, model=model, now=now)
        dropped = versions.drop_others(tx, shopper_id, model=model, ids=ids, now=now) if drop else 0
        return found, asked, dropped

    found, asked, dropped = run(work)
    renewal.note(found, asked=asked, dropped=dropped)


def shoppers(run: Runner, model: str) -> Iterator[str]:
    """In the order of their ids, read batch by batch, so that no transaction stays open."""
    last: str | None = None
    while batch := run.read(
        lambda tx, after=last: versions.with_others(tx, model=model, after=after, limit=BATCH)  # type: ignore[misc]  # bound per round
    ):
        yield from batch
        last = batch[-1]


def bar(done: int, total: int) -> None:
    """On a terminal only; logs and pipes stay as they are."""
    if not sys.stderr.isatty():
        return
    full = BAR_CHARS * done // total
    line = f"\r{'█' * full}{'░' * (BAR_CHARS - full)} {done}/{total} shoppers"
    print(line, end="\n" if done == total else "", file=sys.stderr, flush=True)
