"""The least that Flask can do: what our endpoints are compared with, under the same server with the same options.

python -m tests.bench.plain constant PORT bytes=700
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response
from sqlalchemy import create_engine, text

from backend.serve import THREADS, Server, listen
from backend.settings import Settings
from tests.bench.plain_scan import scan


def constant(app: Flask, *, bytes: str) -> None:
    """JSON of this length, made at each request as a view makes it."""
    rest = {"a": 1, "text": "x" * (int(bytes) - len(json.dumps({"a": 1, "text": ""})))}

    @app.get("/")
    def view() -> Response:
        return Response(json.dumps(rest), mimetype="application/json")


def sqlalchemy(app: Flask) -> None:
    """One SELECT through SQLAlchemy, on SQLite in memory."""
    engine = create_engine("sqlite://")

    @app.get("/")
    def view() -> Response:
        with engine.connect() as connection:
            return Response(json.dumps({"one": connection.execute(text("SELECT 1")).scalar_one()}))


KINDS: dict[str, Callable[..., None]] = {"constant": constant, "sqlalchemy": sqlalchemy, "scan": scan}


class Plain(Server):
    def __init__(self, what: str, port: int, facts: dict[str, str]) -> None:
        self.what, self.facts = what, facts
        handle = listen("127.0.0.1", port).detach()
        super().__init__(Settings(data=Path()), handle, 1, THREADS, with_worker=False)

    def load(self) -> Flask:
        app = Flask("plain")
        app.add_url_rule("/readyz", view_func=lambda: "ready")
        KINDS[self.what](app, **self.facts)
        return app


if __name__ == "__main__":
    Plain(sys.argv[1], int(sys.argv[2]), dict(word.split("=", 1) for word in sys.argv[3:])).run()
