"""Codes and settings that the code has are the ones that docs/ lists."""

from __future__ import annotations

import ast
import re
from dataclasses import fields

from backend.api.problems import PROBLEMS
from backend.settings import Settings
from tests.architecture.house import ROOT, modules


def test_every_problem_is_documented():
    documented = set(re.findall(r"^\|?\W*`([a-z_]+)`", (ROOT / "docs/problems.md").read_text(), re.MULTILINE))
    assert documented == set(PROBLEMS)


def test_every_setting_is_documented():
    documented = set(re.findall(r"^\|?\W*`([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert documented == {field.metadata["name"] for field in fields(Settings)}


def test_every_refusal_has_its_problem():
    """Else the caller would get a 500 instead of a reason."""
    raised = {
        node.args[0].value: f"{path}:{node.lineno}"
        for path, module in modules("backend").items()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Refusal"
        and isinstance(node.args[0], ast.Constant)
    }
    assert {code: place for code, place in raised.items() if code not in PROBLEMS} == {}


def test_no_problem_is_left_over():
    words = {
        node.value
        for path, module in modules("backend", "admin_panel", "ml/face").items()
        if path.name != "problems.py"
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    own = (ROOT / "backend/api/problems.py").read_text()
    answered_there = {code for code in PROBLEMS if own.count(f'"{code}"') > 1}
    assert set(PROBLEMS) - words - answered_there == set()
