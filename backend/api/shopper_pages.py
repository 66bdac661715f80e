"""The shopper's web app: one shell in the shopper's language, and the files it loads.

The app's modules know only the public API. Files are served under the digest of all of them: an answer may be kept
for ever, and a new version is a new address.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory

import backend
from backend.api.auth import public, services

APP = Path(backend.__file__).parent / "shopper_app"
STATIC = APP / "static"
LANGUAGES = ("en", "ar")
THEMES = ("auto", "light", "dark")
KEPT_S = 365 * 24 * 3600
MEDIA_TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".woff2": "font/woff2"}
PRELOADED = (
    "app.js", "dom.js", "words.js", "router.js", "session.js", "api.js", "device.js", "canonical.js", "shop.js",
)  # fmt: skip

bp = Blueprint("shopper_pages", __name__, template_folder=str(APP / "templates"))


@bp.get("/")
@bp.get("/scan")
@bp.get("/cart")
@bp.get("/pay")
@bp.get("/enrol")
@bp.get("/me")
@bp.get("/wallet")
@bp.get("/inbox")
@bp.get("/orders/<order_id>")
@bp.get("/01/<gtin>")
@public
def shell(**_address: str) -> Response:
    """Every page is this shell; its modules read the address."""
    language = chosen("language", LANGUAGES, request.accept_languages.best_match(LANGUAGES) or "en")
    page = render_template(
        "shell.html",
        language=language,
        direction="rtl" if language == "ar" else "ltr",
        theme=chosen("theme", THEMES, "auto"),
        t=words(language),
        assets=f"/app/{version()}",
        preloaded=PRELOADED,
        label_host=services().settings.public_host,
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Cookie, Accept-Language"
    return answer


@bp.get("/app/<digest>/<path:name>")
@public
def asset(digest: str, name: str) -> Response:
    if digest != version():
        abort(404)
    answer = send_from_directory(STATIC, name, max_age=KEPT_S, mimetype=MEDIA_TYPES.get(Path(name).suffix))
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_S}, immutable"
    return answer


def chosen(cookie: str, allowed: tuple[str, ...], otherwise: str) -> str:
    value = request.cookies.get(cookie, otherwise)
    return value if value in allowed else otherwise


@cache
def words(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STATIC / "words" / f"{language}.json").read_text())
    return found


@cache
def version() -> str:
    """Digest of every file of the app, 12 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(p for p in STATIC.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(STATIC)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
