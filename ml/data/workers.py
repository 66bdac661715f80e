"""The same function over many pictures, in order, on one or several processes."""

import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import Protocol, TypeVar

from ml.data.files import DataUnusable
from ml.data.finder import Finder
from ml.face.pipeline import FaceEngine

Item = TypeVar("Item")
Result = TypeVar("Result")
CHUNK = 8  # pictures handed to a process at once


class Progress(Protocol):
    """Passes the items on and shows how far they are."""

    def __call__(self, items: Iterable[Item], *, total: int, label: str) -> Iterable[Item]: ...


def unseen(items: Iterable[Item], *, total: int, label: str) -> Iterable[Item]:  # noqa: ARG001 - a Progress
    return items


class Workers(Protocol):
    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]: ...


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Results come in the order of the items, whatever the count; 1 stays in this process. Raises DataUnusable if
    the system ends a process (memory, mostly)."""
    if count == 1:
        yield _here
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:

        def mapped(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
            try:
                yield from pool.map(function, items, chunksize=CHUNK)
            except BrokenProcessPool as error:
                raise DataUnusable(
                    "a worker process was ended by the system; run again with fewer --workers."
                ) from error

        try:
            yield mapped
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _here(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    return map(function, items)


@cache
def finder() -> Finder:
    """This process's own; its models are loaded at the first call."""
    return Finder(FaceEngine.load())


def batched(items: Iterable[Item], count: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, count)):
        yield batch


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """A killed parent would leave its workers waiting for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
