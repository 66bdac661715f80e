"""Phones in Chromium that must not complain, and pictures of what they showed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.journeys.stage import Shop

PHONE = {"width": 390, "height": 844}


class Complaints(list[str]):
    """Everything the browser did not like: script errors, CSP violations, calls to another host."""

    def watch(self, page: Page, shop: Shop) -> None:
        page.on("console", self.heard)
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on("request", lambda request: self.asked(request.url, shop.url))

    def heard(self, message: ConsoleMessage) -> None:
        refused_answer = message.text.startswith("Failed to load resource")  # a refusal is an answer, too
        if message.type in ("error", "warning") and not refused_answer:
            self.append(f"{message.type}: {message.text}")

    def asked(self, url: str, home: str) -> None:
        if not url.startswith((home, "blob:", "data:")):
            self.append(f"asked {url}")


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def phone(chromium: Browser, shop: Shop, complaints: Complaints) -> Iterator[Page]:
    """A phone that knows nobody; at the end it must not have complained."""
    context = chromium.new_context(viewport=PHONE, locale="en-GB", base_url=shop.url)
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints.watch(page, shop)
    yield page
    context.close()
    assert complaints == []


class Shots:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken = 0

    def take(self, page: Page, name: str) -> None:
        self.taken += 1
        page.screenshot(path=self.folder / f"{self.taken:02d}-{name}.png")


@pytest.fixture
def shots(screenshots: Path, request: pytest.FixtureRequest) -> Shots:
    folder = screenshots / re.sub(r"\W+", "-", request.node.name).strip("-")
    folder.mkdir(exist_ok=True)
    return Shots(folder)
