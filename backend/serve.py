"""The whole shop on one port: API, shopper app, staff pages, and the worker as a thread beside them.

What serves is imported in the serving process, after the fork: ONNX Runtime's threads do not survive one (the
process would abort at its end), and the parent stays small.
"""

from __future__ import annotations

import json
import mmap
import shutil
import socket
import tempfile
import time
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from backend import settings as configuration
from backend.db import version
from backend.db.transaction import Runner, engine_for
from backend.errors import SettingsRefused
from backend.settings import Settings
from backend.starting import nothing_collected
from backend.telemetry import start_logging

if TYPE_CHECKING:
    from flask import Flask

HOST = "127.0.0.1"
PORT = 8080
THREADS = 16
DRAIN_S = 6  # how long running answers may take once we were asked to stop
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
DEMO_LOGINS = "demo-logins.json"  # written by `smartpay seed --demo`


class Leaving:
    """Whether this node was asked to stop: one byte that all its processes see."""

    def __init__(self) -> None:
        self.shared = mmap.mmap(-1, 1)

    def begin(self) -> None:
        self.shared[0] = 1

    def __call__(self) -> bool:
        return self.shared[0] == 1


def application(settings: Settings, leaving: Leaving) -> Flask:
    from admin_panel import blueprint
    from backend.api.app import create_app
    from backend.wiring import build

    services = build(settings)
    app = create_app(services, leaving=leaving)
    blueprint.register(app, services)
    return app


def serve(
    settings: Settings,
    *,
    host: str = HOST,
    port: int = PORT,
    processes: int = 1,
    threads: int = THREADS,
    drain_s: int = 0,
    with_worker: bool = True,
) -> None:
    """Returns by SystemExit when it was told to stop. Raises SettingsRefused when it cannot start.

    port: 0 takes a free one. drain_s: how long a node that is to stop says so in /readyz before it does.
    """
    check_ready(settings, processes)
    listener = listen(host, port)
    print(welcome(settings, host, listener.getsockname()[1]), flush=True)
    handle = listener.detach()  # gunicorn's from here on; it also closes it
    Server(settings, handle, processes, threads, drain_s=drain_s, with_worker=with_worker).run()


def check_ready(settings: Settings, processes: int) -> None:
    if processes > 1 and settings.main_url.startswith("sqlite"):
        raise SettingsRefused(["--processes: more than one needs PostgreSQL (DATABASE_URL)"])
    engine = engine_for(settings.main_url, pool_size=1)
    current = Runner(engine).read(version.current)
    engine.dispose()
    if current is None or current < version.newest("main"):  # a newer one only has more: docs/scaling.md
        raise SettingsRefused(["the database is not at this version's schema; run: smartpay migrate"])


def listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as problem:
        raise SettingsRefused(
            [
                f"port {port} on {host} cannot be used ({problem.strerror}); is the shop open already? "
                f"Otherwise choose another: --port {port + 1}"
            ]
        ) from None


def welcome(settings: Settings, host: str, port: int) -> str:
    """Browsers give camera and keys to `localhost` only, so that is what we print for loopback addresses."""
    name = "localhost" if host in ("127.0.0.1", "::1", "localhost", "0.0.0.0") else host  # noqa: S104 - compared only
    lines = ["", "SmartPayFC is open. Ctrl-C closes it."]
    pages = (("shop", "/"), ("staff", "/staff"), ("API", "/docs"))
    lines += [f"  {label:<6} http://{name}:{port}{path}" for label, path in pages]
    return "\n".join([*lines, *demo_logins(settings.data / DEMO_LOGINS)])


def demo_logins(path: Path) -> list[str]:
    if not path.exists():
        return []
    logins: list[dict[str, str]] = json.loads(path.read_text())
    rows = [f"  {who['role']:<14} {who['login']:<10} {who['password']}" for who in logins]
    return ["", f"Demo logins (kept in {path}):", *rows]


class Doors(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A serving process that cuts nobody off when it stops.

    gunicorn's own stops accepting but keeps the socket until its last answer: who connects meanwhile sends a request
    that nobody reads. This one takes in who waits and closes, so that a proxy is refused and asks another node.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        while self.sockets:  # a process may be told twice, even before it began
            listener = self.sockets.pop()
            while self.took_in(listener):
                pass
            listener.close()

    def took_in(self, listener: socket.socket) -> bool:
        before: int = self.nr_conns
        self.accept(listener)
        return bool(self.nr_conns > before)


class Keeper(Arbiter):  # type: ignore[misc]
    """Says that the node is leaving, and waits until who looks at /readyz has seen it."""

    def handle_term(self) -> None:
        self.app.leaving.begin()
        time.sleep(self.app.drain_s)
        super().handle_term()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without its command line; each serving process has a worker thread beside those that answer."""

    def __init__(
        self,
        settings: Settings,
        listener: int,
        processes: int,
        threads: int,
        *,
        drain_s: int = 0,
        with_worker: bool,
    ) -> None:
        self.settings = settings
        self.leaving, self.drain_s = Leaving(), drain_s
        self.options = {
            "bind": f"fd://{listener}",
            "worker_class": Doors,
            "workers": processes,
            "threads": threads,
            "timeout": 60,
            "graceful_timeout": DRAIN_S,
            "loglevel": "warning",
            "proc_name": "smartpay",
            "control_socket_disable": True,
        }
        if with_worker:
            background = Background()
            self.options |= {"post_worker_init": background.start, "worker_exit": background.stop}
        if processes > 1:  # in memory: a full disk would kill who writes there
            folder = tempfile.mkdtemp(prefix="smartpay-metrics-", dir=MEMORY if MEMORY.is_dir() else None)
            configuration.share_metrics(Path(folder))
            self.options["on_exit"] = lambda _arbiter: shutil.rmtree(folder, ignore_errors=True)
        super().__init__()

    def run(self) -> None:
        Keeper(self).run()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Runs in the serving process: no connection and no model crosses the fork."""
        start_logging(self.settings.log_level)
        with nothing_collected():
            return application(self.settings, self.leaving)


class Background:
    """The worker's life inside a serving process; the methods are gunicorn's hooks."""

    def __init__(self) -> None:
        self.ended = Event()
        self.thread: Thread | None = None

    def start(self, serving: Any) -> None:
        from backend import worker

        services = serving.wsgi.extensions["smartpay"]
        self.thread = Thread(
            target=worker.work, args=(services,), kwargs={"ended": self.ended}, name="worker", daemon=True
        )
        self.thread.start()

    def stop(self, _arbiter: Any, _serving: Any) -> None:
        self.ended.set()
        if self.thread is not None:
            self.thread.join(DRAIN_S)
