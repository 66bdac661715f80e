"""The staff pages at /staff: routes, what every template may use, and how pages say no."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Flask, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from admin_panel import (
    amounts,
    language,
    notices,
    people_pages,
    promotion_pages,
    queue_pages,
    receipt_pages,
    sales_pages,
    shelf_pages,
    sign_in_pages,
    stock_pages,
    till_pages,
)
from admin_panel.access import FORM_COOKIE, Visit, form_token, open_page, remember
from admin_panel.refusal_words import REFUSALS
from admin_panel.words import refusal_text, say
from backend.api import duties
from backend.api.problems import PROBLEMS
from backend.errors import Refusal
from backend.wiring import Services

SECTIONS = (
    ("queue", duties.HAND_OVER),
    ("people", duties.TOP_UP),
    ("till", duties.CASH_OUT),
    ("stock", duties.STOCK),
    ("promotions", duties.STOCK),
    ("sales", duties.FIGURES),
)
VISITOR_S = 3_600
FORM_FIELD_BYTES_MAX = 10_000
YEAR_S = 365 * 24 * 3600


def register(app: Flask, services: Services) -> None:
    assert app.extensions["smartpay"] is services, "pages and API share one set of services"
    app.register_blueprint(build())


def build() -> Blueprint:
    bp = Blueprint(
        "staff",
        __name__,
        url_prefix="/staff",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    sign_in_pages.add_to(bp)
    for pages in (
        queue_pages,
        receipt_pages,
        sales_pages,
        stock_pages,
        shelf_pages,
        people_pages,
        till_pages,
        promotion_pages,
    ):
        pages.add_to(bp)
    bp.add_url_rule("/<path:rest>", view_func=nowhere)
    bp.before_request(allow_file)
    bp.before_request(choose_language)
    bp.after_request(finish)
    bp.register_error_handler(Refusal, refused)
    bp.register_error_handler(413, too_large)
    bp.context_processor(for_templates)
    return bp


@open_page
def nowhere(rest: str) -> AnyResponse:  # noqa: ARG001 - any other address below /staff
    raise Refusal("not_found")


def allow_file() -> None:
    """Only the import takes more than a form's few bytes."""
    if request.endpoint == "staff.stock" and request.method == "POST":
        request.max_content_length = stock_pages.FORM_BYTES_MAX
        request.max_form_memory_size = FORM_FIELD_BYTES_MAX


def choose_language() -> AnyResponse | None:
    """A link with ?lang= sets the language and leads back to the same page without it."""
    if request.method != "GET" or "lang" not in request.args:
        return None
    kept = {name: value for name, value in request.args.items() if name != "lang"}
    query = f"?{urlencode(kept)}" if kept else ""
    response = redirect(quote(request.path) + query, 303)
    remember(response, language.COOKIE, language.current(), max_age_s=YEAR_S)
    return response


def finish(response: Response) -> Response:
    if "visitor" in g:
        remember(response, FORM_COOKIE, form_token(), max_age_s=VISITOR_S)
    if "notice_shown" in g:
        notices.forget(response)
    if request.endpoint != "staff.static":
        response.headers["Vary"] = "Cookie, Accept-Language"
    return response


def refused(refusal: Refusal) -> Response:
    """Any refusal that a page did not answer itself: what is wrong, and a way on."""
    known = PROBLEMS.get(refusal.code)
    code = refusal.code if refusal.code in REFUSALS else "other"
    text = refusal_text(language.current(), code, refusal.facts)
    status = known.status if known else 400
    response = make_response(render_template("staff/refused.html", text=text, status=status), status)
    if "retry_after_s" in refusal.facts:
        response.headers["Retry-After"] = str(refusal.facts["retry_after_s"])
    return response


def too_large(error: Exception) -> Response:  # noqa: ARG001 - Flask hands it over
    return refused(Refusal("body_too_large"))


def for_templates() -> dict[str, Any]:
    lang = language.current()
    visit: Visit | None = g.get("visit")
    member = g.get("member")
    zone, currency = (visit.store.timezone, visit.store.currency) if visit else ("UTC", "")

    def t(key: str, **facts: object) -> str:
        return say(lang, key, **facts)

    def notice() -> notices.Notice | None:
        g.notice_shown = True
        return notices.waiting()

    return {
        "t": t,
        "lang": lang,
        "dir": "rtl" if lang == "ar" else "ltr",
        "other_language": language.other(),
        "language_link": "?" + urlencode({**request.args, "lang": language.other()}),
        "visit": visit,
        "member": member,
        "sections": [name for name, roles in SECTIONS if member and member.role in roles],
        "form_token": form_token,
        "refusal": lambda code: refusal_text(lang, code, {}),
        "notice": notice,
        "named": lambda thing: thing.name_ar if lang == "ar" else thing.name_en,
        "money": lambda minor: amounts.money(minor, currency, lang),
        "percent": lambda basis_points: amounts.percent(basis_points, lang),
        "number": lambda value: amounts.number(value, lang),
        "long_date": lambda day: amounts.long_date(day, lang),
        "clock_time": lambda at: amounts.clock_time(at, zone),
        "day_and_time": lambda at: amounts.day_and_time(at, zone),
        "may": lambda duty: bool(member) and member.role in getattr(duties, duty),
    }
