"""What is wrong with an installation, and what to do about it; and the two pages of docs that come from the code."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.exc import SQLAlchemyError

from backend.api.problems import PROBLEMS
from backend.db.transaction import Runner, engine_for
from backend.errors import Refusal, SettingsRefused
from backend.operations import faces
from backend.operations.migrate import versions
from backend.settings import KEY_FILES, Settings, secret_file
from ml.face.manifest import ROLES, Manifest, ModelsUnusable

PYTHON_MIN = (3, 11)
SQLITE_MIN = (3, 35)  # UPDATE … RETURNING
DISK_FREE_MIN_BYTES = 500_000_000
Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Line:
    status: Status
    name: str
    found: str
    advice: str = ""


def examine(settings: Settings, *, host: str, port: int) -> list[Line]:
    """Looks at everything and changes nothing."""
    models = settings.models
    stored, engine = list(database(settings)), face_models(models)
    return [
        python(sys.version_info[:3]),
        data_folder(settings),
        *keys(settings),
        *stored,
        engine,
        *([enrolled_faces(settings, models)] if healthy([*stored, engine]) else []),
        disk(settings),
        port_free(host, port),
    ]


def python(version: tuple[int, ...]) -> Line:
    found = ".".join(map(str, version))
    if version < PYTHON_MIN:
        return Line("fail", "python", found, "Use Python 3.11 or newer: PYTHON=/its/path ./scripts/run")
    return Line("ok", "python", found)


def data_folder(settings: Settings) -> Line:
    folder = settings.data
    if not folder.is_dir():
        return Line("fail", "data folder", f"{folder} is missing", "Run: smartpay init")
    if folder.stat().st_mode & 0o077:
        return Line("fail", "data folder", f"{folder} is open to others", f"Run: chmod 700 {folder}")
    return Line("ok", "data folder", str(folder.resolve()))


def keys(settings: Settings) -> Iterator[Line]:
    problems: list[str] = []
    for name in KEY_FILES:
        try:
            secret_file(settings, name)
        except SettingsRefused as refused:
            problems += refused.problems
    for problem in problems:
        found, _, advice = problem.partition("; run: ")
        yield Line("fail", "keys", found, f"Run: {advice}")
    if not problems:
        yield Line("ok", "keys", f"all {len(KEY_FILES)} are there")


def database(settings: Settings) -> Iterator[Line]:
    kind = settings.main_url.partition(":")[0]
    if kind == "sqlite":
        if sqlite3.sqlite_version_info < SQLITE_MIN:
            yield Line(
                "fail", "database", f"SQLite {sqlite3.sqlite_version}", "SQLite 3.35 or newer is needed"
            )
        file = Path(settings.main_url.removeprefix("sqlite:///"))
        if not file.exists():  # looking would make it
            yield Line("fail", "database", f"{file} is missing", "Run: smartpay migrate")
            return
    try:
        found = versions(settings.main_url, settings.keys_url)
    except (SQLAlchemyError, Refusal) as problem:
        reason = str(problem).partition("\n")[0]
        yield Line(
            "fail", "database", f"{kind} does not answer: {reason}", "Check DATABASE_URL and the server"
        )
        return
    for one in found:
        if one.current == one.newest:
            yield Line("ok", "database", f"{kind}, {one.history}: schema {one.current}")
        else:
            said = f"{kind}, {one.history}: schema {one.current or 'empty'}, newest is {one.newest}"
            yield Line("fail", "database", said, "Run: smartpay migrate")


def face_models(folder: Path) -> Line:
    try:
        manifest = Manifest.read(folder)
        for role in ROLES:
            manifest.model_bytes(role)
    except ModelsUnusable as problem:
        return Line("fail", "face models", str(problem), "Restore the folder from the release")
    return Line("ok", "face models", f"{manifest.model_version}, every sha256 as in the manifest")


def enrolled_faces(settings: Settings, folder: Path) -> Line:
    model = Manifest.read(folder).model_version
    engine = engine_for(settings.main_url, pool_size=1)
    try:
        outdated = faces.status(Runner(engine), model=model).outdated
    finally:
        engine.dispose()
    if outdated:
        found = f"shoppers enrolled for another version than {model}: {outdated}"
        return Line("warn", "enrolled faces", found, "Ask them to enrol again: smartpay faces re-embed")
    return Line("ok", "enrolled faces", f"nobody is enrolled for another version than {model}")


def disk(settings: Settings) -> Line:
    place = next(path for path in (settings.data, *settings.data.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = f"{free // 1_000_000} MB free"
    if free < DISK_FREE_MIN_BYTES:
        return Line("warn", "disk", found, "Make room: a full disk stops every payment")
    return Line("ok", "disk", found)


def port_free(host: str, port: int) -> Line:
    try:
        socket.create_server((host, port)).close()
    except OSError as problem:
        found = f"{host}:{port}: {problem.strerror}"
        return Line("warn", "port", found, "Fine if the shop is open; otherwise: smartpay serve --port N")
    return Line("ok", "port", f"{host}:{port} is free")


def to_lines(found: list[Line]) -> list[str]:
    width = max(len(line.name) for line in found)
    return [
        f"{line.status:<5} {line.name:<{width}}  {line.found}{f'. {line.advice}' if line.advice else ''}"
        for line in found
    ]


def to_json(found: list[Line]) -> dict[str, Any]:
    return {"ok": healthy(found), "lines": [asdict(line) for line in found]}


def healthy(found: list[Line]) -> bool:
    return all(line.status != "fail" for line in found)


def settings_page() -> str:
    """docs/settings.md"""
    rows = [
        f"| `{one.metadata['name']}` | {shown(one.default)} | {one.metadata['meaning']} |"
        for one in fields(Settings)
    ]
    return "\n".join(
        (
            "# Settings",
            "",
            "Made from the code: `smartpay doctor --settings`. From the environment, or as `NAME=value` lines in",
            "`smartpay.env` in the data folder (mode 0600); the environment wins. A wrong or unknown name stops the",
            "start, and every one is named. Secrets are files made by `smartpay init`, never settings.",
            "",
            "| name | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def shown(default: Any) -> str:
    if isinstance(default, timedelta):
        return f"`{int(default.total_seconds())}`"
    return f"`{default}`" if default is not None and str(default) else "–"


def problems_page() -> str:
    """docs/problems.md"""
    rows = [
        f"| `{code}` | {problem.status} | {problem.title} | {problem.detail} |"
        for code, problem in sorted(PROBLEMS.items())
    ]
    return "\n".join(
        (
            "# Problems",
            "",
            "Made from the code: `smartpay doctor --problems`. Every refusal is `application/problem+json` (RFC 9457)",
            "with one of these codes, and changes nothing.",
            "",
            "| code | status | title | what to do |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )
