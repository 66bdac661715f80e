"""Puts the API together: blueprints, limits, headers, problems."""

from __future__ import annotations

import secrets

from flask import Flask, Response, current_app, request
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
    orders,
    problems,
    products,
    receipts,
    scans,
    sessions,
    shopper_pages,
    shoppers,
    staff_orders,
    staff_sales,
    staff_sessions,
    staff_stock,
    staff_wallet,
    stores,
    wallet,
)
from backend.api.pictures import PicturesInMemory
from backend.api.reading import JSON_BYTES_MAX
from backend.telemetry import request_id
from backend.wiring import Services

API = (
    health,
    shoppers,
    sessions,
    consents,
    faces,
    stores,
    products,
    scans,
    carts,
    checkouts,
    inbox,
    orders,
    receipts,
    wallet,
    shopper_pages,
    staff_sessions,
    staff_orders,
    staff_wallet,
    staff_sales,
    staff_stock,
    events,
)

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


def create_app(services: Services) -> Flask:
    app = Flask("backend", static_folder=None)
    app.request_class = PicturesInMemory
    app.extensions["smartpay"] = services
    if proxies := services.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(MAX_CONTENT_LENGTH=JSON_BYTES_MAX, MAX_FORM_PARTS=20)
    problems.register(app)
    auth.register(app, services)
    for part in API:
        app.register_blueprint(part.bp)
    app.before_request(begin)
    app.after_request(finish)
    return app


def begin() -> None:
    """A fresh id per request, and the body limit of the view that will read it."""
    request_id.set(secrets.token_hex(8))
    described = getattr(current_app.view_functions.get(request.endpoint or ""), "described", None)
    if described and described.body_bytes_max:
        request.max_content_length = described.body_bytes_max


def finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id.get()
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
