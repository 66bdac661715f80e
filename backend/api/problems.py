"""Refusals become RFC 9457 problem details; the only place that knows which code is which HTTP status."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from backend.errors import Refusal
from backend.telemetry import request_id


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    title: str
    detail: str  # what to do


PROBLEMS: dict[str, Problem] = {
    # reading a request
    "not_json": Problem(400, "The body is not JSON", "Send a JSON object."),
    "idempotency_key_missing": Problem(
        400,
        "Idempotency-Key is missing",
        "Send a header Idempotency-Key with a new random value for each act.",
    ),
    "idempotency_key_malformed": Problem(
        400, "Idempotency-Key is malformed", "Use 8 to 128 letters, digits, '-' or '_'."
    ),
    "not_found": Problem(404, "There is no such thing", "Check the address."),
    "method_not_allowed": Problem(405, "This address does not take that method", "See /docs."),
    "body_too_large": Problem(413, "The body is too large", "Send less; the limit stands in the answer."),
    "wrong_content_type": Problem(415, "Wrong content type", "Send the content type named in the answer."),
    "invalid_body": Problem(422, "The body does not fit", "Mend the fields named in errors."),
    "internal_error": Problem(500, "Something went wrong on our side", "Try again; nothing was changed."),
    "database_busy": Problem(503, "Busy", "Try again in a moment; nothing was changed."),
    "storage_unavailable": Problem(503, "Storage is not available", "Try again later; nothing was changed."),
    # who
    "sign_in_needed": Problem(401, "Not signed in", "Sign in, then send the access token."),
    "sign_in_refused": Problem(
        401, "Sign-in refused", "Check the login and the password; wait if you tried often."
    ),
    "session_ended": Problem(401, "The session has ended", "Sign in again."),
    "device_proof_refused": Problem(
        401, "Device-Proof is missing or not accepted", "Sign this very request with the device's key."
    ),
    "role_missing": Problem(403, "Not allowed for your role", "Ask a manager."),
    # idempotency
    "idempotency_key_reused": Problem(
        409, "This Idempotency-Key was used for something else", "Use a new key for a new act."
    ),
    "idempotency_key_in_use": Problem(409, "The same request is still running", "Try again in a moment."),
    # products and labels
    "store_unknown": Problem(404, "There is no such store", "See GET /v1/stores."),
    "product_unknown": Problem(404, "This store has no such product", "See GET /v1/products."),
    "label_unreadable": Problem(422, "This is no label of ours", "Scan the code on a product of the shop."),
    "label_foreign_host": Problem(422, "This label belongs to another shop", "Scan a label of this shop."),
    "label_key_unknown": Problem(422, "This label cannot be checked", "Ask the staff for a new label."),
    "label_forged": Problem(422, "This label is not genuine", "Tell the staff; scan another label."),
    "label_out_of_date": Problem(409, "This label is out of date", "Ask the staff for a new label."),
    "label_other_store": Problem(409, "This label hangs in another store", "Go on in the store named."),
    "gtin_invalid": Problem(422, "This number has a slip in it", "Compare it with the printed digits."),
    "out_of_stock": Problem(409, "Not enough in stock", "Take fewer pieces or choose another product."),
    # carts
    "cart_not_found": Problem(404, "There is no such cart", "Scan a product to begin one."),
    "cart_expired": Problem(409, "The cart's time has run out", "Scan the products again."),
    "cart_frozen": Problem(409, "A checkout is under way", "Pay, or cancel the checkout first."),
    "cart_empty": Problem(409, "The cart is empty", "Scan a product first."),
    "cart_changed": Problem(
        409, "A price rose or a product went", "Look at changes; accept the prices or take the lines out."
    ),
    "line_limit": Problem(409, "So many pieces do not fit on one line", "Stay within the limit."),
    "cart_limit": Problem(409, "The cart has no room for another line", "Pay these, then go on."),
    "pieces_limit": Problem(409, "So many pieces do not fit into the cart", "Pay these, then go on."),
    "extension_limit": Problem(409, "The cart cannot be held any longer", "Pay now, or scan again later."),
    # checkout and payment
    "checkout_not_found": Problem(404, "There is no such checkout", "Open a new checkout."),
    "checkout_not_open": Problem(
        409, "This checkout is decided already", "Look at its state; open a new one."
    ),
    "checkout_expired": Problem(409, "This checkout ran out of time", "Open a new checkout from the cart."),
    "challenge_refused": Problem(
        409, "The challenge is unknown, used or too old", "Ask for a new challenge."
    ),
    "frames_count": Problem(422, "Wrong number of pictures", "Send one to five pictures."),
    "pin_missing": Problem(409, "No PIN is set", "Choose a PIN first."),
    "no_way_to_pay": Problem(
        409, "There is no way for you to pay yet", "Enrol your face, or set a password, and choose a PIN."
    ),
    "payment_not_authorised": Problem(
        403, "Payment not authorised", "Look into the inbox of your device; then try again."
    ),
    "payment_refused": Problem(409, "Refused by the store's rules", "Pay at the counter or ask the staff."),
    "wallet_short": Problem(409, "Not enough money in the wallet", "Top up at the counter, then pay again."),
    "reservation_expired": Problem(409, "The goods are no longer held", "Scan them again."),
    # orders
    "order_not_found": Problem(404, "There is no such order", "Check the number."),
    "order_state": Problem(409, "The order is in another state", "Load it again and go on from there."),
    "line_not_found": Problem(404, "There is no such line", "Load the order or cart again."),
    "lines_unpacked": Problem(409, "Not everything is packed yet", "Tick every line first."),
    "pickup_code_wrong": Problem(
        409, "The pick-up code does not match", "Compare once more, or record a mismatch."
    ),
    "pickup_locked": Problem(409, "Too many wrong pick-up codes", "Record a mismatch or ask a manager."),
    # inbox
    "message_not_found": Problem(404, "There is no such message", "Load the inbox again."),
    # wallet
    "shopper_not_found": Problem(404, "There is no such shopper", "Check the login."),
    "amount_out_of_range": Problem(
        422, "The amount is out of range", "Use an amount within the stated limits."
    ),
}


def problem(code: str, facts: dict[str, Any]) -> Response:
    known = PROBLEMS[code]
    body = {
        "type": f"/docs/problems#{code}",
        "title": known.title,
        "status": known.status,
        "detail": known.detail,
        "code": code,
        "request_id": request_id.get(),
        **facts,
    }
    response = jsonify(body)
    response.status_code = known.status
    response.content_type = "application/problem+json"
    if "retry_after_s" in facts:
        response.headers["Retry-After"] = str(facts["retry_after_s"])
    return response


HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "wrong_content_type"}


def register(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return problem(refusal.code, refusal.facts)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response | HTTPException:
        if error.code is not None and error.code < 400:
            return error
        response = problem(HTTP_CODES.get(error.code or 500, "invalid_body"), {})
        if error.code == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return response

    @app.errorhandler(OperationalError)
    def storage(error: OperationalError) -> Response:
        logging.getLogger("api").error("storage", exc_info=error)
        return problem("storage_unavailable", {"retry_after_s": 5})

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        logging.getLogger("api").error("unexpected", exc_info=error)
        return problem("internal_error", {})
