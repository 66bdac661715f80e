"""What stands on the shelves, labels, and new products from a file."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import Visit, page
from admin_panel.notices import refused, went_well
from backend.api import duties
from backend.api.auth import services
from backend.errors import Refusal
from backend.operations.import_catalogue import CatalogueRefused, import_products
from backend.sales.stock_levels import stock_levels
from catalogue.products_csv import FILE_BYTES_MAX, RefusedLine, parse_products_csv

QUERY_MAX = 80
FORM_BYTES_MAX = FILE_BYTES_MAX + 10_000  # the file and the form around it


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/stock", view_func=stock, methods=["GET", "POST"])


@page(*duties.STOCK)
def stock(visit: Visit) -> str | AnyResponse:
    return show(visit) if request.method == "GET" else take_file(visit)


def take_file(visit: Visit) -> AnyResponse:
    """All lines or none; with faults the page comes back and names each of them."""
    file, at = request.files.get("file"), services()
    data = file.read() if file else b""
    here = url_for(".stock", store=visit.store.code)
    if not data:
        return refused(here, Refusal("file_missing"))
    parsed = parse_products_csv(data, stores=[store.code for store in visit.stores])
    faults: Sequence[RefusedLine] = parsed.refused
    if not faults:
        try:
            done = import_products(at.run, parsed.rows, ids=at.ids, now=at.clock.now())
        except CatalogueRefused as problem:
            faults = problem.lines
    if faults:
        return make_response(show(visit, faults), 422)
    return went_well(
        here,
        "imported",
        new=done.products_new,
        changed=done.products_changed,
        prices=done.prices_changed,
        counts=done.counts_changed,
    )


def show(visit: Visit, refused_lines: Sequence[RefusedLine] = ()) -> str:
    at, q = services(), request.args.get("q", "")[:QUERY_MAX]
    rows = at.run.read(lambda tx: stock_levels(tx, visit.store.id, q=q, now=at.clock.now()))
    return render_template("staff/stock.html", rows=rows, q=q, refused_lines=refused_lines)
