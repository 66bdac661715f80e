"""Money is counted in whole minor units: nowhere in its rooms is there a fraction that a processor rounds."""

from __future__ import annotations

import ast

from tests.architecture.house import modules

ROOMS = ("backend/money.py", "backend/ledger", "backend/orders", "backend/carts", "backend/checkout")
ROUNDING = {"float", "round", "fsum", "sqrt"}


def test_no_float_is_near_the_money():
    found = [
        f"{path}:{node.lineno}"
        for path, module in modules(*ROOMS).items()
        for node in ast.walk(module)
        if rounds(node)
    ]
    assert found == []


def test_the_rooms_of_money_are_looked_at():
    assert {path.split("/")[1] for path in map(str, modules(*ROOMS))} >= {
        "money.py",
        "ledger",
        "orders",
        "carts",
        "checkout",
    }


def rounds(node: ast.AST) -> bool:
    """A literal with a point, `float` and its kin, or the division that makes one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float | complex)
    if isinstance(node, ast.Name):
        return node.id in ROUNDING
    return isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
