"""Whatever is wrong with a request: a typed refusal, a sentence, and a database that is as it was."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from backend.operations.portraits import portrait
from backend.operations.shopper_device import Reply, ShopperDevice
from catalogue.labels import LabelKey
from tests.backend.checkout.till import PIN
from tests.whole_shop import WholeShop, a_key

FORGER = LabelKey.from_seed("A1", b"2" * 32)
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
NOWHERE = "01890000-0000-7000-8000-000000000000"


@dataclass
class Scene:
    """Noura has an open cart of one line; Huda's cart is empty; Mona's ran out of time; Lama used her key."""

    shop: WholeShop
    noura: ShopperDevice
    cart: dict[str, Any]
    huda: ShopperDevice
    empty_cart: str
    mona: ShopperDevice
    late_cart: str
    lama: ShopperDevice
    used_key: str

    def scan(self, **body: Any) -> Reply:
        return self.noura.call("POST", "/v1/scans", {"scan_id": a_key(), **body})

    def code(self, **how: Any) -> Reply:
        return self.scan(code=self.shop.label(**how))

    def quantity(self, quantity: Any) -> Reply:
        line = self.cart["lines"][0]["id"]
        return self.noura.call("PATCH", f"/v1/carts/{self.cart['id']}/lines/{line}", {"quantity": quantity})

    def checkout(self, **how: Any) -> Reply:
        return self.noura.call("POST", "/v1/checkouts", {"cart_id": self.cart["id"]}, proved=True, **how)

    def raw(self, method: str, path: str, body: bytes, content_type: str, **headers: str) -> Reply:
        sent = {"Content-Type": content_type, "Authorization": f"Bearer {self.noura.access_token}", **headers}
        sent["Device-Proof"] = self.noura.proof(method, path, body, at_s=self.noura.now_s())
        return self.shop.transport(method, path, sent, body)

    def picture(self, content: bytes) -> Reply:
        return self.noura.enrol(content)

    def face(self, checkout_id: str, *frames: bytes, nonce: str = "none") -> Reply:
        path = f"/v1/checkouts/{checkout_id}/face"
        files = [("frame", frame) for frame in frames]
        return self.noura.call("POST", path, proved=True, fields=[("nonce", nonce)], files=files)

    def pay(self, checkout_id: str, **body: Any) -> Reply:
        path = f"/v1/checkouts/{checkout_id}/pay"
        return self.noura.call("POST", path, {"grant": "g", "pin": PIN, **body}, key=a_key(), proved=True)


@pytest.fixture
def scene(shop: WholeShop) -> Scene:
    mona = shop.guest()
    late_cart = shop.cart(mona, "WATER")["id"]
    shop.clock.move(minutes=16)
    huda, lama, noura, used_key = shop.guest(), shop.guest(), shop.shopper(), a_key()
    empty_cart = shop.cart(huda, "WATER")["id"]
    assert huda.call("DELETE", f"/v1/carts/{empty_cart}").status == 200
    assert lama.open_checkout(shop.cart(lama, "WATER")["id"], key=used_key).status == 201
    cart = shop.cart(noura, "DATES")
    return Scene(shop, noura, cart, huda, empty_cart, mona, late_cart, lama, used_key)


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def two_people() -> bytes:
    sides = [
        Image.open(io.BytesIO(portrait(name))).convert("RGB").resize((480, 480))
        for name in ("eileen_collins", "grace_hopper")
    ]
    both = Image.new("RGB", (960, 480))
    for place, side in enumerate(sides):
        both.paste(side, (480 * place, 0))
    return jpeg(both)


def gigapixels() -> bytes:
    """A PNG of a few bytes that claims 50,000 × 50,000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", zlib.crc32(b"IHDR" + header))


