"""docs/benchmarks.json and docs/benchmarks.md, with a plot of what grows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ml.evaluate.plots import Axis, Line, plot
from tests.bench.figure import BENCHES, Bench, Figure
from tests.proof.processes import ROOT
from tests.proof.report import machine, number_of

JSON_FILE = ROOT / "docs" / "benchmarks.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURES = ROOT / "docs" / "pictures"


def publish(bench: Bench, figures: Sequence[Figure]) -> None:
    """What was measured replaces what stood there of the same benchmark; the rest stays."""
    kept: dict[str, dict[str, Any]] = json.loads(JSON_FILE.read_text()) if JSON_FILE.exists() else {}
    kept = {name: one for name, one in kept.items() if name.split()[0] != bench.name}
    kept |= {figure.name: figure.as_json() for figure in figures}
    kept = dict(sorted(kept.items(), key=lambda item: (number_of(item[0].split()[0]), item[0])))
    JSON_FILE.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    pictures = {name: draw(name, one) for name, one in kept.items() if one.get("curve")}
    PAGE.write_text(page(kept, pictures))


def draw(name: str, one: dict[str, Any]) -> str:
    """The picture's path beside the page."""
    points = [(float(x), float(y)) for x, y in one["curve"]]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    svg = plot(
        name,
        Axis(one["curve_of"], min(xs), max(xs), log=True),
        Axis(one["unit"], 0, max(ys) * 1.1),
        [Line("ours", points, dots=True)],
    )
    file = PICTURES / f"bench-{name.lower().replace(' ', '-')}.svg"
    file.write_text(svg + "\n")
    return f"pictures/{file.name}"


def page(rows: dict[str, dict[str, Any]], pictures: dict[str, str]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Written by `./scripts/bench`. Ours and its reference are measured in the same run, in turns, on the same",
        "machine with the load generator on the same cores; the median of five rounds (CG18: three) after one that",
        "is thrown away. Databases are on disk and durable (`fsync` and `synchronous_commit` on, SQLite `FULL`).",
        f"Spread is that of the ratio over the rounds. Last written on {machine()}.",
        "",
        "| figure | ours | reference | ratio | goal | reached | spread | reference is | note |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in rows.items():
        bench = BENCHES.get(name.split()[0])
        reached = one.get("reached", "")
        cells = [
            f"{name}: {bench.title}" if bench else name,
            f"{one['ours']:g} {one['unit']}",
            "" if one["reference"] is None else f"{one['reference']:g}",
            "" if one["ratio"] is None else f"{one['ratio']:g}",
            f"{one['goal']}{'' if one['of'] == 'ratio' else ' ' + one['unit']}" if "goal" in one else "",
            f"**{reached}**" if reached == "missed" else reached,
            f"{one['spread']:.0%}" if "spread" in one else "",
            one["reference_is"],
            one.get("note", ""),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += [line for name, path in pictures.items() for line in ("", f"![{name}]({path})")]
    return "\n".join([*lines, ""])


def row(figure: Figure) -> str:
    """For a person at a terminal."""
    parts = [f"{figure.name:<24} {figure.ours:>10.4g} {figure.unit}"]
    if figure.ratio is not None:
        parts.append(f"{figure.ratio:.2f} of {figure.reference:.4g}")
    if figure.goal:
        parts.append(f"{figure.goal.words()}: {figure.goal.reached(figure)}")
    if figure.spread is not None:
        parts.append(f"spread {figure.spread:.0%}")
    return "  ".join([*parts, *([f"({figure.note})"] if figure.note else [])])
