"""What the tests of this folder look at: the tree as git knows it and our modules as syntax trees."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("backend", "admin_panel", "catalogue", "ml")


@cache
def tracked() -> list[Path]:
    """Files of a commit, relative to the root: tracked ones and new ones that are not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(Path(name) for name in set(names) if name and (ROOT / name).is_file())


@cache
def modules(*packages: str) -> dict[Path, ast.Module]:
    inside = packages or PACKAGES
    return {
        path: ast.parse((ROOT / path).read_text(), str(path))
        for path in tracked()
        if path.suffix == ".py" and any(path.is_relative_to(package) for package in inside)
    }


def functions(*packages: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each function with its place, as path:line name."""
    for path, module in modules(*packages).items():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path}:{node.lineno} {node.name}", node


def matching(pattern: str, paths: list[Path]) -> list[str]:
    """Lines of the text files among `paths` where `pattern` is found, as path:number line."""
    wanted = re.compile(pattern)
    found = []
    for path in paths:
        content = (ROOT / path).read_bytes()
        if b"\0" in content[:8192]:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
            if wanted.search(line):
                found.append(f"{path}:{number} {line.strip()[:120]}")
    return found