CASES: list[tuple[str, int, str, Callable[[Scene], Reply]]] = [
    # labels
    ("garbage instead of a label", 422, "label_unreadable", lambda s: s.scan(code="hello")),
    ("a label that we did not sign", 422, "label_forged", lambda s: s.code(key=FORGER)),
    (
        "a label of another shop's host",
        422,
        "label_foreign_host",
        lambda s: s.scan(code=s.shop.label().replace("SHOP.EXAMPLE", "SHOP.EXAMPLF")),
    ),
    (
        "a label of a key that we never had",
        422,
        "label_key_unknown",
        lambda s: s.code(key=LabelKey.from_seed("ZZ", b"3" * 32)),
    ),
    ("another store's label", 409, "label_other_store", lambda s: s.scan(code=s.shop.label(), store="J1")),
    ("a label of goods that this store lacks", 404, "product_unknown", lambda s: s.code(store="J1")),
    ("neither code nor number", 422, "invalid_body", lambda s: s.scan()),
    ("a scan id that is a number", 422, "invalid_body", lambda s: s.scan(scan_id=7, code="x")),
    # quantities
    ("quantity 0", 422, "invalid_body", lambda s: s.quantity(0)),
    ("a negative quantity", 422, "invalid_body", lambda s: s.quantity(-1)),
    ("a quantity as text", 422, "invalid_body", lambda s: s.quantity("2")),
    ("a quantity as truth", 422, "invalid_body", lambda s: s.quantity(True)),
    ("a quantity as fraction", 422, "invalid_body", lambda s: s.quantity(1.5)),
    ("more than a line may hold", 409, "line_limit", lambda s: s.quantity(21)),
    ("more than the shelf holds", 409, "out_of_stock", lambda s: s.quantity(11)),
    # carts and checkouts
    (
        "a cart that nobody has",
        404,
        "cart_not_found",
        lambda s: s.noura.call("POST", "/v1/checkouts", {"cart_id": NOWHERE}, key=a_key(), proved=True),
    ),
    (
        "an empty cart",
        409,
        "cart_empty",
        lambda s: s.huda.open_checkout(s.empty_cart),
    ),
    ("an expired cart", 409, "cart_expired", lambda s: s.mona.open_checkout(s.late_cart)),
    (
        "a key used for another cart",
        409,
        "idempotency_key_reused",
        lambda s: s.lama.open_checkout(NOWHERE, key=s.used_key),
    ),
    ("no Idempotency-Key", 400, "idempotency_key_missing", lambda s: s.checkout()),
    ("a short Idempotency-Key", 400, "idempotency_key_malformed", lambda s: s.checkout(key="x")),
    ("a checkout that nobody has", 404, "checkout_not_found", lambda s: s.pay(NOWHERE)),
    ("an address that is no id", 404, "not_found", lambda s: s.pay("7")),
    # bodies
    (
        "a body that is not JSON",
        400,
        "not_json",
        lambda s: s.raw("POST", "/v1/scans", b"{", "application/json"),
    ),
    (
        "the wrong content type",
        415,
        "wrong_content_type",
        lambda s: s.raw("POST", "/v1/scans", b"a=b", "application/x-www-form-urlencoded"),
    ),
    (
        "a body that is a list",
        422,
        "invalid_body",
        lambda s: s.raw("POST", "/v1/scans", b"[]", "application/json"),
    ),
    ("an unknown field", 422, "invalid_body", lambda s: s.scan(code=s.shop.label(), price_minor=1)),
    (
        "a NUL in a text",
        422,
        "invalid_body",
        lambda s: s.raw("POST", "/v1/shoppers", b'{"language": "\\u0000"}', "application/json"),
    ),
    (
        "a NUL in the login of staff",
        422,
        "invalid_body",
        lambda s: s.noura.call("POST", "/v1/staff/sessions", {"login": "a\0", "password": "b"}),
    ),
    (
        "a body beyond the limit",
        413,
        "body_too_large",
        lambda s: s.raw("POST", "/v1/scans", b" " * 70_000, "application/json"),
    ),
    # pictures
    ("a file that is no picture", 422, "picture_format", lambda s: s.picture(b"a wall of bytes")),
    ("a broken picture", 422, "picture_broken", lambda s: s.picture(portrait("grace_hopper")[:4000])),
    (
        "a picture without a face",
        422,
        "no_face",
        lambda s: s.picture(jpeg(Image.new("RGB", (640, 480), 150))),
    ),
    ("a picture of two people", 422, "several_faces", lambda s: s.picture(two_people())),
    ("too many pixels", 422, "picture_too_many_pixels", lambda s: s.picture(gigapixels())),
    (
        "a picture of more than 10 MB",
        413,
        "picture_too_large",
        lambda s: s.picture(portrait("grace_hopper") + bytes(10_000_001)),
    ),
    ("a picture beyond the request's limit", 413, "body_too_large", lambda s: s.picture(bytes(15_000_000))),
    (
        "broken base64",
        422,
        "picture_encoding",
        lambda s: s.noura.call(
            "POST", "/v1/shoppers/me/faces", {"picture": "data:image/gif;base64,x"}, proved=True
        ),
    ),
    (
        "six frames",
        422,
        "frames_count",
        lambda s: s.face(NOWHERE, *[s.shop.face("noura", n) for n in range(6)]),
    ),
    # who
    (
        "no access token",
        401,
        "sign_in_needed",
        lambda s: s.shop.transport("GET", "/v1/wallet", {}, b""),
    ),
    (
        "an access token that is none",
        401,
        "sign_in_needed",
        lambda s: s.shop.transport("GET", "/v1/wallet", {"Authorization": "Bearer x.y.z"}, b""),
    ),
    ("a store that is none", 404, "store_unknown", lambda s: s.noura.call("GET", "/v1/products?store=ZZ")),
    ("a PIN that everybody chooses", 422, "pin_too_common", lambda s: s.noura.choose_pin("123456")),
    (
        "a method that is not offered",
        405,
        "method_not_allowed",
        lambda s: s.noura.call("PUT", "/v1/scans", {}),
    ),
]


def test_everything_wrong_is_refused_by_its_name_says_what_to_do_and_changes_nothing(scene):
    before, wrong = scene.shop.contents(), []
    for case, status, code, act in CASES:
        reply = act(scene)
        said = json.loads(reply.body)
        if (reply.status, said.get("code")) != (status, code):
            wrong.append(f"{case}: {reply.status} {said}")
        if reply.headers["Content-Type"] != "application/problem+json" or not said.keys() >= MEMBERS:
            wrong.append(f"{case}: no problem detail: {said}")
        if scene.shop.contents() != before:
            wrong.append(f"{case}: the database changed")
    assert wrong == []


def test_a_challenge_with_a_nul_is_one_that_we_did_not_make(scene):
    checkout = scene.checkout(key=a_key()).json
    face = scene.face(checkout["id"], scene.shop.face("noura"), nonce="\0")
    assert (face.status, face.code) == (409, "challenge_refused")


def test_a_proof_that_was_seen_before_is_refused(scene):
    body = json.dumps({"cart_id": scene.cart["id"]}).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {scene.noura.access_token}",
        "Device-Proof": scene.noura.proof("POST", "/v1/checkouts", body, at_s=scene.noura.now_s()),
    }
    replies = [
        scene.shop.transport("POST", "/v1/checkouts", {**headers, "Idempotency-Key": a_key()}, body)
        for _ in range(2)
    ]
    assert [replies[0].status, replies[1].code] == [201, "device_proof_refused"]
