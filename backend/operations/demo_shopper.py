"""A shopper of the demonstration: a device with a cart, and what it waits for; every step over the public API."""

from __future__ import annotations

import io
import secrets
import time
from typing import Any

import zxingcpp
from PIL import Image, ImageFilter

from backend.operations.shopper_device import Reply, ShopperDevice, Transport

PIN = "629480"
MESSAGE_S_MAX = 15.0
SCENE_PX = (640, 480)


class Failed(Exception):
    """Something was not as the demonstration promises."""


def demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)


class DemoShopper:
    def __init__(self, server: Transport) -> None:
        self.server = server
        self.device = ShopperDevice(server)
        self.login = f"shopper-{secrets.token_hex(4)}"

    def become_guest(self) -> None:
        reply = self.device.become_guest(name="demo phone")
        demand(reply.status == 201, f"no guest: {reply.body!r}")

    def register(self, name: str) -> None:
        """With a PIN, and with consent to the face."""
        for reply in (
            self.device.register(self.login, secrets.token_urlsafe(12), name),
            self.device.choose_pin(PIN),
            self.device.consent_to_face(),
        ):
            demand(reply.status < 300, f"not registered: {reply.body!r}")

    def products(self, store: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.look(f"/v1/products?store={store}").json["products"]
        return found

    def read_label(self, sku: str, store: str) -> str:
        """The printed label as a camera sees it, read by a decoder."""
        label = self.look(f"/v1/products/{sku}/label.png?store={store}")
        demand(label.status == 200, f"no label for {sku}")
        found = zxingcpp.read_barcodes(scene(label.body))
        demand(len(found) == 1, f"the decoder sees {len(found)} codes on the label of {sku}")
        return str(found[0].text)

    def scan(self, sku: str, store: str) -> dict[str, Any]:
        """The cart with one piece more."""
        scanned = self.device.scan(self.read_label(sku, store))
        demand(scanned.status == 201, f"not scanned: {scanned.body!r}")
        cart: dict[str, Any] = scanned.json["cart"]
        return cart

    def open_checkout(self, cart: dict[str, Any]) -> dict[str, Any]:
        reply = self.device.open_checkout(cart["id"])
        demand(reply.status == 201, f"no checkout: {reply.body!r}")
        opened: dict[str, Any] = reply.json
        return opened

    def await_message(self, *kinds: str) -> dict[str, Any]:
        """The next message of one of these kinds in the device's inbox; others are passed over."""
        give_up_at = time.monotonic() + MESSAGE_S_MAX
        while time.monotonic() < give_up_at:
            for message in self.device.inbox():
                if message["kind"] in kinds:
                    return message
            time.sleep(0.1)
        raise Failed(f"no message {' or '.join(kinds)} within {MESSAGE_S_MAX:.0f} s")

    def look(self, path: str) -> Reply:
        """What anybody may see."""
        return self.server("GET", path, {}, b"")


def scene(label_png: bytes) -> Image.Image:
    """A label on a grey table, turned a little, out of focus a little, as JPEG: what a phone's camera gives."""
    with Image.open(io.BytesIO(label_png)) as opened:
        label = opened.convert("L")
    side = round(SCENE_PX[1] * 0.7)
    label = label.resize((side, side), Image.Resampling.LANCZOS).rotate(
        6, Image.Resampling.BICUBIC, expand=True, fillcolor=150
    )
    table = Image.new("L", SCENE_PX, 150)
    table.paste(label, ((SCENE_PX[0] - label.width) // 2, (SCENE_PX[1] - label.height) // 2))
    out = io.BytesIO()
    table.filter(ImageFilter.GaussianBlur(0.6)).save(out, "JPEG", quality=80)
    return Image.open(io.BytesIO(out.getvalue()))
