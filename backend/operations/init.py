"""Make the data folder and its keys; what is there already is never touched."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backend.settings import KEY_FILES, Settings

FOLDER_MODE = 0o700
FILE_MODE = 0o600
SECRET_BYTES = 32


def init(settings: Settings) -> list[Path]:
    """The files that were made; none if nothing was missing. Two at the same time do no harm."""
    with alone(make_folders(settings)):
        missing = [name for name in KEY_FILES if not settings.key_path(name).exists()]
        for name in missing:
            write_whole(settings.key_path(name), new_key(name))
    return [settings.key_path(name) for name in missing]


def make_folders(settings: Settings) -> Path:
    """The folder of keys, inside the data folder."""
    keys = settings.keys_folder
    for folder in (settings.data, keys):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        folder.chmod(FOLDER_MODE)
    return keys


def new_key(name: str) -> bytes:
    """`…-signing.pem`: PKCS #8 PEM, Ed25519 for labels, P-256 for tokens; `….key`: 32 random bytes."""
    if not name.endswith(".pem"):
        return secrets.token_bytes(SECRET_BYTES)
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if name.startswith("label")
        else ec.generate_private_key(ec.SECP256R1())
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_whole(path: Path, content: bytes, *, mode: int = FILE_MODE) -> None:
    with whole_file(path, mode=mode) as out:
        out.write(content)


@contextmanager
def whole_file(path: Path, *, mode: int = FILE_MODE) -> Iterator[IO[bytes]]:
    """Appears under its name only when it is whole and on the disk, whatever happens in between."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(file, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time; the lock falls with the process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
