"""The commands' JSON files → figures.json and a table: every goal with what was reached, or "not measured"."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml.evaluate.errors import EvaluationError
from ml.evaluate.goals import GOALS, Goal, Interval, Part
from ml.evaluate.plots import Svg, det_plot, reliability_plot, roc_plot
from ml.evaluate.result import rounded, write_json, write_page

Row = dict[str, Any]


def collect(folder: Path) -> dict[str, Row]:
    """One entry a goal: must, aim, reached, low, high, n, command, holds; lists where the goal has several numbers
    (`what` names them), None where nothing was measured. Raises EvaluationError naming a file that is no JSON."""
    return _rows(_read(folder))


def _rows(contents: Sequence[dict[str, Any]]) -> dict[str, Row]:
    return {goal.name: _row(goal, contents) for goal in GOALS}


def _read(folder: Path) -> list[dict[str, Any]]:
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder")
    contents: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EvaluationError(f"{file} is not JSON: {error}") from error
        if isinstance(content, dict):
            contents += [content, *content.get("others", [])]
    return [_with_neighbours(content, contents) for content in contents]


def _with_neighbours(content: dict[str, Any], contents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures that need two files: masked over the untuned net's, and five pictures at the shipped threshold."""
    untuned = [
        c for c in contents if c.get("protocol") == content.get("protocol") and c.get("model") == "untuned"
    ]
    match content.get("protocol"), content.get("enrol"):
        case "masked", _:
            same = [c for c in untuned if c.get("recipe") == content.get("recipe")]
            theirs = same[0].get("fnmr_at_fmr", {}).get("1e-3", {}).get("fnmr") if same else None
            ours = content.get("fnmr_at_fmr", {}).get("1e-3", {}).get("fnmr")
            return {**content, "over_untuned": ours / theirs if theirs and ours is not None else None}
        case "all-pairs", 1:
            five = [
                c
                for c in contents
                if c.get("enrol") == 5 and c.get("version") == content.get("version") and _whole(c)
            ]
            return {**content, "shipped_five": five[0].get("shipped") if five else None}
    return content


def _whole(content: dict[str, Any]) -> bool:
    return content.get("protocol") == "all-pairs" and "label" not in content


def _row(goal: Goal, contents: Sequence[dict[str, Any]]) -> Row:
    """The largest run counts where several files hold the protocol; a file that says `"figure"` goes first."""
    named = [c for c in contents if c.get("figure") == goal.name]
    fitting = named or sorted(
        (c for c in contents if goal.takes and goal.takes(c)), key=lambda c: -int(c.get("n_impostor") or 0)
    )
    source = fitting[0] if fitting else {}
    numbers = [part.read(source) for part in goal.parts]
    measured = any(number is not None for number in numbers)
    row: dict[str, Any] = {
        "title": goal.title,
        "what": [part.what for part in goal.parts],
        "must": [part.must for part in goal.parts],
        "aim": [part.aim for part in goal.parts],
        **{
            key: [None if n is None else n[i] for n in numbers]
            for i, key in enumerate(("reached", "low", "high"))
        },
    }
    if len(goal.parts) == 1:
        row = {key: text if key == "title" else text[0] for key, text in row.items()}
    return {
        **rounded(row),
        "n": _n(source) if measured else None,
        "command": source.get("command") if measured else None,
        "holds": _holds(goal.parts, numbers, "must"),
        "aim_reached": _holds(goal.parts, numbers, "aim"),
    }


def _holds(parts: Sequence[Part], numbers: Sequence[Interval | None], limit: str) -> bool | None:
    """None when a number that has such a limit was not measured."""
    verdicts = []
    for part, number in zip(parts, numbers, strict=True):
        wanted = getattr(part, limit)
        if wanted is None:
            continue
        if number is None:
            return None
        verdicts.append(number[0] >= wanted if part.least else number[0] <= wanted)
    return all(verdicts)


