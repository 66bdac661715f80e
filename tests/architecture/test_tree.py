"""What may be committed: no secret, nothing of one machine, no skipped test, styles that mirror."""

from __future__ import annotations

import os

from tests.architecture.house import ROOT, matching, tracked

# Letters in brackets, so that this file does not hold what it looks for.
PRIVATE_KEY = r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
MACHINE_PATH = r"(^|[^\w.])/(wor[k]|far[m]|hom[e]/\w+|roo[t]|User[s]/\w+)/|/opt/(pyp[i]|wheel[s])"
PACKAGE_INDEX = r"--(extra-)?index-ur[l]|--find-link[s]|\"resolve[d]\": \"https?://(?!registry\.npmjs\.org/)"
PHYSICAL_SIDE = (
    r"(?<![\w.#-])[\w-]*\b(left|right)\b[\w-]*\s*:|\b(text-align|float|clear)\s*:\s*(left|right)\b"
)
SKIPPED = r"\bmark\.(ski[p]|skipi[f]|xfai[l])\b|\bpytest\.(ski[p]|xfai[l]|importorski[p])\b"


def test_no_private_key_is_committed():
    assert matching(PRIVATE_KEY, tracked()) == []


def test_nothing_names_one_machine_or_its_package_index():
    assert matching(f"{MACHINE_PATH}|{PACKAGE_INDEX}", tracked()) == []


def test_every_script_can_be_started():
    scripts = [path for path in tracked() if path.parts[0] in {"scripts", ".ci"} and path.suffix == ""]
    assert scripts
    assert [path for path in scripts if not os.access(ROOT / path, os.X_OK)] == []


def test_no_test_is_skipped():
    ours = [path for path in tracked() if path.parts[0] == "tests" and path.suffix == ".py"]
    assert matching(SKIPPED, ours) == []


def test_style_sheets_name_no_physical_side():
    """Arabic pages mirror themselves only where the style says start and end."""
    sheets = [path for path in tracked() if path.suffix == ".css" and "vendor" not in path.parts]
    assert matching(PHYSICAL_SIDE, sheets) == []
