"""Puts the API together: blueprints, limits, headers, problems."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

from flask import Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.api import (
    auth,
    carts,
    checkouts,
    consents,
    events,
    faces,
    health,
    inbox,
    limits,
    metrics,
    orders,
    problems,
    products,
    receipts,
    scans,
    sessions,
    shopper_pages,
    shoppers,
    staff_lists,
    staff_orders,
    staff_products,
    staff_promotions,
    staff_refunds,
    staff_sales,
    staff_sessions,
    staff_stock,
    staff_till,
    staff_wallet,
    staff_webhooks,
    stores,
    stripe_webhook,
    wallet,
)
from backend.api.pictures import PicturesInMemory
from backend.api.reading import JSON_BYTES_MAX
from backend.telemetry import log, request_id
from backend.wiring import Services

API = (
    health,
    metrics,
    shoppers,
    sessions,
    consents,
    faces,
    stores,
    products,
    scans,
    carts,
    checkouts,
    stripe_webhook,
    inbox,
    orders,
    receipts,
    wallet,
    shopper_pages,
    staff_sessions,
    staff_orders,
    staff_refunds,
    staff_wallet,
    staff_lists,
    staff_webhooks,
    staff_till,
    staff_sales,
    staff_stock,
    staff_products,
    staff_promotions,
    events,
)

REQUEST_ID = re.compile(r"[0-9a-f]{16,64}")
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",  # the QR reader is WebAssembly
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


def create_app(services: Services, *, leaving: Callable[[], bool] = lambda: False) -> Flask:
    """leaving: whether this node was asked to stop."""
    app = Flask("backend", static_folder=None)
    app.request_class = PicturesInMemory
    app.extensions.update(smartpay=services, leaving=leaving)
    if proxies := services.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(MAX_CONTENT_LENGTH=JSON_BYTES_MAX, MAX_FORM_PARTS=20)
    problems.register(app)
    auth.register(app, services)
    for part in API:
        app.register_blueprint(part.bp)
    app.before_request(begin)
    app.before_request(limits.check)
    app.after_request(finish)
    return app


def begin() -> None:
    """The request's id, and the body limit of the view that will read it."""
    g.began_at = time.perf_counter()
    request_id.set(given_id() or secrets.token_hex(8))
    described = getattr(current_app.view_functions.get(request.endpoint or ""), "described", None)
    if described and described.body_bytes_max:
        request.max_content_length = described.body_bytes_max


def given_id() -> str:
    """The proxy's, if it is one of ours: what a stranger sends would stand in our logs."""
    given = request.headers.get("X-Request-Id", "")
    ours = auth.services().settings.trusted_proxies and REQUEST_ID.fullmatch(given)
    return given if ours else ""


def finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.began_at
    metrics.observe(response, seconds=seconds, retries=auth.services().run.retries)
    log(
        "access",
        "answered",
        method=request.method,
        route=metrics.route(),
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )
    response.headers["X-Request-Id"] = request_id.get()
    response.headers.extend(HEADERS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
