"""Files that others made are the ones their manifest names, and every one of them stands in a manifest.

A manifest lists `file` (relative to its folder), `sha256` and, there or further out, `licence`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.architecture.house import ROOT, tracked

FOREIGN = {".onnx", ".otf", ".ttf", ".wasm", ".woff", ".woff2"}


def test_vendored_files_are_unchanged():
    changed = [path for path, entry in listed() if digest(path) != entry["sha256"]]
    assert changed == []


def test_every_foreign_file_stands_in_a_manifest():
    foreign = {path for path in tracked() if path.suffix in FOREIGN or "vendor" in path.parts}
    manifests = {path for path in foreign if path.name == "manifest.json"}
    assert foreign - manifests - {path for path, _ in listed()} == set()


def test_every_foreign_file_has_a_licence():
    assert [path for path, entry in listed() if not entry.get("licence")] == []


def listed() -> Iterator[tuple[Path, dict[str, Any]]]:
    for manifest in tracked():
        if manifest.name == "manifest.json":
            for entry in entries(json.loads((ROOT / manifest).read_text()), {}):
                yield manifest.parent / entry["file"], entry


def entries(node: Any, outer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each named file with what is said further out; `source` names files that are not committed."""
    if isinstance(node, list):
        for item in node:
            yield from entries(item, outer)
    elif isinstance(node, dict):
        said = outer | {name: value for name, value in node.items() if isinstance(value, str)}
        if {"file", "sha256"} <= set(node):
            yield said
        for name, value in node.items():
            if name != "source":
                yield from entries(value, said)


def digest(path: Path) -> str:
    file = ROOT / path
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "missing"
