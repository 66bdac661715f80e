"""One HTML file for one or several results: figures with their n first, plots after, the whole JSON at the end."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ml.evaluate.plots import det_plot, reliability_plot, roc_plot

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .25rem .75rem; border-bottom: 1px solid #ddd }
th { text-align: start } td { font-variant-numeric: tabular-nums } svg { width: 100%; max-width: 36rem; display: block }
pre { overflow-x: auto; background: #f6f6f6; padding: 1rem; font-size: 13px } .note { color: #555 }
"""
QUIET = (
    "det",
    "fnmr_at_fmr",
    "reliability",
    "groups",
    "command",
)  # shown otherwise, or in the JSON at the end


def page(title: str, results: Sequence[Mapping[str, Any]], command: str) -> str:
    """results: as Result.as_json gives them."""
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="note"><code>{escape(command)}</code></p>']
    for result in results:
        parts += _one(result)
    curves = [(_name(r), r["det"]) for r in results if r.get("det")]
    if curves:
        parts += [det_plot(curves), roc_plot(curves)]
    said = [(_name(r) + suffix, rows) for r in results for suffix, rows in _reliabilities(r)]
    if said:
        parts.append(reliability_plot(said))
    whole = json.dumps(list(results), indent=1, ensure_ascii=False)
    parts.append(f"<details><summary>All figures as JSON</summary><pre>{escape(whole)}</pre></details>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n<body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _name(result: Mapping[str, Any]) -> str:
    return f"{result.get('model', '')} {result.get('label', '')}".strip()


def _reliabilities(result: Mapping[str, Any]) -> list[tuple[str, list[tuple[float, float]]]]:
    found = result.get("reliability") or {}
    return [(f" {name}", [(row[0], row[1]) for row in rows]) for name, rows in found.items()]


def _one(result: Mapping[str, Any]) -> list[str]:
    rows = [
        (name.replace("_", " "), _shown(value))
        for name, value in result.items()
        if name not in QUIET and value is not None and not isinstance(value, dict | list)
    ]
    parts = [f"<h2>{escape(str(result.get('protocol', '')))}, {escape(_name(result))}</h2>", _table((), rows)]
    if result.get("fnmr_at_fmr"):
        parts.append(
            _table(("FMR", "FNMR", "95 % interval", "threshold", "decided by"), _rates(result["fnmr_at_fmr"]))
        )
    if result.get("groups"):
        parts.append(_records(result["groups"]))
    return parts


def _rates(points: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            rate,
            f"{point['fnmr']:.2%}",
            "–" if point.get("low") is None else f"{point['low']:.2%} to {point['high']:.2%}",
            f"{point['threshold']:.4f}",
            f"{point['decided_by']:,} comparisons" if "decided_by" in point else "–",
        )
        for rate, point in points.items()
    ]


def _records(records: Sequence[Mapping[str, Any]]) -> str:
    head = list(records[0])
    return _table(
        [name.replace("_", " ") for name in head], [[_shown(r.get(name)) for name in head] for r in records]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>" if head else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{top}{body}</table>"


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
