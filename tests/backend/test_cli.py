"""The console command: quick, helpful, and clear about what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from backend import cli
from backend.db import version


def test_help_names_every_command_without_loading_them(capsys: pytest.CaptureFixture[str]) -> None:
    heavy = "sqlalchemy", "flask", "alembic", "onnxruntime"
    asked = (
        "import sys; from backend import cli; cli.parser().format_help(); "
        f"sys.exit(str([name for name in {heavy} if name in sys.modules] or ''))"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False, capture_output=True).stderr == b"\n"
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in ("init", "migrate"))


def test_init_and_migrate_make_a_shop_out_of_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "var")
    for command in ("init", "migrate", "migrate"):
        assert cli.main(["--data", folder, command]) == 0
    newest = version.newest("main")
    assert f"main: schema {newest} (newest: {newest})" in capsys.readouterr().out


def test_files_of_the_database_are_the_owners_alone(folder: Path) -> None:
    assert [path.name for path in folder.glob("*.sqlite*") if path.stat().st_mode & 0o077] == []


def test_every_wrong_setting_has_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://nowhere")
    monkeypatch.setenv("SMARTPAY_GRANT_LIFETIME_S", "soon")
    assert cli.main(["--data", str(tmp_path), "init"]) == cli.REFUSED_SETTINGS
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["DATABASE_URL", "SMARTPAY_GRANT_LIFETIME_S"]


def test_a_database_that_is_away_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/nothing?host={tmp_path}")
    assert cli.main(["--data", str(tmp_path), "migrate"]) == cli.FAILED
    error = capsys.readouterr().err
    assert error.startswith("smartpay migrate: the database does not answer: ")
    assert len(error.splitlines()) == 1


def test_a_catalogue_with_faults_names_each_line_and_imports_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "products.csv"
    file.write_text("sku,nonsense\n1,2\n")
    assert cli.main(["--data", str(folder), "import", str(file)]) == cli.FAILED
    assert "nothing was imported" in capsys.readouterr().err


def test_somebody_new_may_sign_in_once_they_are_added(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ["--data", str(folder), "staff-add", "huda", "--role", "packer"]
    assert cli.main(add) == 0
    assert len(capsys.readouterr().out.split()[-1]) == 16
    assert cli.main(add) == cli.FAILED
    assert "login_taken" in capsys.readouterr().err
    assert cli.main([*add[:-3], "omar", "--role", "packer", "--store", "X9"]) == cli.FAILED
    assert "store_unknown" in capsys.readouterr().err


def test_webhooks_are_looked_after_without_a_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    webhooks = ["--data", str(folder), "webhooks"]
    assert cli.main([*webhooks, "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"endpoints": [], "failed": []}
    assert cli.main([*webhooks, "replay", str(UUID(int=1)), str(UUID(int=2))]) == cli.FAILED
    assert "webhook_not_found" in capsys.readouterr().err


def test_a_demo_shop_is_filled_once_and_reconciles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = ["--data", str(folder), "seed", "--demo"]
    assert cli.main(seed) == 0
    first = capsys.readouterr().out
    assert cli.main(seed) == 0
    assert capsys.readouterr().out == first  # the same logins
    assert cli.main(["--data", str(folder), "reconcile", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]


def test_a_reset_empties_a_demo_shop_and_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--data", str(folder), "seed", "--demo", "--reset"]) == cli.REFUSED_SETTINGS
    assert "is none" in capsys.readouterr().err
    cli.main(["--data", str(folder), "seed", "--demo"])
    assert cli.main(["--data", str(folder), "seed", "--demo", "--reset"]) == 0
