"""What a browser test needs around the browser: a shop in a child process, and what its camera sees.

`--screenshots DIR` keeps pictures of the pages for people to look at.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import requests
from PIL import Image

WIDTH, HEIGHT = 640, 480
FRAMES_PER_S = 10
START_S_MAX = 40
STOP_S_MAX = 10
ROOT = Path(__file__).parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="keep the browser tests' pictures here")


@pytest.fixture(scope="session")
def screenshots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen: Path | None = request.config.getoption("--screenshots")
    folder = chosen or tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Shop:
    """A running shop, and what its staff do over the API."""

    url: str
    data: Path

    def get(self, path: str, **query: str) -> requests.Response:
        return requests.get(self.url + path, params=query, timeout=20)

    def staff(self, role: str) -> Staff:
        logins = json.loads((self.data / "demo-logins.json").read_text())
        mine = next(one for one in logins if one["role"] == role)
        credentials = {"login": mine["login"], "password": mine["password"]}
        reply = requests.post(f"{self.url}/v1/staff/sessions", json=credentials, timeout=20)
        reply.raise_for_status()
        return Staff(self.url, reply.json()["token"])


@dataclass(frozen=True)
class Staff:
    url: str
    token: str

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        reply = requests.post(f"{self.url}/v1/staff{path}", json=body or {}, headers=headers, timeout=20)
        assert reply.ok, (path, reply.status_code, reply.text)
        return reply.json() if reply.content else None

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        reply = requests.get(f"{self.url}/v1/staff{path}", headers=headers, timeout=20)
        assert reply.ok, (path, reply.status_code, reply.text)
        return reply.json()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The demo shop, served as `smartpay serve` does it."""
    data = tmp_path_factory.mktemp("shop")
    for command in (["init"], ["migrate"], ["seed", "--demo"]):
        done = subprocess.run(smartpay(data, *command), cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    port = free_port()
    with (data / "serve.log").open("w") as log:
        server = subprocess.Popen(
            smartpay(data, "serve", "--port", str(port)),
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        # localhost, not 127.0.0.1: Chromium takes Secure cookies over http from there only
        url = f"http://localhost:{port}"
        wait_until_ready(url, server, data / "serve.log")
        yield Shop(url, data)
    finally:
        stop(server)


def smartpay(data: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "backend.cli", "--data", str(data), *words]


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S_MAX
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/readyz", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"not ready after {START_S_MAX} s: {log.read_text()}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """The whole group: a server's children must not outlive the test."""
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


class Camera:
    """What Chromium's fake camera shows: a file that it opens anew whenever a page asks for the camera."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.show([Image.new("RGB", (WIDTH, HEIGHT), "#777")])

    def show(self, scenes: Sequence[Image.Image]) -> None:
        """Each scene for half a second, again and again. Replaced in one step, so that no half file is read."""
        fresh = self.file.with_suffix(".next")
        with fresh.open("wb") as out:
            out.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT, FRAMES_PER_S))
            for scene in scenes:
                planes = limited_range(scene)
                for _ in range(FRAMES_PER_S // 2):
                    out.write(b"FRAME\n" + planes)
        fresh.replace(self.file)


def limited_range(scene: Image.Image) -> bytes:
    """Y, Cb, Cr planes, 4:2:0. Chromium reads 16–235 and 16–240; Pillow writes the full range."""
    y, cb, cr = scene.convert("RGB").convert("YCbCr").split()
    half = (WIDTH // 2, HEIGHT // 2)
    luma = np.asarray(y, np.float32) * (219 / 255) + 16
    chroma = [
        (np.asarray(plane.resize(half, Image.Resampling.BOX), np.float32) - 128) * (224 / 255) + 128
        for plane in (cb, cr)
    ]
    return b"".join(np.rint(plane).astype(np.uint8).tobytes() for plane in (luma, *chroma))


def on_a_table(label_png: bytes) -> Image.Image:
    """The printed label before the camera: a little turned, on wood."""
    label = Image.open(io.BytesIO(label_png)).convert("RGB").resize((330, 330), Image.Resampling.LANCZOS)
    scene = Image.new("RGB", (WIDTH, HEIGHT), "#9b7b55")
    turned = label.rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor="#9b7b55")
    scene.paste(turned, ((WIDTH - turned.width) // 2, (HEIGHT - turned.height) // 2))
    return scene


def at_arms_length(portrait: bytes) -> Image.Image:
    """A person before the camera: the portrait as high as the picture."""
    person = Image.open(io.BytesIO(portrait)).convert("RGB")
    scale = HEIGHT / person.height
    person = person.resize((round(person.width * scale), HEIGHT), Image.Resampling.LANCZOS)
    scene = Image.new("RGB", (WIDTH, HEIGHT), "#8a8f92")
    scene.paste(person, ((WIDTH - person.width) // 2, 0))
    return scene
