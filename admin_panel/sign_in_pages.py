"""In and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import SESSION_COOKIE, open_page, remember, signed_in_member
from admin_panel.notices import refused
from backend.api import duties
from backend.api.auth import services
from backend.api.staff_sessions import close_session, open_session
from backend.errors import Refusal
from backend.identity.staff import SESSION_LIFETIME

TEXT_MAX = 256


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("", view_func=home)
    bp.add_url_rule("/", endpoint="home_with_slash", view_func=home)
    bp.add_url_rule("/sign-in", view_func=sign_in, methods=["GET", "POST"])
    bp.add_url_rule("/sign-out", view_func=sign_out, methods=["POST"])


@open_page
def home() -> AnyResponse:
    """Where a member of staff begins: the queue of the first store."""
    member, at = signed_in_member(), services()
    if member is None:
        return redirect(url_for(".sign_in"), 303)
    stores = at.run.read(lambda tx: duties.stores_of(tx, member))
    if not stores:
        raise Refusal("store_unknown")
    return redirect(url_for(".queue", store=stores[0].code), 303)


@open_page
def sign_in() -> str | AnyResponse:
    if request.method == "GET":
        if signed_in_member() is not None:
            return redirect(url_for(".home"), 303)
        return render_template("staff/sign_in.html")
    login, password = (request.form.get(name, "")[:TEXT_MAX] for name in ("login", "password"))
    try:
        session = open_session(services(), login, password)
    except Refusal as refusal:
        return refused(url_for(".sign_in"), refusal)
    response = redirect(url_for(".home"), 303)
    remember(response, SESSION_COOKIE, session.token, max_age_s=int(SESSION_LIFETIME.total_seconds()))
    return response


@open_page
def sign_out() -> AnyResponse:
    close_session(services(), request.cookies.get(SESSION_COOKIE, ""))
    response = redirect(url_for(".sign_in"), 303)
    response.delete_cookie(SESSION_COOKIE, path="/staff")
    return response
