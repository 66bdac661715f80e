"""/v1/stores and /v1/products: open to everybody, live, cheap to poll."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image
from sqlalchemy import update

from backend.inventory.tables import products
from tests.api.storefront import Caller, Storefront


def test_the_stores_are_listed_with_both_names(front: Storefront) -> None:
    store = front.get("/stores").json["stores"][0]
    assert (store["code"], store["name"], store["currency"]) == (
        "R1",
        {"en": "Riyadh", "ar": "الرياض"},
        "SAR",
    )


def test_the_list_is_live_and_an_unchanged_one_costs_nothing(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK", 10, price_minor=500)
    first = front.get("/products?store=R1")
    product = first.json["products"][0]
    assert (product["sku"], product["price_minor"], product["available"]) == ("MILK", 500, 10)
    etag = first.headers["ETag"]
    assert front.get("/products?store=R1", **{"If-None-Match": etag}).status_code == 304
    shopper.scan("MILK")
    changed = front.get("/products?store=R1", **{"If-None-Match": etag})
    assert (changed.status_code, changed.json["products"][0]["available"]) == (200, 9)


def test_a_search_finds_the_product(front: Storefront) -> None:
    front.shelf.put("MILK")
    front.shelf.put("RICE")
    for query in ("q=milk", "category=Goods&q=MILK", "q=%00milk", "q=" + "milk%20" * 50):
        found = front.get(f"/products?store=R1&{query}").json["products"]
        assert [product["sku"] for product in found] == ["MILK"], query


def test_what_is_not_there_is_not_found(front: Storefront) -> None:
    front.shelf.put("MILK")
    for path, code in (
        ("/products?store=X9", "store_unknown"),
        ("/products/NONE?store=R1", "product_unknown"),
        ("/products/%00?store=R1", "product_unknown"),
        ("/products/milk/label.png?store=R1", "product_unknown"),
        ("/products/MILK/label.svg?store=J1", "store_unknown"),
        ("/products/NONE/picture", "product_unknown"),
        ("/products/MILK/picture", "not_found"),
    ):
        answer = front.get(path)
        assert (answer.status_code, answer.json["code"]) == (404, code), path


def test_a_label_in_the_picture_is_the_one_that_scans(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK")
    answer = front.get("/products/MILK/label.png?store=R1")
    assert (answer.content_type, "max-age" in answer.headers["Cache-Control"]) == ("image/png", True)
    code = zxingcpp.read_barcode(Image.open(io.BytesIO(answer.data))).text
    assert shopper.scan("MILK", code=code).status_code == 201
    assert front.get("/products/MILK/label.svg?store=R1").data.startswith(b"<svg")


def test_a_picture_is_sent_with_a_tag_to_ask_by(front: Storefront) -> None:
    front.shelf.put("MILK")
    pictures = front.services.settings.data / "pictures"
    pictures.mkdir()
    (pictures / "milk.webp").write_bytes(b"RIFF....WEBP")
    front.services.run(lambda tx: tx.execute(update(products).values(picture="milk.webp")))
    assert front.get("/products/MILK?store=R1").json["picture_url"] == "/v1/products/MILK/picture"
    answer = front.get("/products/MILK/picture")
    assert (answer.data, answer.content_type) == (b"RIFF....WEBP", "image/webp")
    again = front.get("/products/MILK/picture", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_without_a_store_the_first_ones_goods_are_listed(front):
    front.shelf.put("TEA")
    assert [product["sku"] for product in front.get("/products").json["products"]] == ["TEA"]


def test_a_stores_sheet_is_a_pdf_that_is_sent_once(front):
    front.shelf.put("TEA")
    first = front.get("/stores/R1/sheet.pdf")
    assert (first.status_code, first.content_type) == (200, "application/pdf")
    assert first.data.startswith(b"%PDF-")
    again = front.get("/stores/R1/sheet.pdf", **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert front.get("/stores/ZZ/sheet.pdf").json["code"] == "store_unknown"
