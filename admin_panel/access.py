"""Who may open which staff page: a session cookie, a role, a store in the address, a token in every form."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from backend.api import duties
from backend.api.auth import services
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import staff
from backend.identity.staff import StaffMember
from backend.inventory.stores import Store

SESSION_COOKIE = "staff_session"
FORM_COOKIE = "staff_form"  # guards the sign-in form, before there is a session
Page = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page may know of who asks for it."""

    member: StaffMember
    store: Store
    stores: tuple[Store, ...]


def page(*roles: str) -> Callable[[Page], Page]:
    """A page of one store, for these roles; a POST is refused without the session's form token."""

    def mark(view: Page) -> Page:
        @wraps(view)
        def call(store: str, **parts: Any) -> Any:
            member = signed_in_member()
            if member is None:
                return redirect(url_for("staff.sign_in"), 303)
            if request.method == "POST":
                check_form()
            g.visit = services().run.read(lambda tx: visit(tx, member, store))
            if member.role not in roles:
                raise Refusal("role_missing")
            return view(g.visit, **parts)

        call.access = "staff-page:" + ",".join(roles)  # type: ignore[attr-defined]
        return call

    return mark


def open_page(view: Page) -> Page:
    """A page for anybody; its forms carry a token that a cookie of the same visit must equal."""

    @wraps(view)
    def call(**parts: Any) -> Any:
        signed_in_member()
        if request.method == "POST":
            check_form()
        return view(**parts)

    call.access = "public"  # type: ignore[attr-defined]
    return call


def visit(tx: Transaction, member: StaffMember, code: str) -> Visit:
    return Visit(member, duties.store_of(tx, member, code), tuple(duties.stores_of(tx, member)))


def signed_in_member() -> StaffMember | None:
    """Who the session cookie stands for; remembered for this request with the session's form token."""
    token, at = request.cookies.get(SESSION_COOKIE, ""), services()
    if not token:
        return None

    def read(tx: Transaction) -> tuple[StaffMember | None, str | None]:
        return staff.by_token(tx, token, now=at.clock.now()), staff.csrf_of(tx, token)

    member, csrf = at.run.read(read)
    if member is not None:
        g.member, g.form_token = member, csrf
    return member


def form_token() -> str:
    """The session's; a visitor without one gets a token that a cookie repeats."""
    if "form_token" not in g:
        g.form_token = request.cookies.get(FORM_COOKIE) or secrets.token_hex(32)
        g.visitor = True
    return cast(str, g.form_token)


def check_form() -> None:
    """Raises Refusal form_expired."""
    expected = g.get("form_token") or request.cookies.get(FORM_COOKIE, "")
    given = request.form.get("form_token", "")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Refusal("form_expired")


def remember(response: Response | AnyResponse, name: str, value: str, *, max_age_s: int) -> None:
    """A cookie that no script reads and no other site sends."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/staff",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