def _n(source: dict[str, Any]) -> Any:
    if "n" in source:
        return source["n"]
    counts = {
        "people": source.get("n_people"),
        "genuine": source.get("n_genuine"),
        "impostor": source.get("n_impostor"),
        "pictures": source.get("n_pictures") or source.get("pictures"),
        "runs": source.get("runs"),
    }
    return {name: count for name, count in counts.items() if count}


def write_figures(folder: Path, out: Path) -> dict[str, Row]:
    """figures.json, figures.md and, of what has curves, pictures/*.svg in `out`."""
    contents = _read(folder)
    figures, drawn = _rows(contents), _plots(contents)
    write_json(out / "figures.json", figures)
    write_page(out / "figures.md", table(figures, list(drawn)))
    for name, svg in drawn.items():
        write_page(out / "pictures" / f"{name}.svg", svg + "\n")
    return figures


def _plots(contents: Sequence[dict[str, Any]]) -> dict[str, Svg]:
    """File name → plot, of the default model."""
    ours = [c for c in contents if c.get("model") == "default" and "label" not in c]
    curves = [(name, c["det"]) for c in ours if c.get("det") and (name := _curve_name(c))]
    said = [
        (name, [(a, b) for a, b, _ in points])
        for c in ours
        for name, points in (c.get("reliability") or {}).items()
    ]
    return {
        **({"det": det_plot(curves), "roc": roc_plot(curves)} if curves else {}),
        **({"reliability": reliability_plot(said)} if said else {}),
    }


def _curve_name(content: dict[str, Any]) -> str:
    """Empty for a protocol whose curve says nothing beside the others."""
    match content.get("protocol"), content.get("enrol"):
        case "all-pairs", 1:
            return "one picture"
        case "all-pairs", several:
            return f"{several} pictures"
        case "masked", _:
            return f"masked, {content['recipe']}"
    return ""


def table(figures: dict[str, Row], plots: Sequence[str] = ()) -> str:
    lines = [
        "# Figures of the face model",
        "",
        "Made by `python -m ml.evaluate figures`; the same numbers: `figures.json`. Intervals: 95 %, people drawn.",
        "",
        "| # | figure | must | aim | reached | 95 % | n | must holds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in figures.items():
        parts = [dict(zip(PARTS, values, strict=True)) for values in _by_part(row)]
        for number, part in enumerate(parts):
            lines.append(_line(name if number == 0 else "", row, part))
    commands = sorted({row["command"] for row in figures.values() if row["command"]})
    lines += ["", "Commands:", "", *[f"- `{command}`" for command in commands]] if commands else []
    lines += [line for name in plots for line in ("", f"![{name} curves](pictures/{name}.svg)")]
    return "\n".join(lines) + "\n"


PARTS = ("what", "must", "aim", "reached", "low", "high")


def _by_part(row: Row) -> list[tuple[Any, ...]]:
    if isinstance(row["what"], list):
        return list(zip(*(row[key] for key in PARTS), strict=True))
    return [tuple(row[key] for key in PARTS)]


def _line(name: str, row: Row, part: dict[str, Any]) -> str:
    reached = "not measured" if part["reached"] is None else _number(part["reached"])
    spread = "" if part["low"] is None else f"{_number(part['low'])} to {_number(part['high'])}"
    n = row["n"]
    counts = (
        ", ".join(f"{count:,} {what}" for what, count in n.items()) if isinstance(n, dict) else str(n or "")
    )
    holds = {True: "yes", False: "**no**", None: "–"}[row["holds"]]
    what = f"{row['title']}: {part['what']}" if name else part["what"]
    limits = f"{_number(part['must'])} | {_number(part['aim'])}"
    return f"| {name} | {what} | {limits} | {reached} | {spread} | {counts if name else ''} | {holds if name else ''} |"


def _number(number: float | None) -> str:
    return "–" if number is None else f"{number:.4g}"
