"""Whatever is wrong with a request: a typed refusal, a sentence, and a database that is as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from backend.operations.shopper_device import Reply, ShopperDevice
from catalogue.labels import LabelKey
from tests.backend.checkout.till import PIN
from tests.whole_shop import WholeShop, a_key

FORGER = LabelKey.from_seed("A1", b"2" * 32)
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
NOWHERE = "01890000-0000-7000-8000-000000000000"


@dataclass
class Scene:
    """A shopper with an open cart of one line, and with a granted checkout in the other cart's place."""

    shop: WholeShop
    noura: ShopperDevice
    cart: dict[str, Any]

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
        sent["Device-Proof"] = self.noura.proof(method, path, body)
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
    noura = shop.shopper()
    return Scene(shop, noura, shop.cart(noura, "DATES"))


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
        "a body beyond the limit",
        413,
        "body_too_large",
        lambda s: s.raw("POST", "/v1/scans", b" " * 70_000, "application/json"),
    ),
    # pictures
    ("a picture without a face", 422, "no_face", lambda s: s.picture(b"a wall")),
    (
        "broken base64",
        422,
        "picture_encoding",
        lambda s: s.noura.call("POST", "/v1/shoppers/me/faces", {"picture": "data:image/gif;base64,x"}),
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


def test_an_empty_cart_cannot_be_checked_out(scene):
    emptied = scene.noura.call("DELETE", f"/v1/carts/{scene.cart['id']}")
    assert emptied.status == 200
    assert scene.checkout(key=a_key()).code == "cart_empty"


def test_an_expired_cart_cannot_be_checked_out(scene):
    scene.shop.clock.move(minutes=16)
    assert scene.checkout(key=a_key()).code == "cart_expired"


def test_a_key_that_was_used_for_another_cart_is_refused(scene):
    key = a_key()
    assert scene.checkout(key=key).status == 201
    other = scene.noura.call("POST", "/v1/checkouts", {"cart_id": NOWHERE}, key=key, proved=True)
    assert (other.status, other.code) == (409, "idempotency_key_reused")


def test_a_proof_that_was_seen_before_is_refused(scene):
    body = json.dumps({"cart_id": scene.cart["id"]}).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {scene.noura.access_token}",
        "Device-Proof": scene.noura.proof("POST", "/v1/checkouts", body),
    }
    replies = [
        scene.shop.transport("POST", "/v1/checkouts", {**headers, "Idempotency-Key": a_key()}, body)
        for _ in range(2)
    ]
    assert [replies[0].status, replies[1].code] == [201, "device_proof_refused"]
