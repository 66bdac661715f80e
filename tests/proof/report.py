"""Runs proofs one after another, remembers what is done, and writes docs/proof.md and docs/proof.json."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.databases import Cluster
from tests.proof.fleet import open_fleet
from tests.proof.result import DATABASES, Found, Proof, Result, Size

ROOT = Path(__file__).parents[2]
STATE = ROOT / "build" / "prove.json"  # what an interrupted run has behind it
JSON_FILE = ROOT / "docs" / "proof.json"
PAGE = ROOT / "docs" / "proof.md"
CONTROL_TRIES_MAX = 3  # a race that is open need not be lost at the first try
FAULTS_SHOWN_MAX = 5
BAR_CHARS = 24


@dataclass
class Run:
    """One call of ./scripts/prove; `done` survives it."""

    proofs: Sequence[Proof]
    databases: Sequence[str]
    size: Size
    seed: int
    cluster: Cluster
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def steps(self) -> list[tuple[Proof, str]]:
        return [(proof, db) for proof in self.proofs for db in proof.databases if db in self.databases]

    def go(self) -> bool:
        """Whether all held."""
        self.remember()
        for number, (proof, database) in enumerate(self.steps):
            step = f"{proof.name} {database}"
            if step not in self.done:
                bar(number, len(self.steps), step)
                result = prove(proof, database, size=self.size, seed=self.seed, cluster=self.cluster)
                self.done[step] = result.as_json()
                self.keep()
                tell(proof, result)
        bar(len(self.steps), len(self.steps), "")
        STATE.unlink(missing_ok=True)
        return all(row["pass"] for row in self.done.values())

    def remember(self) -> None:
        if STATE.exists():
            kept = json.loads(STATE.read_text())
            if kept["of"] == self.identity():
                self.done = kept["done"]
                print(f"going on after {len(self.done)} of {len(self.steps)} that an earlier run has done")

    def keep(self) -> None:
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({"of": self.identity(), "done": self.done}))
        if self.size is Size.FULL:
            publish(self.proofs, self.done)

    def identity(self) -> dict[str, Any]:
        """A run goes on only over the same code and with the same wishes."""
        steps = [f"{proof.name} {database}" for proof, database in self.steps]
        return {"steps": steps, "size": str(self.size), "code": code_digest()}


def prove(proof: Proof, database: str, *, size: Size, seed: int, cluster: Cluster) -> Result:
    """First the control, in its quick form: it must fail. Then the proof."""
    started = time.monotonic()
    control = shown_to_fail(proof, database, seed=seed, cluster=cluster)
    found = attempt(proof, database, size=size, seed=seed, cluster=cluster)
    faults = found.faults if control else [*found.faults, f"the control {proof.sabotage} found nothing"]
    figure = found.figure
    if faults:
        figure = "; ".join([*faults[:FAULTS_SHOWN_MAX], *([figure] if figure else [])])
    seconds = round(time.monotonic() - started, 1)
    return Result(not faults, database, figure, found.n, seconds, seed, control)


def shown_to_fail(proof: Proof, database: str, *, seed: int, cluster: Cluster) -> str:
    for further in range(CONTROL_TRIES_MAX):
        found = attempt(
            proof, database, size=Size.QUICK, seed=seed + further, cluster=cluster, sabotage=proof.sabotage
        )
        if found.faults:
            return f"{proof.sabotage}: {found.faults[0]}"
    return ""


def attempt(
    proof: Proof, database: str, *, size: Size, seed: int, cluster: Cluster, sabotage: str = ""
) -> Found:
    """One run in a fleet of its own; the invariants are looked at whatever the proof saw."""
    with open_fleet(database, cluster=cluster, scratch=bool(sabotage), **proof.options) as fleet:
        if sabotage:
            fleet.sabotage(sabotage)
        found = proof(fleet, size=size, seed=seed)
        found.faults += fleet.invariants()
    return found


def tell(proof: Proof, result: Result) -> None:
    word = "holds " if result.pass_ else "FAILED"
    print(
        f"{proof.name:<5} {result.database:<11} {word} {result.seconds:>7.1f} s  {result.figure}", flush=True
    )


def bar(done: int, total: int, step: str) -> None:
    """On a terminal only; logs and pipes stay as they are."""
    if sys.stderr.isatty():
        full = BAR_CHARS * done // max(total, 1)
        line = f"\r\033[K{'█' * full}{'░' * (BAR_CHARS - full)} {done}/{total} {step}"
        print(line, end="\n" if done == total else "\r", file=sys.stderr, flush=True)


def code_digest() -> str:
    """Of the commit and of what was changed since, documents left out."""
    words = (["rev-parse", "HEAD"], ["diff", "HEAD", "--", ".", ":!docs"])
    said = [
        subprocess.run(["git", *word], cwd=ROOT, capture_output=True, check=False).stdout for word in words
    ]
    return hashlib.sha256(b"".join(said)).hexdigest()


def publish(proofs: Sequence[Proof], done: dict[str, dict[str, Any]]) -> None:
    """What ran replaces what stood there of the same proof and database; the rest stays."""
    kept: dict[str, list[dict[str, Any]]] = json.loads(JSON_FILE.read_text()) if JSON_FILE.exists() else {}
    for step, row in done.items():
        name = step.split()[0]
        others = [old for old in kept.get(name, []) if old["database"] != row["database"]]
        kept[name] = sorted([*others, row], key=lambda one: DATABASES.index(one["database"]))
    kept = dict(sorted(kept.items(), key=lambda item: (item[0].rstrip("0123456789"), number_of(item[0]))))
    JSON_FILE.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    from tests.proof.result import PROOFS

    PAGE.write_text(page(kept, {name: proof.title for name, proof in PROOFS.items()}))


def number_of(name: str) -> int:
    digits = name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isdigit() else 0


def page(rows: dict[str, list[dict[str, Any]]], titles: dict[str, str]) -> str:
    lines = [
        "# Proofs",
        "",
        "Written by `./scripts/prove`: own server processes over HTTP, databases on disk with durable settings.",
        "After each proof the invariants I1–I9 (`tests/proof/invariants.py`) were looked at. Before it, the same",
        "proof ran in a shop with one guard taken out (`tests/proof/sabotage.py`) and found it: the control.",
        f"Last written on {machine()}.",
        "",
        "| proof | database | holds | n | figure | control | seconds | seed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, results in rows.items():
        for row in results:
            cells = [
                f"{name} {titles.get(name, '')}".strip(),
                row["database"],
                "yes" if row["pass"] else "**no**",
                f"{row['n']:,}",
                row["figure"],
                row.get("control", ""),
                f"{row['seconds']:.0f}",
                str(row["seed"]),
            ]
            lines.append(
                "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
            )
    return "\n".join([*lines, ""])


def machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
