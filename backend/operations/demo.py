"""Algorithm 1 of the paper, line by line, over HTTP, with real labels and real faces; ends with the books proved."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from backend.operations.demo_people import People
from backend.operations.demo_server import DemoServer
from backend.operations.demo_shopper import PIN, DemoShopper, Failed, demand
from backend.operations.shopper_device import Reply

WRONG_PIN = "950273"
STORE = "R1"
TOPUP_MINOR = 200_00


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    status: str  # one sentence of what was seen
    ok: bool
    ms: int

    def in_words(self) -> str:
        return f"{'ok' if self.ok else 'FAILED':<7}{self.ms:>6} ms  {self.name}: {self.status}"


@dataclass(frozen=True, slots=True)
class Report:
    steps: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.steps) and all(step.ok for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        steps = [{"name": s.name, "status": s.status, "ok": s.ok, "ms": s.ms} for s in self.steps]
        return {"ok": self.ok, "steps": steps}


def walk(people: People, tell: Callable[[Step], None]) -> Report:
    """Walk every step; the first that fails ends the walk. Whatever happens, server and data are removed."""
    report = Report()

    def note(step: Step) -> None:
        report.steps.append(step)
        tell(step)

    began = time.monotonic()
    with DemoServer() as server:
        note(Step("start", f"a fresh shop serves on port {server.port}", True, since(began)))
        story = Story(server, people)
        for act in story.acts():
            began = time.monotonic()
            try:
                status, ok = act(), True
            except (Failed, KeyError, AssertionError) as problem:
                status, ok = f"{type(problem).__name__}: {problem}", False
            note(Step(act.__name__, status, ok, since(began)))
            if not ok:
                break
    return report


def since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


class Story:
    """What happens, in the order of Algorithm 1 (A1.n); each act returns the sentence of what was seen."""

    def __init__(self, server: DemoServer, people: People) -> None:
        self.server = server
        self.people = people
        self.shopper = DemoShopper(server)
        self.device = self.shopper.device
        self.staff: dict[str, str] = {}
        self.products = self.shopper.products(STORE)
        self.bought: list[str] = []
        self.cart: dict[str, Any] = {}
        self.checkout: dict[str, Any] = {}
        self.grant = ""
        self.order: dict[str, Any] = {}
        self.before: dict[str, int] = {}

    def acts(self) -> list[Callable[[], str]]:
        return [
            self.scan_prompt,
            self.scan_labels,
            self.unknown_label_refused,
            self.register_and_enrol,
            self.top_up_in_cash,
            self.pay_prompt,
            self.impostor_refused,
            self.face_verified,
            self.wrong_pin_refused,
            self.payment_success,
            self.packaging_notified,
            self.pickup_prompt,
            self.thanks,
            self.order_mismatch,
            self.sales_report,
            self.reconcile,
        ]

    def scan_prompt(self) -> str:
        """A1.1"""
        self.shopper.become_guest()
        return f"{len(self.products)} products in store {STORE}; a guest begins without a form"

    def scan_labels(self) -> str:
        """A1.2 to A1.6: label → picture → decoder → details → cart; one piece is reserved at each scan."""
        chosen = [p for p in self.products if p["available"] >= 3 and p["price_minor"] <= 30_00][:3]
        demand(len(chosen) == 3, "the demo shop has too little on its shelves")
        for product in chosen:
            self.before[product["sku"]] = product["available"]
            self.cart = self.shopper.scan(product["sku"], STORE)
            left = self.available(product["sku"])
            demand(left == product["available"] - 1, "a scan reserves exactly one piece")
            self.bought.append(product["sku"])
        names = ", ".join(p["name"]["en"] for p in chosen)
        return f"{names}; {amount(self.cart)}; one piece less of each on the shelf"

    def unknown_label_refused(self) -> str:
        """A1.3, the branch that the paper leaves out: the loop goes on."""
        forged = self.shopper.read_label(self.bought[0], STORE)
        forged = forged[:-1] + ("A" if forged[-1] != "A" else "B")
        codes = [self.device.scan(text).code for text in (forged, "https://example.org/01/1")]
        demand(
            codes[0] in {"label_forged", "label_unreadable"} and codes[1] is not None, f"accepted: {codes}"
        )
        return f"forged label: {codes[0]}; foreign code: {codes[1]}; the cart is as it was"

    def register_and_enrol(self) -> str:
        self.shopper.register(self.people.shopper)
        enrolled = [self.device.enrol(picture) for picture in self.people.enrolment]
        taken = [reply for reply in enrolled if reply.status == 201]
        refused = sorted({str(reply.code) for reply in enrolled if reply.status != 201})
        demand(len(taken) >= 3, f"only {len(taken)} pictures were good enough: {refused}")
        more = f" ({len(enrolled) - len(taken)} refused: {', '.join(refused)})" if refused else ""
        return f"{self.people.shopper}: consent, PIN, {len(taken)} templates{more}"

    def top_up_in_cash(self) -> str:
        body = {"store": STORE, "shopper": self.shopper.login, "amount_minor": TOPUP_MINOR}
        reply = self.as_staff("cashier", "POST", "/v1/staff/topups", body, key=secrets.token_hex(8))
        demand(reply.status == 201, f"no top-up: {reply.body!r}")
        demand(self.balance() == TOPUP_MINOR, "the wallet does not hold the cash")
        return f"{TOPUP_MINOR / 100:.2f} SAR handed to the cashier are in the wallet"

    def pay_prompt(self) -> str:
        """A1.7"""
        self.checkout = self.shopper.open_checkout(self.cart)
        return f"cart frozen at {amount(self.checkout)}; hash {self.checkout['cart_hash'][:12]}…"

    def impostor_refused(self) -> str:
        """A1.12: not verified; no charge, no order, and the owner's device hears of it."""
        reply = self.device.show_face(self.checkout["id"], self.people.impostor_live[:1])
        demand(reply.status == 202, f"the answer tells too much: {reply.status} {reply.body!r}")
        alert = self.shopper.await_message("face.refused")
        demand(self.balance() == TOPUP_MINOR and not self.orders(), "an impostor moved something")
        return f"{self.people.impostor}: the caller got 202 as always; the device got “{alert['title']}”"

    def face_verified(self) -> str:
        """A1.8, first half: the grant comes sealed to the device, never in the answer."""
        began = time.monotonic()
        reply = self.device.show_face(self.checkout["id"], self.people.live[:5])
        demand(reply.status == 202, f"{reply.status} {reply.body!r}")
        self.grant = self.device.open(self.shopper.await_message("grant.issued")["sealed"])
        demand(self.grant.encode() not in reply.body, "the grant was in the answer")
        return f"{self.people.shopper}: sealed grant on the device after {since(began)} ms"

    def wrong_pin_refused(self) -> str:
        """A1.11"""
        reply = self.device.pay(self.checkout["id"], self.grant, WRONG_PIN)
        demand((reply.status, reply.code) == (403, "payment_not_authorised"), f"{reply.body!r}")
        told = self.shopper.await_message("pin.refused")
        demand(self.balance() == TOPUP_MINOR and not self.orders(), "a wrong PIN moved something")
        return f"refused; wallet, stock and queue as before; told the device: “{told['title']}”"

    def payment_success(self) -> str:
        """A1.8 second half, A1.9, A1.10; a second tap is answered with the first answer."""
        key = secrets.token_hex(8)
        first, second = (self.device.pay(self.checkout["id"], self.grant, PIN, key=key) for _ in range(2))
        demand(first.status == 201, f"not paid: {first.body!r}")
        demand(second.body == first.body, "a second tap was answered differently")
        self.order = first.json["order"]
        demand(self.balance() == TOPUP_MINOR - self.order["total_minor"], "the wallet is wrong")
        for sku in self.bought:
            demand(self.available(sku) == self.before[sku] - 1, f"stock of {sku} is wrong")
        return f"receipt {self.order['receipt_number']}, {amount(self.order)}; a second tap paid nothing more"

    def packaging_notified(self) -> str:
        """A1.9: the order stands in the queue, and the live feed told so."""
        queue = self.orders()
        demand([one["id"] for one in queue] == [self.order["id"]], "the queue does not show the order")
        feed = self.as_staff("packer", "GET", f"/v1/events?store={STORE}&after=0").json["events"]
        demand(any(event["kind"] == "payment.settled" for event in feed), "the live feed is silent")
        return f"order {self.order['receipt_number']} is in the packaging queue with {len(queue[0]['lines'])} lines"

    def pickup_prompt(self) -> str:
        """A1.13: packed and ready; the pick-up code travels sealed."""
        self.code = self.pack(self.order["id"])
        return "accepted, ticked, ready; the device opened a pick-up code of six digits"

    def thanks(self) -> str:
        """A1.14, A1.15"""
        path = f"/v1/staff/orders/{self.order['id']}/handover"
        wrong = f"{(int(self.code) + 1) % 1_000_000:06d}"
        refused = self.as_staff("packer", "POST", path, {"code": wrong})
        demand(refused.code == "pickup_code_wrong", f"a wrong code passed: {refused.body!r}")
        handed = self.as_staff("packer", "POST", path, {"code": self.code})
        demand(handed.status == 200 and handed.json["message"] == "thanks", f"{handed.body!r}")
        return "wrong code: goods stay; right code: thank you"

    def order_mismatch(self) -> str:
        """A1.16, A1.17: another order that nobody can claim; no hand-over, the money goes back."""
        self.cart = self.shopper.scan(self.bought[0], STORE)
        checkout = self.shopper.open_checkout(self.cart)
        self.device.show_face(checkout["id"], self.people.live[:5])
        grant = self.device.open(self.shopper.await_message("grant.issued")["sealed"])
        order = self.device.pay(checkout["id"], grant, PIN).json["order"]
        had = self.balance()
        self.pack(order["id"])
        body = {"reason": "other_person", "refund": True}
        reply = self.as_staff(
            "packer", "POST", f"/v1/staff/orders/{order['id']}/mismatch", body, key=secrets.token_hex(8)
        )
        demand(reply.status == 200 and reply.json["message"] == "order_mismatch", f"{reply.body!r}")
        demand(self.balance() == had + order["total_minor"], "the refund is wrong")
        steps = self.device.call("GET", f"/v1/orders/{order['id']}").json["steps"]
        demand(all(step["at"] for step in steps), "a stage has no time stamp")
        return f"{amount(order)} refunded, goods back on the shelf; {len(steps)} stages, each with its time"

    def sales_report(self) -> str:
        sales = self.as_staff("manager", "GET", f"/v1/staff/sales?store={STORE}").json
        demand(sales["totals"]["orders"] == 2, f"the report counts {sales['totals']}")
        return f"{sales['totals']['orders']} orders today in the manager's report"

    def reconcile(self) -> str:
        found = json.loads(self.server.smartpay("reconcile", "--json", may_fail=True))
        demand(found["ok"] is True, f"{found}")
        return "ledger, stock, orders and receipts agree"

    def available(self, sku: str) -> int:
        return int(self.shopper.look(f"/v1/products/{sku}?store={STORE}").json["available"])

    def balance(self) -> int:
        return int(self.device.call("GET", "/v1/wallet").json["balance_minor"])

    def orders(self) -> list[dict[str, Any]]:
        reply = self.as_staff("packer", "GET", f"/v1/staff/orders?store={STORE}")
        demand(reply.status == 200, f"no queue: {reply.body!r}")
        found: list[dict[str, Any]] = reply.json["orders"]
        return found

    def pack(self, order_id: str) -> str:
        """Accept, tick, ready; returns the pick-up code that the device opened."""
        path = f"/v1/staff/orders/{order_id}"
        accepted = self.as_staff("packer", "POST", f"{path}/accept", {})
        demand(accepted.status == 200, f"not accepted: {accepted.body!r}")
        for line in self.as_staff("packer", "GET", path).json["lines"]:
            ticked = self.as_staff(
                "packer", "POST", f"{path}/lines/{line['id']}/packed", {"packed": line["quantity"]}
            )
            demand(ticked.status == 200, f"not ticked: {ticked.body!r}")
        ready = self.as_staff("packer", "POST", f"{path}/ready", {})
        demand(ready.status == 200, f"not ready: {ready.body!r}")
        code: str = json.loads(self.device.open(self.shopper.await_message("order.ready")["sealed"]))["code"]
        return code

    def as_staff(
        self,
        role: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        key: str | None = None,
    ) -> Reply:
        if role not in self.staff:
            login = self.server.logins()[role]
            signed_in = self.call(
                "POST", "/v1/staff/sessions", {"login": login["login"], "password": login["password"]}, {}
            )
            demand(signed_in.status == 201, f"{role} cannot sign in: {signed_in.body!r}")
            self.staff[role] = signed_in.json["token"]
        headers = {"Authorization": f"Bearer {self.staff[role]}"} | ({"Idempotency-Key": key} if key else {})
        return self.call(method, path, body, headers)

    def call(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Reply:
        content = b"" if body is None else json.dumps(body).encode()
        typed = {} if body is None else {"Content-Type": "application/json"}
        return self.server(method, path, headers | typed, content)


def amount(of: dict[str, Any]) -> str:
    whole, part = divmod(int(of["total_minor"]), 100)
    return f"{whole}.{part:02d} {of['currency']}"
