"""What a store sells, with pictures and labels; open to everybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel

import catalogue
from backend.api.auth import public, services
from backend.api.openapi import describe
from backend.api.reading import answer, with_etag
from backend.errors import Refusal
from backend.inventory import products, stores
from backend.inventory.products import Offer, Product
from catalogue.labels import label_png, label_svg, sign_label

bp = Blueprint("products", __name__, url_prefix="/v1/products")

DEMO_PICTURES = Path(catalogue.__file__).parent / "demo" / "pictures"
MEDIA_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg"}
QUERY_CHARS_MAX = 100
KEPT_S = 3600  # a picture or label may be this old
SKU = re.compile(r"[A-Z0-9-]{1,32}", re.ASCII)
STORE = {"store": "the store's code, such as R1"}


class ProductView(BaseModel):
    sku: str
    gtin: str
    name: dict[str, str]
    category: dict[str, str]
    price_minor: int
    currency: str
    vat_rate_bp: int
    picture_url: str | None
    available: int
    age_min: int | None


class ProductPage(BaseModel):
    products: list[ProductView]
    next: str | None


def picture_url(sku: str, picture: str | None) -> str | None:
    return f"/v1/products/{sku}/picture" if picture else None


def present(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "gtin": product.gtin,
        "name": {"en": product.name_en, "ar": product.name_ar},
        "category": {"en": product.category_en, "ar": product.category_ar},
        "price_minor": product.price_minor,
        "currency": product.currency,
        "vat_rate_bp": product.vat_rate_bp,
        "picture_url": picture_url(product.sku, product.picture),
        "available": product.available,
        "age_min": product.age_min,
    }


@bp.get("")
@public
@describe(
    "What a store sells, in pages, with what is available now (ETag: poll it)",
    query={
        "store": "the store's code, such as R1; without it, the first store",
        "q": "words of a name or category, parts of sku or GTIN",
        "category": "in English or Arabic",
        "after": "`next` of the page before",
    },
    answers={200: ProductPage},
    problems=("store_unknown",),
)
def get_products() -> Response:
    at = services()
    page = at.run.read(
        lambda tx: products.listing(
            tx,
            stores.by_code_or_first(tx, asked("store")),
            q=asked("q"),
            category=asked("category"),
            after=asked("after"),
            now=at.clock.now(),
        )
    )
    return with_etag(answer(200, {"products": [present(p) for p in page.products], "next": page.next}))


@bp.get("/<sku>")
@public
@describe(
    "One product",
    query=STORE,
    answers={200: ProductView},
    problems=("store_unknown", "product_unknown", "product_withdrawn"),
)
def get_product(sku: str) -> Response:
    return with_etag(answer(200, present(offered(sku).product)))


@bp.get("/<sku>/picture")
@public
@describe("Its picture", answers={200: "image/webp"}, problems=("product_unknown",))
def get_picture(sku: str) -> Response:
    at = services()
    name = at.run.read(lambda tx: products.picture(tx, known_form(sku)))
    found = picture_file(name)
    if found is None:
        raise Refusal("not_found")
    return file(found.read_bytes(), MEDIA_TYPES[found.suffix])


@bp.get("/<sku>/label.png")
@public
@describe(
    "Its signed label as a picture",
    query=STORE,
    answers={200: "image/png"},
    problems=("store_unknown", "product_unknown", "product_withdrawn"),
)
def get_label_png(sku: str) -> Response:
    return file(label_png(label_text(offered(sku))), "image/png")


@bp.get("/<sku>/label.svg")
@public
@describe(
    "Its signed label as a drawing",
    query=STORE,
    answers={200: "image/svg+xml"},
    problems=("store_unknown", "product_unknown", "product_withdrawn"),
)
def get_label_svg(sku: str) -> Response:
    return file(label_svg(label_text(offered(sku))).encode(), "image/svg+xml")


def offered(sku: str) -> Offer:
    """The product in the store of the query."""
    at = services()
    store_code, now = asked("store"), at.clock.now()
    return at.run.look(lambda tx: products.find(tx, store_code, known_form(sku), now=now))


def label_text(offer: Offer) -> str:
    at = services()
    return sign_label(offer.product.gtin, offer.store.code, host=at.settings.public_host, key=at.label_key)


def asked(name: str) -> str:
    """A parameter of the query; "" where it is absent. PostgreSQL's text holds no NUL."""
    return request.args.get(name, "")[:QUERY_CHARS_MAX].replace("\0", "")


def picture_file(name: str | None) -> Path | None:
    """The shop's own pictures come before those of the demo."""
    folders = (services().settings.data / "pictures", DEMO_PICTURES)
    return next((folder / name for folder in folders if name and (folder / name).is_file()), None)


def known_form(sku: str) -> str:
    if not SKU.fullmatch(sku):
        raise Refusal("product_unknown")
    return sku


def file(content: bytes, media_type: str) -> Response:
    """Bytes that a browser may keep for a while and then asks about."""
    response = with_etag(Response(content, content_type=media_type))
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    return response
