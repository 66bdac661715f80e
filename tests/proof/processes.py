"""Real processes: started in groups of their own, killed with -9, started again by a supervisor that times it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path

from backend.operations.demo_server import free_port
from backend.settings import Settings
from tests.proof.node import NodeOptions

ROOT = Path(__file__).parents[2]
READY_S_MAX = 60.0
LOOK_S = 0.02
NODE_OPTIONS_AT = 3  # in a node's command
numbers = count(1)


@dataclass
class Process:
    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    port: int = 0  # 0: does not listen
    folder: Path = ROOT  # where its code is
    child: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # seconds of the monotonic clock
    ready: str = "/readyz"  # answers 200 once it serves
    serving: bool = False
    killed: int = 0
    restarts_s: list[float] = field(default_factory=list)  # from noticing the death to serving again

    def start(self) -> None:
        self.serving, self.started_at = False, time.monotonic()
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.child is not None
        return self.child.pid

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """The whole group, so that no forked process outlives its parent."""
        if self.child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            self.child.wait()
            self.killed += 1

    def pids(self) -> list[int]:
        """Of the whole group."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if group_of(path) == self.pid]

    def at_work(self, worker_start_s: float) -> bool:
        """A server that answered since its start; a worker some time after its start."""
        begun = self.serving if self.port else time.monotonic() - self.started_at > worker_start_s
        return self.alive and begun

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.ready)
            self.serving = connection.getresponse().status == 200
            return self.serving
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_S_MAX
        while not self.answers():
            assert self.alive, f"{self.name} ended:\n{self.log.read_text()[-2000:]}"
            assert time.monotonic() < give_up_at, (
                f"{self.name} does not answer:\n{self.log.read_text()[-2000:]}"
            )
            time.sleep(LOOK_S)


def group_of(path: Path) -> int:
    """Process group of /proc/PID; 0 if that process just ended."""
    try:
        return os.getpgid(int(path.name))
    except ProcessLookupError:
        return 0


def server(settings: Settings, options: NodeOptions, folder: Path) -> Process:
    port = free_port()
    return smartpay(settings, options, folder, "serve", "--port", str(port), "--no-worker", port=port)


def worker(settings: Settings, options: NodeOptions, folder: Path) -> Process:
    return smartpay(settings, options, folder, "worker")


def smartpay(settings: Settings, options: NodeOptions, folder: Path, *words: str, port: int = 0) -> Process:
    name = f"{words[0]}-{next(numbers)}"
    given = json.dumps(asdict(options))
    command = [sys.executable, "-m", "tests.proof.node", given, "--data", str(settings.data), *words]
    lifetime_s = str(int(settings.access_lifetime.total_seconds()))
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SMARTPAY_")}
    environment |= {"SMARTPAY_LOG_LEVEL": "WARNING", "SMARTPAY_ACCESS_LIFETIME_S": lifetime_s}
    environment |= {"DATABASE_URL": settings.main_url}
    if settings.redis_url:
        environment |= {"REDIS_URL": settings.redis_url, "SMARTPAY_TRUSTED_PROXIES": "1"}
        environment |= {"SMARTPAY_REQUESTS_PER_MINUTE_MAX": str(settings.requests_per_minute_max)}
    return Process(name, command, folder / f"{name}.log", environment, port)


def smartpay_once(
    settings: Settings, options: NodeOptions, folder: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """One command from beginning to end."""
    made = smartpay(settings, options, folder, *words)
    return subprocess.run(
        made.command, capture_output=True, text=True, check=False, cwd=ROOT, env=made.environment
    )


class Supervisor:
    """`with Supervisor(processes):` what dies inside is started again at once; at the end everything serves."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.ended = threading.Event()
        self.processes = processes
        self.threads = [threading.Thread(target=self.watch, args=[process]) for process in processes]

    def __enter__(self) -> Supervisor:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()
        for process in self.processes:
            if not process.alive:
                process.start()
            if process.port:
                process.wait_until_ready()

    def watch(self, process: Process) -> None:
        while not self.ended.is_set():
            if not process.alive:
                self.start_again(process)
            time.sleep(LOOK_S)

    def start_again(self, process: Process) -> None:
        died_at = time.monotonic()
        process.start()
        while process.port and process.alive and not process.answers():
            time.sleep(LOOK_S)
        if process.alive:  # else it was killed again on its way
            process.restarts_s.append(time.monotonic() - died_at)


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  {site}
}}
"""


def site(servers: Sequence[Process], port: int) -> str:
    """The file that we give away, but for names, TLS and its log."""
    shipped = (ROOT / "docs/deploy/nginx.conf").read_text()
    nodes = "".join(f"    server 127.0.0.1:{one.port} max_fails=1 fail_timeout=2s;\n" for one in servers)
    for pattern, here in (
        (r"(?:    server node-.*\n)+", nodes),
        (r"listen 443 .*;", f"listen 127.0.0.1:{port};"),
        (r"ssl_certificate.*;", ""),
        (r"access_log .*;", "access_log off;"),
    ):
        shipped, times = re.subn(pattern, here, shipped)
        assert times, f"docs/deploy/nginx.conf has no {pattern}"
    return shipped


def nginx_before(servers: Sequence[Process], folder: Path) -> Process | None:
    """None where nginx is not installed: clients then spread themselves."""
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        return None
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, site=site(servers, port)))
    command = [program, "-p", str(folder), "-c", str(settings), "-e", str(folder / "nginx.log")]
    front = Process("nginx", command, folder / "nginx.out", dict(os.environ), port)
    front.start()
    front.wait_until_ready()
    return front


def redis(folder: Path, port: int) -> Process:
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    options += ["--save", "", "--appendonly", "no"]
    return Process("redis", ["redis-server", *options], folder / "redis.log", dict(os.environ))
