"""A server's sales reports, by API, CSV and page, as JSON; a process of its own, since its time zone is part of it.

TZ=Pacific/Auckland python -m tests.proof.reports '{"database": …, "stores": {"R1": ["2026-10-25"]}, …}'
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from admin_panel import blueprint
from admin_panel.access import SESSION_COOKIE
from backend.api.app import create_app
from backend.clock import SystemIds
from backend.identity.staff import NewStaff, create
from backend.inventory import stores
from backend.operations.rollups import catch_up
from backend.settings import Settings
from backend.wiring import Services
from tests.proof.node import NodeOptions, build
from tests.proof.sabotage import Switch

PASSWORD = "whoever reads figures"
AFTERWARDS = datetime(2026, 12, 24, tzinfo=UTC)
CELLS = re.compile(r'<bdi>\d\d:\d\d</bdi></th><td class="figure">[\d,]+</td><td class="figure">([^<]*)<')


class Later:
    """A clock for which all days of a proof are over."""

    def now(self) -> datetime:
        return AFTERWARDS


def main(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["switch"]:
        Switch(Path(asked["switch"])).install()
    settings = Settings(data=Path(asked["data"]), database_url=asked["database"])
    at = build(NodeOptions())(settings, clock=Later())
    client = signed_in(at)
    said: dict[str, Any] = {code: [reports(client, code, asked)] for code in asked["stores"]}
    catch_up(at.run, now=AFTERWARDS)
    for code in asked["stores"]:
        said[code].append(reports(client, code, asked))
    return said


def signed_in(at: Services) -> FlaskClient:
    login = f"reader-{SystemIds().token(6).lower()}"
    password_hash = at.pin_hasher.hash_password(PASSWORD)
    shops = frozenset(store.id for store in at.run.read(stores.every))
    reader = NewStaff(at.ids.uuid7(), login, login, "manager", password_hash, shops)
    at.run(lambda tx: create(tx, reader, now=AFTERWARDS))
    app = create_app(at)
    blueprint.register(app, at)
    client = app.test_client()
    answer = client.post("/v1/staff/sessions", json={"login": login, "password": PASSWORD})
    token = answer.get_json()["token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    client.set_cookie(SESSION_COOKIE, token, path="/staff")
    return client


def reports(client: FlaskClient, code: str, asked: dict[str, Any]) -> dict[str, Any]:
    first, last = asked["months"]
    return {
        "days": {day: of_day(client, code, day) for day in asked["stores"][code]},
        "month": client.get(f"/v1/staff/sales?store={code}&from={first}&to={last}").json,
    }


def of_day(client: FlaskClient, code: str, day: str) -> dict[str, Any]:
    """Gross of each hour as CSV and page have it, beside the API's whole answer."""
    file = client.get(f"/staff/{code}/sales/hours.csv?day={day}").data.decode("utf-8-sig")
    page = client.get(f"/staff/{code}/sales?day={day}").text
    return {
        "api": client.get(f"/v1/staff/sales?store={code}&day={day}").json,
        "csv": [int(row["gross_minor"]) for row in csv.DictReader(io.StringIO(file))],
        "page": [int(re.sub(r"\D", "", cell)) for cell in CELLS.findall(page)],
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
