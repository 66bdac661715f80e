"""The part of Stripe's API that card payments use, on loopback: intents, refunds, signed events, idempotency keys.

As documented: a key's first answer is stored and given again, even an error; the same key with other parameters is
refused; an intent that is decided stays so.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from stripe import WebhookSignature

SECRET_KEY = "sk_test_loopback_0123456789abcdefghij"
WEBHOOK_SECRET = "whsec_loopback_0123456789abcdefghijkl"
INTENT_PARAMETERS = {"amount", "currency", "allowed_payment_method_types[0]", "metadata[checkout]"}
Answer = tuple[int, dict[str, Any]]


def error(status: int, kind: str, code: str) -> Answer:
    return status, {"error": {"type": kind, "code": code, "message": "no"}}


class LoopbackStripe:
    """`mood` says how the next calls go: ok, down (500), silent (no answer), lost (a write is done, not answered)."""

    def __init__(self) -> None:
        self.mood = "ok"
        self.calls: list[tuple[str, str, str | None]] = []  # method, path, idempotency key
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.created: Callable[[dict[str, Any]], None] = lambda _intent: None  # before the call is answered
        self.released = threading.Event()
        self._answers: dict[str, tuple[list[tuple[str, str]], Answer]] = {}
        self._numbers = count(1)
        self._lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    # what the shopper does in the app of an integrator

    def confirm(self, ref: str) -> None:
        """The card is charged."""
        with self._lock:
            intent = self.intents[ref]
            if intent["status"] == "requires_payment_method":
                intent |= {
                    "status": "succeeded",
                    "amount_received": intent["amount"],
                    "last_payment_error": None,
                }

    def decline(self, ref: str) -> None:
        with self._lock:
            intent = self.intents[ref]
            if intent["status"] == "requires_payment_method":
                intent["last_payment_error"] = {"code": "card_declined"}

    # what the gateway tells

    def event(self, ref: str, **changes: Any) -> dict[str, Any]:
        """About an intent as it is now. changes: members of the event."""
        with self._lock:
            intent = dict(self.intents[ref])
            number = next(self._numbers)
        kinds = {"succeeded": "succeeded", "canceled": "canceled"}
        kind = kinds.get(intent["status"], "payment_failed" if intent["last_payment_error"] else "created")
        event = {"id": f"evt_{number}", "object": "event", "type": f"payment_intent.{kind}"}
        return event | {"data": {"object": intent}} | changes

    def refund_failed(self, refund: dict[str, Any]) -> dict[str, Any]:
        """The bank sent it back days later: what the gateway kept, it owes again."""
        with self._lock:
            refund["status"] = "failed"
            number = next(self._numbers)
        event = {"id": f"evt_{number}", "object": "event", "type": "refund.failed"}
        return event | {"data": {"object": dict(refund)}}

    def a_day_passes(self) -> None:
        """No idempotency key is remembered longer."""
        with self._lock:
            self._answers.clear()

    @staticmethod
    def signed(event: dict[str, Any], at: datetime) -> tuple[bytes, str]:
        """Body and Stripe-Signature."""
        raw = json.dumps(event)
        at_s = int(at.timestamp())
        return raw.encode(), WebhookSignature.generate_signature_header(raw, WEBHOOK_SECRET, at_s)

    def refs_of(self, checkout_id: str) -> list[str]:
        """Of all intents that were made for it."""
        with self._lock:
            return [ref for ref, one in self.intents.items() if one["metadata"]["checkout"] == checkout_id]

    @property
    def captured_minor(self) -> int:
        """What it owes the shop: captured, less what went back."""
        with self._lock:
            taken = sum(intent["amount_received"] for intent in self.intents.values())
            owed: int = taken - sum(one["amount"] for one in self.refunds if one["status"] != "failed")
            return owed

    # the API

    def answer(self, method: str, path: str, form: list[tuple[str, str]], key: str | None) -> Answer:
        with self._lock:
            self.calls.append((method, path, key))
            if key in self._answers:
                parameters, known = self._answers[key]
                return known if parameters == form else error(400, "idempotency_error", "key_reused")
            result = self.act(method, path.split("/")[2:], dict(form))
            if key is not None:
                self._answers[key] = (form, result)
        if (method, path) == ("POST", "/v1/payment_intents") and result[0] == 200:
            self.created(result[1])
        return result

    def act(self, method: str, path: list[str], form: dict[str, str]) -> Answer:
        match method, path:
            case "POST", ["payment_intents"] if set(form) == INTENT_PARAMETERS:
                return 200, self.new_intent(form)
            case "POST", ["payment_intents"]:
                return error(400, "invalid_request_error", "parameter_unknown")
            case "GET", ["payment_intents", ref] if ref in self.intents:
                return 200, dict(self.intents[ref])
            case "POST", ["payment_intents", ref, "cancel"] if ref in self.intents:
                return self.cancelled(self.intents[ref])
            case "POST", ["refunds"] if form["payment_intent"] in self.intents:
                intent, amount = self.intents[form["payment_intent"]], int(form["amount"])
                return self.refunded(intent, amount, {"refund": form["metadata[refund]"]})
            case "GET", ["refunds"] if form["payment_intent"] in self.intents:
                made = [one for one in self.refunds if one["payment_intent"] == form["payment_intent"]]
                return 200, {"object": "list", "url": "/v1/refunds", "has_more": False, "data": made}
        return error(404, "invalid_request_error", "resource_missing")

    def new_intent(self, form: dict[str, str]) -> dict[str, Any]:
        ref = f"pi_{next(self._numbers)}"
        self.intents[ref] = {
            "id": ref,
            "object": "payment_intent",
            "status": "requires_payment_method",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "currency": form["currency"],
            "metadata": {"checkout": form["metadata[checkout]"]},
            "client_secret": f"{ref}_secret_of_the_shopper",
            "last_payment_error": None,
        }
        return dict(self.intents[ref])

    def cancelled(self, intent: dict[str, Any]) -> Answer:
        if intent["status"] != "requires_payment_method":
            return error(400, "invalid_request_error", "payment_intent_unexpected_state")
        intent["status"] = "canceled"
        return 200, dict(intent)

    def refunded(self, intent: dict[str, Any], amount: int, metadata: dict[str, str] | None = None) -> Answer:
        """metadata: none where it is made by hand, in the gateway's own office."""
        of_it = [one for one in self.refunds if one["payment_intent"] == intent["id"]]
        before = sum(one["amount"] for one in of_it if one["status"] != "failed")
        if intent["status"] != "succeeded" or before + amount > intent["amount_received"]:
            return error(400, "invalid_request_error", "charge_already_refunded")
        refund = {"id": f"re_{next(self._numbers)}", "object": "refund", "status": "succeeded"}
        about = {"payment_intent": intent["id"], "amount": amount, "metadata": metadata or {}}
        self.refunds.append(refund | about)
        return 200, self.refunds[-1]


def handler_of(stripe: LoopbackStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(parse_qsl(urlsplit(self.path).query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.reply(parse_qsl(body.decode()))

        def reply(self, form: list[tuple[str, str]]) -> None:
            mood = stripe.mood
            if mood == "silent":
                stripe.released.wait(30)
            if self.headers["authorization"] != f"Bearer {SECRET_KEY}":
                status, said = error(401, "invalid_request_error", "invalid_api_key")
            elif mood == "down":
                status, said = error(500, "api_error", "down")
            else:
                key = self.headers.get("idempotency-key")
                status, said = stripe.answer(self.command, urlsplit(self.path).path, form, key)
            if mood == "lost" and self.command == "POST":
                self.close_connection = True
                return
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Tests look at `calls` instead."""

    return Handler
