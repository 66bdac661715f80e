"""Is it alive, is it ready, what can it do."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, render_template

from backend.api.auth import leaving, public, services
from backend.api.openapi import describe, document
from backend.api.problems import PROBLEMS
from backend.api.reading import answer, with_etag
from backend.db import outbox, version
from backend.errors import Refusal

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
@describe(
    "Ready: the face model is loaded, the database answers and has the schema, nobody asked this node to stop",
    answers={200: "application/json"},
    problems=("storage_unavailable", "schema_outdated", "draining"),
)
def get_ready() -> Response:
    """A worker that stands still is no reason to send shoppers elsewhere: it is told, not refused."""
    at = services()
    if leaving():
        raise Refusal("draining")
    now = at.clock.now()
    schema, backlog = at.run.read(lambda tx: (version.current(tx), outbox.backlog(tx, now=now)))
    if schema is None or schema < version.newest("main"):
        raise Refusal("schema_outdated", schema=schema)
    deliveries = {"due": backlog.due, "overdue_s": round(backlog.overdue_s, 1)}
    return answer(200, {"ok": True, "model": at.faces.model, "schema": schema, "deliveries": deliveries})


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
