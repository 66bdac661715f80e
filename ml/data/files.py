"""Files that are either whole or absent, and the one kind of error that reading and writing them raises."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


class DataUnusable(Exception):
    """A source, a prepared folder or a place to write to cannot be used; the message is one sentence that
    names the file."""


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """`write` fills a temporary file beside `path`, which replaces `path` once it is on the disk: a crash leaves
    the old file or the new one. Raises DataUnusable, naming `path`, and leaves nothing behind."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataUnusable(f"{path} cannot be written: {error.strerror or error}.") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda out: out.write(text.encode()))


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """As .npy. Not by np.save: on a full disk that says how many items are missing, not that it is full."""
    array = np.ascontiguousarray(array)

    def write(out: BinaryIO) -> None:
        np.lib.format.write_array_header_1_0(out, np.lib.format.header_data_from_array_1_0(array))
        out.write(array.reshape(-1).view(np.uint8).data)

    write_atomically(path, write)


def read_array(path: Path, kind: type[Scalar]) -> NDArray[Scalar]:
    """A .npy file of numbers of that kind, memory-mapped and read-only. Raises DataUnusable when it is absent, cut
    off, of another kind or no .npy file."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DataUnusable(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, EOFError) as error:
        raise DataUnusable(f"{path} is damaged: {error}.") from error
    if array.dtype != kind:
        raise DataUnusable(f"{path} holds {array.dtype} instead of {kind.__name__}.")
    checked: NDArray[Scalar] = array
    return checked


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataUnusable(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise DataUnusable(f"{path} is not UTF-8 text (byte {error.start}).") from error


def make_folder(path: Path) -> None:
    """Raises DataUnusable if it cannot be made or nothing can be written into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataUnusable(f"{path} cannot be made: {error.strerror or error}.") from error
    probe = path / ".writable"
    write_text(probe, "")
    probe.unlink(missing_ok=True)


def sha256_of(*parts: str) -> str:
    """Of the parts, one a line."""
    return hashlib.sha256("".join(part + "\n" for part in parts).encode()).hexdigest()


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
