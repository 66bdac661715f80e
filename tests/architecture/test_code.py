"""Rules of the house that a reader could miss: where a commit, the environment and a slow port may stand."""

from __future__ import annotations

import ast

from tests.architecture.house import ROOT, functions, modules

LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def test_only_the_transaction_runner_commits():
    assert [
        where for where in attributes("commit") if not where.startswith("backend/db/transaction.py:")
    ] == []


def test_only_the_settings_read_the_environment():
    found = [where for name in ("environ", "environb", "getenv", "putenv") for where in attributes(name)]
    assert [where for where in found if not where.startswith("backend/settings.py:")] == []


def test_no_module_is_longer_than_the_wall():
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_MAX} == {}


def test_no_function_is_longer_than_the_wall():
    lengths = {place: node.end_lineno - node.lineno + 1 for place, node in functions()}
    lists = "backend/db/migrations/"  # a migration is a list of tables
    assert {
        place: lines
        for place, lines in lengths.items()
        if lines > FUNCTION_LINES_MAX and not place.startswith(lists)
    } == {}


def test_no_function_takes_a_transaction_and_a_slow_port():
    slow = slow_ports()
    assert slow >= {"FaceEngine", "PinHasher", "Notifier"}
    both = {place: annotations(node) for place, node in functions("backend", "admin_panel")}
    assert [
        place for place, types in both.items() if types & {"Transaction", "Connection"} and types & slow
    ] == []


def attributes(name: str) -> list[str]:
    """Where `….name` or `from … import name` stands."""
    found = []
    for path, module in modules().items():
        for node in ast.walk(module):
            named = isinstance(node, ast.Attribute) and node.attr == name
            imported = isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}
            if named or imported:
                found.append(f"{path}:{node.lineno}")
    return found


def annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Every name in the types of the arguments."""
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    types = [argument.annotation for argument in arguments if argument.annotation is not None]
    return {node.id for kind in types for node in ast.walk(kind) if isinstance(node, ast.Name)}


def slow_ports() -> set[str]:
    """The ports whose docstring begins with the word."""
    classes = [
        node
        for path, module in modules("backend").items()
        if path.name == "ports.py"
        for node in module.body
        if isinstance(node, ast.ClassDef)
    ]
    return {node.name for node in classes if (ast.get_docstring(node) or "").startswith("Slow")}
