"""A load generator that costs little: requests are bytes made before, an answer is read to its length and no further.

It stands on the same cores as what it measures, for ours and for the reference alike.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

READ_BYTES = 65_536
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Load:
    """What a batch of requests came to."""

    answers: list[Answer] = field(default_factory=list)  # in the order of the requests
    seconds: float = 0.0
    each_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.answers) / self.seconds

    def expect(self, *statuses: int) -> Load:
        other = Counter(answer.status for answer in self.answers if answer.status not in statuses)
        if other:
            first = next(answer for answer in self.answers if answer.status in other)
            raise AssertionError(f"{dict(other)}: {first.body[:500]!r}")
        return self

    def p(self, percent: float) -> float:
        """Milliseconds within which this share of the answers came."""
        ordered = sorted(self.each_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def request(
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
    *,
    host: str = "127.0.0.1",
) -> bytes:
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        if "Content-Type" not in (headers or {}):
            lines.append("Content-Type: application/json")
        lines.append(f"Content-Length: {len(content)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


class Connection:
    """Keep-alive to one port; opened again where the server closed it before it read the request."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def send(self, raw: bytes) -> Answer:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(raw)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.more()
        head = data[:end].decode("latin-1")
        lower = head.lower()
        at = lower.find("\r\ncontent-length:")
        length = int(lower[at + 17 : (lower + "\r\n").find("\r\n", at + 2)]) if at >= 0 else 0
        body = data[end + 4 :]
        while len(body) < length:
            body += self.more()
        if "connection: close" in lower:
            self.close()
        return Answer(int(head[9:12]), head, body)

    def more(self) -> bytes:
        assert self.socket
        got = self.socket.recv(READ_BYTES)
        if not got:
            self.close()
            raise ConnectionError(f"port {self.port} hung up")
        return got

    def close(self) -> None:
        if self.socket:
            self.socket.close()
        self.socket = None


def run(ports: Sequence[int], requests: Sequence[bytes], *, clients: int) -> Load:
    """All requests, each by the next free client; a client has one connection."""
    load = Load([Answer(0, "", b"")] * len(requests), 0.0, [0.0] * len(requests))
    places = iter(range(len(requests)))
    lock, barrier, problems = threading.Lock(), threading.Barrier(clients + 1), []

    def client(number: int) -> None:
        connection = Connection(ports[number % len(ports)])
        barrier.wait()
        try:
            while True:
                with lock:
                    place = next(places, None)
                if place is None:
                    return
                started = time.perf_counter()
                load.answers[place] = connection.send(requests[place])
                load.each_ms[place] = (time.perf_counter() - started) * 1e3
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=client, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - started
    if problems:
        raise problems[0]
    return load
