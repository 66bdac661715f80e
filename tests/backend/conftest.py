from __future__ import annotations

from pathlib import Path

import pytest

from backend import cli
from backend.db.transaction import Runner
from tests.backend.checkout.till import Buyer, a_buyer


@pytest.fixture
def buyer(run: Runner) -> Buyer:
    return a_buyer(run)


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The data folder of an empty shop, made by the commands that an operator types."""
    for command in ("init", "migrate"):
        assert cli.main(["--data", str(tmp_path / "var"), command]) == 0
    capsys.readouterr()
    return tmp_path / "var"
