"""Every route says who may call it."""

from __future__ import annotations

import ast

from tests.architecture.house import functions

METHODS = {"route", "get", "post", "put", "patch", "delete"}
MARKERS = {"public", "shopper", "device", "staff_role"}


def test_every_route_says_who_may_call_it():
    views = {place: decorators(node) for place, node in functions("backend/api")}
    markers = {place: MARKERS & set(names) for place, names in views.items() if METHODS & set(names)}
    assert markers
    assert {place: found for place, found in markers.items() if len(found) != 1} == {}


def decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The last word of each: `@bp.get("/x")` is get."""
    names = []
    for node in function.decorator_list:
        called = node.func if isinstance(node, ast.Call) else node
        names.append(called.attr if isinstance(called, ast.Attribute) else ast.unparse(called))
    return names
