"""Is it alive, is it ready, what can it do."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template
from sqlalchemy import text

from backend.api.auth import public, services
from backend.api.openapi import describe, document
from backend.api.problems import PROBLEMS
from backend.api.reading import answer, with_etag

bp = Blueprint(
    "health", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static"
)
VERSION = "0.1.0"


@bp.get("/healthz")
@public
@describe("Alive", answers={200: "application/json"})
def get_health() -> Response:
    return answer(200, {"ok": True, "version": VERSION})


@bp.get("/readyz")
@public
@describe("Ready: the database answers and the face model is loaded", answers={200: "application/json"})
def get_ready() -> Response:
    at = services()
    at.run.read(lambda tx: tx.execute(text("SELECT 1")).one())
    return answer(200, {"ok": True, "model": at.faces.model})


@bp.get("/openapi.json")
@public
def get_openapi() -> Response:
    return with_etag(answer(200, document(current_app, VERSION)))


@bp.get("/.well-known/jwks.json")
@public
@describe("Public keys of grants", answers={200: "application/json"})
def get_jwks() -> Response:
    return with_etag(answer(200, services().tokens.jwks()))


@bp.get("/docs")
@public
def get_docs() -> str:
    return render_template("docs.html", document=document(current_app, VERSION))


@bp.get("/docs/problems")
@public
def get_problems() -> str:
    return render_template("problems.html", problems=PROBLEMS)
