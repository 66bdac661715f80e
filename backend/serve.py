"""The whole shop on one port: API, shopper app, staff pages, and the worker as a thread beside them.

What serves is imported in the serving process, after the fork: ONNX Runtime's threads do not survive one (the
process would abort at its end), and the parent stays small.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from backend.db import version
from backend.db.transaction import Runner, engine_for
from backend.errors import SettingsRefused
from backend.settings import Settings
from backend.telemetry import start_logging

if TYPE_CHECKING:
    from flask import Flask

HOST = "127.0.0.1"
PORT = 8080
THREADS = 16
DRAIN_S = 6  # how long running answers may take once we were asked to stop
DEMO_LOGINS = "demo-logins.json"  # written by `smartpay seed --demo`


def application(settings: Settings) -> Flask:
    from admin_panel import blueprint
    from backend.api.app import create_app
    from backend.wiring import build

    services = build(settings)
    app = create_app(services)
    blueprint.register(app, services)
    return app


def serve(
    settings: Settings,
    *,
    host: str = HOST,
    port: int = PORT,
    processes: int = 1,
    threads: int = THREADS,
    with_worker: bool = True,
) -> None:
    """Returns by SystemExit when it was told to stop. Raises SettingsRefused when it cannot start.

    port: 0 takes a free one.
    """
    check_ready(settings, processes)
    listener = listen(host, port)
    print(welcome(settings, host, listener.getsockname()[1]), flush=True)
    handle = listener.detach()  # gunicorn's from here on; it also closes it
    Server(settings, handle, processes, threads, with_worker=with_worker).run()


def check_ready(settings: Settings, processes: int) -> None:
    if processes > 1 and settings.main_url.startswith("sqlite"):
        raise SettingsRefused(["--processes: more than one needs PostgreSQL (DATABASE_URL)"])
    engine = engine_for(settings.main_url, pool_size=1)
    current = Runner(engine).read(version.current)
    engine.dispose()
    if current != version.newest("main"):
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


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn without its command line; each serving process has a worker thread beside those that answer."""

    def __init__(
        self, settings: Settings, listener: int, processes: int, threads: int, *, with_worker: bool
    ) -> None:
        self.settings = settings
        self.options = {
            "bind": f"fd://{listener}",
            "worker_class": "gthread",
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
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Runs in the serving process: no connection and no model crosses the fork."""
        start_logging(self.settings.log_level)
        return application(self.settings)


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
