"""pyproject.toml declares what serving imports, no less and no more, and the lock files pin all of it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.architecture.house import PACKAGES, ROOT, modules

SERVING = ("backend", "admin_panel", "catalogue", "ml/face")
LOADED_BY_NAME = {
    "psycopg": "SQLAlchemy loads it for postgresql:// addresses",
    "uharfbuzz": "fpdf2 loads it to shape Arabic",
    "tzdata": "zoneinfo reads it where the system has no zones",
}


def test_what_serving_imports_is_declared():
    """A package that only came along with another one may leave with it."""
    assert imported() - declared("dependencies") == set()


def test_what_is_declared_is_used():
    assert declared("dependencies") - imported() - set(LOADED_BY_NAME) == set()


def test_every_declared_package_is_pinned_with_hashes():
    serving = pinned("requirements.txt")
    assert declared("dependencies") - serving == set()
    assert (declared("dependencies") | declared("test")) - pinned("requirements-test.txt") == set()


def test_tests_and_serving_pin_the_same_versions():
    assert pins("requirements.txt") - pins("requirements-test.txt") == set()


def imported() -> set[str]:
    """Distributions that the serving code imports itself."""
    distributions = packages_distributions()
    names = {
        name
        for module in modules(*SERVING).values()
        for node in ast.walk(module)
        for name in roots(node)
        if name not in sys.stdlib_module_names and name not in PACKAGES
    }
    return {normal(distributions.get(name, [name])[0]) for name in names}


def roots(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [str(node.module).split(".")[0]]
    return []


def declared(part: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = project[part] if part in project else project["optional-dependencies"][part]
    return {normal(re.split(r"[\[<>=~! ;]", requirement)[0]) for requirement in requirements}


def pins(file: str) -> set[str]:
    return set(
        re.findall(r"^(\S+==\S+)(?=[^\n]*\\\n +--hash=sha256:)", (ROOT / file).read_text(), re.MULTILINE)
    )


def pinned(file: str) -> set[str]:
    return {normal(pin.split("==")[0].split("[")[0]) for pin in pins(file)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
