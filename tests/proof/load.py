"""Clients: keep-alive connections, many threads that begin together, and a log of what each was told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import TypeVar

from backend.operations.shopper_device import Reply

Item = TypeVar("Item")
Got = TypeVar("Got")

IDLE_S_MAX = 1.0  # the server hangs up after two seconds without a request
CALL_S_MAX = 30.0
AGAIN = {"idempotency_key_in_use", "database_busy", "storage_unavailable"}
LOST = (502, 503, 504)


def said(reply: Reply) -> str:
    """Status, and the code of a refusal."""
    return f"{reply.status} {reply.code}" if reply.code else str(reply.status)


class CutOff(Exception):
    """No answer came; whether the request had its effect is unknown."""


class Wire:
    """The transport of every device: a connection a thread, spread over the fronts that answer."""

    def __init__(self, ports: Callable[[], Sequence[int]]) -> None:
        self.ports = ports
        self.numbers = count()
        self.own = threading.local()
        self.opened: set[HTTPConnection] = set()  # of threads that may have ended

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        connection = self.connection()
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as problem:
            self.drop()
            raise CutOff(f"{method} {path}: {problem!r}") from problem
        self.own.used_at = time.monotonic()
        if answer.will_close:
            self.drop()
        if answer.status in LOST and not content.startswith(b"{"):
            raise CutOff(f"{method} {path}: {answer.status} from the proxy, not from us")
        return Reply(answer.status, content, dict(answer.headers))

    def connection(self) -> HTTPConnection:
        held: HTTPConnection | None = getattr(self.own, "connection", None)
        if held is not None and time.monotonic() - self.own.used_at < IDLE_S_MAX:
            return held
        self.drop()
        ports = self.ports()
        port = ports[next(self.numbers) % len(ports)]
        fresh = HTTPConnection("127.0.0.1", port, timeout=CALL_S_MAX)
        self.own.connection, self.own.used_at = fresh, time.monotonic()
        self.opened.add(fresh)
        return fresh

    def drop(self) -> None:
        held = getattr(self.own, "connection", None)
        if held is not None:
            held.close()
            self.opened.discard(held)
            self.own.connection = None

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


class Clients:
    """Threads that stay, each with its connection."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="client")

    def each(self, work: Callable[[Item], Got], items: Iterable[Item]) -> list[Got]:
        """As many at a time as there are threads."""
        return list(self.pool.map(work, items))

    def at_once(self, work: Callable[[int], Got]) -> list[Got]:
        """Every thread goes through the barrier and does work(its number)."""
        barrier = threading.Barrier(self.threads)

        def begin(number: int) -> Got:
            barrier.wait()
            return work(number)

        return list(self.pool.map(begin, range(self.threads)))


@contextmanager
def clients(threads: int) -> Iterator[Clients]:
    some = Clients(threads)
    try:
        yield some
    finally:
        some.pool.shutdown(cancel_futures=True)


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """`work` over and over beside the block, until it ends; its first exception ends the block's proof."""
    ended = threading.Event()
    problems: list[BaseException] = []

    def go_on() -> None:
        while not ended.is_set():
            try:
                work()
            except BaseException as problem:
                problems.append(problem)
                return

    thread = threading.Thread(target=go_on, name="meanwhile")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if problems:
        raise problems[0]


def insist(send: Callable[[], Reply], *, within_s: float = 60.0, pause_s: float = 0.05) -> Reply:
    """Sends until a final answer comes, as a client does that holds a key. Raises CutOff if none came in time."""
    give_up_at = time.monotonic() + within_s
    while True:
        try:
            reply = send()
        except CutOff:
            reply = None
        if reply is not None and reply.status not in LOST and reply.code not in AGAIN:
            return reply
        if time.monotonic() > give_up_at:
            raise CutOff(f"no final answer within {within_s:.0f} s; the last: {reply and said(reply)}")
        time.sleep(pause_s)


@dataclass
class Log:
    """What clients were told; the database has to agree with every line of it (I8)."""

    paid: dict[str, set[str]] = field(default_factory=dict)  # checkout → orders named in a 2xx
    refused: set[str] = field(default_factory=set)  # checkouts to which somebody heard a final no
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, reply: Reply) -> Reply:
        with self.lock:
            self.answers[said(reply)] += 1
        return reply

    def payment(self, checkout_id: str, reply: Reply) -> Reply:
        with self.lock:
            if reply.status == 201:
                self.paid.setdefault(checkout_id, set()).add(reply.json["order"]["id"])
            elif 400 <= reply.status < 500 and reply.code not in AGAIN:
                self.refused.add(checkout_id)
        return reply

    @property
    def broken(self) -> dict[str, int]:
        """Answers that nobody may ever get."""
        return {answer: times for answer, times in self.answers.items() if answer.startswith("5")}
