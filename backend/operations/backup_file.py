"""The file of a backup: what a shop's tables hold, in words that both databases share.

A ZIP archive: one member a table, a JSON array a line in the order of the primary key, and `manifest.json` last with
the schema, the columns, and the number of rows and SHA-256 of each member. Times are ISO 8601, bytes base64.
It proves damage, not forgery: who may write the file may also write its digests.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from sqlalchemy import Column, Date, LargeBinary, Table

from backend.db import version
from backend.db.schema import UtcTime

FORMAT = 1
MANIFEST = "manifest.json"
ROWS_A_TURN = 1_000
DAMAGE = (
    BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
)


class BackupRefused(Exception):
    """Says in a sentence why nothing was written."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Of one table."""

    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    history: str  # of migrations: "main", or "keys" for the store of wrapped per-shopper keys
    schema: str
    made_at: str
    tables: dict[str, Contents]
    files: dict[str, str] = field(default_factory=dict)  # key files, by name: their SHA-256

    @property
    def rows(self) -> int:
        return sum(contents.rows for contents in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Manifest:
        if read["format"] != FORMAT:
            raise ValueError(f"format {read['format']} instead of {FORMAT}")
        tables = {
            name: Contents(tuple(one["columns"]), one["rows"], one["sha256"])
            for name, one in read["tables"].items()
        }
        return cls(read["history"], read["schema"], read["made_at"], tables, read["files"])


def member(table: str) -> str:
    return f"{table}.jsonl"


def as_text(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    assert isinstance(value, bytes), type(value)
    return b64encode(value).decode()


ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=as_text
)  # sorted: PostgreSQL keeps no order of keys


def write_rows(
    rows: Iterable[Sequence[object]], columns: Iterable[str], out: IO[bytes] | None = None
) -> Contents:
    """Without `out` it only says what would be written."""
    digest, number = hashlib.sha256(), 0
    for row in rows:
        line = ENCODER.encode(tuple(row)).encode() + b"\n"
        digest.update(line)
        number += 1
        if out is not None:
            out.write(line)
    return Contents(tuple(columns), number, digest.hexdigest())


@contextmanager
def opened(path: Path, history: str) -> Iterator[tuple[ZipFile, Manifest]]:
    """Raises BackupRefused unless every byte is as it was written, and of a schema that this version knows."""
    try:
        archive = ZipFile(path)
    except OSError as problem:
        raise BackupRefused(f"{path}: {problem.strerror or problem}") from None
    except DAMAGE as problem:
        raise BackupRefused(f"{path} is damaged: {problem}") from None
    with archive:
        try:
            manifest = Manifest.from_json(json.loads(archive.read(MANIFEST)))
            wrong = [
                *(
                    name
                    for name, contents in manifest.tables.items()
                    if measured(archive, name, contents) != contents
                ),
                *(name for name, sha256 in manifest.files.items() if sha256_of(archive.read(name)) != sha256),
            ]
        except DAMAGE as problem:
            raise BackupRefused(f"{path} is damaged: {problem}") from None
        if wrong:
            raise BackupRefused(f"{path} is damaged: not what the manifest says: {', '.join(wrong)}")
        if manifest.history != history:
            raise BackupRefused(f"{path} is a backup of {manifest.history}, not of {history}")
        if manifest.schema > version.newest(history):
            raise BackupRefused(
                f"{path} has schema {manifest.schema}; this version knows {version.newest(history)}"
            )
        yield archive, manifest


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def measured(archive: ZipFile, table: str, expected: Contents) -> Contents:
    digest, number = hashlib.sha256(), 0
    with archive.open(member(table)) as lines:
        for line in lines:
            digest.update(line)
            number += 1
    return Contents(expected.columns, number, digest.hexdigest())


def turns(archive: ZipFile, table: Table, names: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table in portions, as its columns take them."""
    readers = [(name, read) for name in names if (read := reader(table.c[name]))]
    portion: list[dict[str, Any]] = []
    with archive.open(member(table.name)) as lines:
        for line in lines:
            row: dict[str, Any] = dict(zip(names, json.loads(line), strict=True))
            for name, read in readers:
                if row[name] is not None:
                    row[name] = read(row[name])
            portion.append(row)
            if len(portion) == ROWS_A_TURN:
                yield portion
                portion = []
    if portion:
        yield portion


def reader(column: Column[Any]) -> Callable[[str], object] | None:
    """What turns a value of the file into one for this column; None: it is one."""
    if isinstance(column.type, UtcTime):
        return datetime.fromisoformat
    if isinstance(column.type, Date):
        return date.fromisoformat
    return b64decode if isinstance(column.type, LargeBinary) else None
