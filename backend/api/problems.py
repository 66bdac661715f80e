"""Refusals become RFC 9457 problem details; the only place that knows which code is which HTTP status."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from backend.db.transaction import OutcomeUnknown
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
        400, "Idempotency-Key is malformed", "Use 8 to 255 visible ASCII characters."
    ),
    "not_found": Problem(404, "There is no such thing", "Check the address."),
    "method_not_allowed": Problem(405, "This address does not take that method", "See /docs."),
    "body_too_large": Problem(413, "The body is too large", "Send less; the limit stands in the answer."),
    "wrong_content_type": Problem(415, "Wrong content type", "Send the content type named in the answer."),
    "invalid_body": Problem(422, "The body does not fit", "Mend the fields named in errors."),
    "internal_error": Problem(500, "Something went wrong on our side", "Try again; nothing was changed."),
    "draining": Problem(503, "This node is being stopped", "Ask another node."),
    "schema_outdated": Problem(503, "The database waits for its migration", "Run: smartpay migrate"),
    "too_many_requests": Problem(
        429, "Too many requests from your network", "Wait for the seconds that the answer names."
    ),
    "database_busy": Problem(503, "Busy", "Try again in a moment; nothing was changed."),
    "storage_unavailable": Problem(
        503,
        "Storage is not available",
        "Try again later; with the same Idempotency-Key nothing happens twice.",
    ),
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
    # shoppers, devices, secrets
    "device_key_refused": Problem(
        422, "A device key is not accepted", "Send public P-256 keys as JWK, without their private part."
    ),
    "device_of_another": Problem(409, "These keys belong to another shopper", "Make new device keys."),
    "device_too_new": Problem(
        409, "This device is new to the account", "Change the PIN on one that you had before, or wait a day."
    ),
    "device_unknown": Problem(401, "The device is not known", "Sign in again."),
    "shopper_unknown": Problem(404, "There is no such shopper", "Sign in again."),
    "too_many_guests": Problem(
        429, "Too many new visitors from your network", "Try again later, or sign in."
    ),
    "already_registered": Problem(409, "This shopper has an account", "Sign in with it."),
    "login_taken": Problem(409, "This login is taken", "Choose another one."),
    "login_malformed": Problem(422, "This login cannot be used", "Use 3 to 64 characters without blanks."),
    "display_name_malformed": Problem(422, "This name cannot be used", "Use 1 to 80 visible characters."),
    "password_too_short": Problem(422, "The password is too short", "Use at least 8 characters."),
    "password_too_long": Problem(422, "The password is too long", "Use at most 200 characters."),
    "password_common": Problem(422, "Anybody would try this password", "Choose one that is yours alone."),
    "password_missing": Problem(409, "There is no password yet", "Register first."),
    "password_wrong": Problem(403, "The password was not accepted", "Try again; wait if you tried often."),
    "pin_malformed": Problem(422, "The PIN is not six digits", "Use exactly six digits."),
    "pin_too_common": Problem(
        422, "This PIN is easy to guess", "Avoid dates, years, repeats, rows and your own numbers."
    ),
    "hashing_busy": Problem(503, "Busy", "Try again in a moment; nothing was changed."),
    # faces
    "consent_missing": Problem(409, "There is no consent to face recognition", "Read it and agree first."),
    "consent_text_changed": Problem(
        409, "The consent has other words now", "Read GET /v1/consents/face again and agree to that."
    ),
    "templates_enough": Problem(409, "There are enough pictures", "Delete the face to begin anew."),
    "template_unreadable": Problem(
        409, "The stored face cannot be read", "Delete the face and enrol it again."
    ),
    "face_not_enrolled": Problem(409, "No face is enrolled", "Enrol it, or pay with the password."),
    "face_outdated": Problem(
        409, "The face was enrolled for an earlier face model", "Enrol it again, or pay with the password."
    ),
    "face_differs": Problem(
        422, "This is not the face of the earlier pictures", "Only the owner of the account can be enrolled."
    ),
    "faces_busy": Problem(503, "Many faces are being looked at", "Try again in a moment."),
    "picture_encoding": Problem(
        422,
        "The picture is not strict base64",
        "Send it as a multipart file, or as plain base64 with padding.",
    ),
    "picture_too_large": Problem(413, "The picture is too large", "Send less; the advice says how."),
    "picture_too_many_pixels": Problem(422, "The picture has too many pixels", "Choose a lower resolution."),
    "picture_format": Problem(422, "Not a JPEG, PNG or WebP picture", "Send one of these formats."),
    "picture_heic": Problem(422, "HEIC pictures cannot be read", "Send JPEG, PNG or WebP."),
    "picture_animated": Problem(422, "The picture is animated", "Send a single still picture."),
    "picture_broken": Problem(422, "The picture is damaged", "Take it again."),
    "no_face": Problem(422, "No face was found", "Look into the camera in good light."),
    "several_faces": Problem(422, "More than one face", "Be alone in front of the camera."),
    "face_too_small": Problem(422, "The face is too small", "Come closer."),
    "face_cut_off": Problem(422, "Part of the face is outside the picture", "Move it to the middle."),
    "face_turned": Problem(422, "The face is turned or tilted", "Look straight into the camera."),
    "face_too_dark": Problem(422, "The face is too dark", "Turn towards the light."),
    "face_too_bright": Problem(422, "The face is too bright", "Step out of direct light."),
    "face_low_contrast": Problem(422, "The face can hardly be seen", "Clean the lens; find even light."),
    "face_too_blurred": Problem(422, "The face is blurred", "Hold still and take it again."),
    # idempotency
    "idempotency_key_reused": Problem(
        409, "This Idempotency-Key was used for something else", "Use a new key for a new act."
    ),
    "idempotency_key_in_use": Problem(409, "The same request is still running", "Try again in a moment."),
    # products and labels
    "count_below_reserved": Problem(
        409, "Fewer counted than are reserved", "Settle the open carts first, then count again."
    ),
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
    "product_withdrawn": Problem(
        409, "This product is no longer sold", "Give it to the staff; choose another."
    ),
    "age_restricted": Problem(
        409, "This store does not sell goods with an age limit", "Choose another product."
    ),
    "product_limit": Problem(
        409, "Nobody may have so many of this product", "Stay within the limit, which counts a cart or 24 h."
    ),
    "stock_short": Problem(409, "So many pieces cannot leave the shelf", "Take fewer, or count the shelf."),
    "stock_over": Problem(422, "So many pieces stand on no shelf", "Check the number."),
    "same_store": Problem(422, "A transfer is between two stores", "Choose another store."),
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
    "coupon_unknown": Problem(404, "This store has no such coupon", "Check the code."),
    "coupon_not_yet": Problem(409, "This coupon is not valid yet", "Wait until valid_from."),
    "coupon_over": Problem(409, "This coupon is no longer valid", "Go on without it."),
    "coupon_used_up": Problem(
        409, "This coupon is used up, by you or by all", "Take it off the cart, or try again later."
    ),
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
    "payment_not_authorised": Problem(
        403, "Payment not authorised", "Look into the inbox of your device; then try again."
    ),
    "payment_refused": Problem(409, "Refused by the store's rules", "Pay at the counter or ask the staff."),
    "wallet_short": Problem(409, "Not enough money in the wallet", "Top up at the counter, then pay again."),
    "card_unavailable": Problem(409, "Cards cannot be used here", "Pay from the wallet."),
    "gateway_unavailable": Problem(
        503, "The card gateway does not answer", "Try again in a moment; nothing is charged twice."
    ),
    "webhook_not_found": Problem(404, "There is no such endpoint", "See GET /v1/staff/webhooks."),
    "webhook_url_refused": Problem(
        422, "This address cannot be an endpoint", "Use https://, a host name and no user name."
    ),
    "webhook_refused": Problem(
        400, "Not signed by the gateway just now", "Send the signed bytes as they are, within 300 s."
    ),
    "reservation_expired": Problem(409, "The goods are no longer held", "Scan them again."),
    # orders
    "order_not_found": Problem(404, "There is no such order", "Check the number."),
    "order_state": Problem(409, "The order is in another state", "Load it again and go on from there."),
    "line_not_found": Problem(404, "There is no such line", "Load the order or cart again."),
    "refund_not_found": Problem(404, "There is no such refund", "Load the order's refunds again."),
    "lines_unpacked": Problem(409, "Not everything is packed yet", "Tick every line first."),
    "pickup_code_wrong": Problem(
        409, "The pick-up code does not match", "Compare once more, or record a mismatch."
    ),
    "pickup_locked": Problem(
        409, "Too many wrong pick-up codes", "Send the shopper a new code, or record a mismatch."
    ),
    "order_claimed": Problem(409, "Somebody else packs this order", "Take another one, or wait until then."),
    "age_check_needed": Problem(
        409, "Not for everybody's age", "Look at an identity card, then send age_checked; else a mismatch."
    ),
    "refund_not_failed": Problem(
        409, "This refund did not fail, or was made good in another way", "Load the order's refunds again."
    ),
    "refund_beyond": Problem(409, "There is not so much left to refund", "Load the order again."),
    "refund_amount_changed": Problem(
        409, "Another refund came between", "Load the order again and decide anew."
    ),
    # inbox
    "message_not_found": Problem(404, "There is no such message", "Load the inbox again."),
    # staff
    "day_malformed": Problem(422, "This is not a day", "Use YYYY-MM-DD, or leave it out for today."),
    "after_malformed": Problem(422, "This is not where a page ended", "Give back `next` as it came."),
    "limit_malformed": Problem(422, "There is no page of that size", "See the answer for the most rows."),
    "period_malformed": Problem(
        422,
        "This is no period",
        "Let the last day not be before the first; the most days stand in the answer.",
    ),
    "event_id_malformed": Problem(
        422, "This is not an event id", "Use the last id that you have seen, or 0."
    ),
    "order_state_unknown": Problem(422, "There is no such state", "Use the states named in the answer."),
    "form_expired": Problem(403, "The form is no longer valid", "Load the page again and repeat."),
    # the seller on receipts
    "seller_name_too_long": Problem(
        422, "The seller's name is too long", "Use at most 127 bytes of UTF-8: an Arabic letter has two."
    ),
    "seller_malformed": Problem(
        422, "Name or address of the seller cannot be printed", "Mend the field named in the answer."
    ),
    "vat_number_malformed": Problem(
        422, "This is no VAT number", "Use fifteen digits, of which the first and the last are 3."
    ),
    "promotion_not_found": Problem(404, "There is no such promotion", "Load the list again."),
    "coupon_exists": Problem(409, "There is a coupon of this code", "Choose another code."),
    # wallet
    "shopper_not_found": Problem(404, "There is no such shopper", "Check the login."),
    "cursor_malformed": Problem(
        422, "This page does not exist", "Use the value of next from the page before, or none."
    ),
    "voucher_unknown": Problem(404, "There is no such voucher", "Compare the code once more."),
    "voucher_used_up": Problem(409, "This voucher is used up", "Ask for another one at the counter."),
    "voucher_used": Problem(409, "You have used this voucher", "It counts once for each shopper."),
    "voucher_over": Problem(409, "This voucher has run out", "Ask at the counter."),
    "closing_done": Problem(409, "This day is closed", "Close a later day; the last one is named."),
    "closing_early": Problem(422, "This day has not begun", "Close today, or a day before."),
    "currency_unknown": Problem(422, "Not in this currency", "Use the currency named in the answer."),
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
    @app.errorhandler(InterfaceError)
    @app.errorhandler(NoConnectionFree)
    @app.errorhandler(OutcomeUnknown)
    def storage(error: Exception) -> Response:
        logging.getLogger("api").error("storage", exc_info=error)
        return problem("storage_unavailable", {"retry_after_s": 5})

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        logging.getLogger("api").error("unexpected", exc_info=error)
        return problem("internal_error", {})
