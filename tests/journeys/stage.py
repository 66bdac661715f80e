"""A Chromium, what its camera sees, and a shop in a child process.

`--screenshots DIR` keeps pictures of the pages for people to look at.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from backend.operations.demo_server import DemoServer

WIDTH, HEIGHT = 640, 480
FRAMES_PER_S = 10
ANSWER_S_MAX = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="keep the browser tests' pictures here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all that drive Chromium: they share the browser, its camera and a shop."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("chromium"))


@pytest.fixture(scope="session")
def screenshots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen: Path | None = request.config.getoption("--screenshots")
    folder = chosen or tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Shop:
    """A running demo shop, and what its staff do over the API."""

    url: str
    logins: dict[str, dict[str, Any]]
    data: Path  # its folder, for what an operator does

    def get(self, path: str, **query: str) -> requests.Response:
        return requests.get(self.url + path, params=query, timeout=ANSWER_S_MAX)

    def staff(self, role: str) -> Staff:
        credentials = {name: self.logins[role][name] for name in ("login", "password")}
        reply = requests.post(f"{self.url}/v1/staff/sessions", json=credentials, timeout=ANSWER_S_MAX)
        reply.raise_for_status()
        return Staff(self.url, reply.json()["token"])


@dataclass(frozen=True)
class Staff:
    url: str
    token: str

    def post(self, path: str, body: dict[str, Any] | None = None) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        url = f"{self.url}/v1/staff{path}"
        reply = requests.post(url, json=body or {}, headers=headers, timeout=ANSWER_S_MAX)
        assert reply.ok, (path, reply.status_code, reply.text)

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        reply = requests.get(f"{self.url}/v1/staff{path}", headers=headers, timeout=ANSWER_S_MAX)
        assert reply.ok, (path, reply.status_code, reply.text)
        return reply.json()


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with DemoServer() as server:
        # localhost, not 127.0.0.1: only there does Chromium take Secure cookies over http
        yield Shop(f"http://localhost:{server.port}", server.logins(), server.data)


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


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    return Camera(tmp_path_factory.mktemp("camera") / "scene.y4m")


@pytest.fixture(scope="session")
def chromium(camera: Camera) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",  # tests may run as root
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={camera.file}",
            ],
        )
        yield browser
        browser.close()


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
