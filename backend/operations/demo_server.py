"""A shop of its own for the demonstration: `smartpay serve` as a child process over a temporary data folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from backend.operations.shopper_device import Reply
from backend.settings import environment_elsewhere

READY_S_MAX = 60.0
STOP_S_MAX = 15.0
CALL_S_MAX = 30.0


class DemoServer:
    """`with DemoServer() as server:` gives a running, seeded shop; leaving stops it and removes its data."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="smartpay-demo-"))
        self.port = free_port()
        self.log = self.data / "serve.log"
        self.child: subprocess.Popen[bytes] | None = None
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy must not come between us and our own child

    def __enter__(self) -> DemoServer:
        try:
            with self.log.open("wb") as log:
                self.child = subprocess.Popen(  # noqa: S603 - our own program
                    [*program(self.data), "serve", "--demo", "--port", str(self.port)],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=environment_elsewhere(),
                )
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.child is not None and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGTERM)
            try:
                self.child.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
        self.session.close()
        shutil.rmtree(self.data, ignore_errors=True)

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_S_MAX
        while time.monotonic() < give_up_at:
            assert self.child is not None
            if self.child.poll() is not None:
                break
            try:
                if self("GET", "/readyz", {}, b"").status == 200:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise RuntimeError(f"the demonstration's server did not start:\n{self.log.read_text()[-2000:]}")

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """The transport of `ShopperDevice`: real HTTP on the loopback."""
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = self.session.request(method, url, headers=headers, data=body, timeout=CALL_S_MAX)
        return Reply(answer.status_code, answer.content, dict(answer.headers))

    def smartpay(self, *arguments: str, may_fail: bool = False) -> str:
        """What one command over the same data folder prints; raises with it if the command fails."""
        done = subprocess.run(  # noqa: S603 - our own program
            [*program(self.data), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment_elsewhere(),
        )
        if done.returncode != 0 and not may_fail:
            raise RuntimeError(f"smartpay {' '.join(arguments)}: {done.stdout}{done.stderr}".strip())
        return done.stdout

    def logins(self) -> dict[str, dict[str, Any]]:
        """Demo staff by role."""
        known = json.loads((self.data / "demo-logins.json").read_text())
        return {one["role"]: one for one in known}


def program(data: Path) -> list[str]:
    return [sys.executable, "-m", "backend.cli", "--data", str(data)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
