"""Staff sign in with login and password and get an opaque token for a shift."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from backend.api import duties, introduction
from backend.api.auth import current_staff, public, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import Body, answer, read_json
from backend.db.transaction import Transaction
from backend.identity import staff
from backend.identity.staff import StaffMember, StaffSession
from backend.wiring import Services

bp = Blueprint("staff_sessions", __name__, url_prefix="/v1")


class StaffSignIn(Body):
    login: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256, repr=False)


class StaffStore(BaseModel):
    code: str
    name: dict[str, str]
    currency: str
    timezone: str


class StaffView(BaseModel):
    id: str
    display_name: str
    role: str
    stores: list[StaffStore]


class StaffSessionView(BaseModel):
    token: str
    expires_in_s: int
    staff: StaffView


@bp.post("/staff/sessions")
@public
@describe(
    "Sign in as staff",
    body=StaffSignIn,
    answers={201: StaffSessionView},
    problems=("sign_in_refused",),
)
def post_session() -> Response:
    at, asked = services(), read_json(StaffSignIn)
    session = open_session(at, asked.login, asked.password)
    left_s = int((session.expires_at - at.clock.now()).total_seconds())
    who = at.run.read(lambda tx: staff_json(tx, session.member))
    return answer(201, {"token": session.token, "expires_in_s": left_s, "staff": who})


@bp.get("/staff/me")
@staff_role(*duties.ANYBODY)
@describe("Who is signed in, and where they work", answers={200: StaffView})
def get_me() -> Response:
    at, member = services(), current_staff()
    return answer(200, at.run.read(lambda tx: staff_json(tx, member)))


@bp.delete("/staff/sessions/current")
@staff_role(*duties.ANYBODY)
@describe("Sign out", answers={204: None})
def delete_session() -> Response:
    close_session(services(), request.headers["Authorization"].partition(" ")[2])
    return answer(204)


def open_session(at: Services, login: str, password: str) -> StaffSession:
    """Raises Refusal sign_in_refused. Tries are counted for each login and network."""
    return staff.sign_in(
        login,
        password,
        origin=introduction.origin(),
        run=at.run,
        hasher=at.pin_hasher,
        ids=at.ids,
        clock=at.clock,
    )


def close_session(at: Services, token: str) -> None:
    at.run(lambda tx: staff.sign_out(tx, token))


def staff_json(tx: Transaction, member: StaffMember) -> dict[str, Any]:
    return {
        "id": member.id,
        "display_name": member.display_name,
        "role": member.role,
        "stores": [
            {
                "code": store.code,
                "name": {"en": store.name_en, "ar": store.name_ar},
                "currency": store.currency,
                "timezone": store.timezone,
            }
            for store in duties.stores_of(tx, member)
        ],
    }
