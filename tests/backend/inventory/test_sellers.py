"""Who sells is checked when it is said, so that no receipt fails later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.errors import Refusal
from backend.inventory.sellers import Seller, seller_of, set_seller
from tests.backend.inventory.shelf import Shelf

SELLER = Seller("شركة التموين", "310122393500003", "King Fahd Road, Riyadh", "طريق الملك فهد، الرياض")


def test_a_seller_is_kept_for_the_receipts(run):
    store = Shelf(run).store
    assert run.read(lambda tx: seller_of(tx, store.id)) is None
    run(lambda tx: set_seller(tx, store.id, SELLER))
    assert run.read(lambda tx: seller_of(tx, store.id)) == SELLER


@pytest.mark.parametrize("name", ["a" * 127, "ش" * 63, "😀" * 31, "a"])
def test_a_name_of_at_most_127_bytes_is_taken(run, name):
    store = Shelf(run).store
    run(lambda tx: set_seller(tx, store.id, replace(SELLER, legal_name=name)))
    assert run.read(lambda tx: seller_of(tx, store.id)).legal_name == name


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"legal_name": "a" * 128}, "seller_name_too_long"),
        ({"legal_name": "ش" * 64}, "seller_name_too_long"),
        ({"legal_name": "😀" * 32}, "seller_name_too_long"),
        ({"legal_name": " "}, "seller_malformed"),
        ({"legal_name": "A\nB"}, "seller_malformed"),
        ({"address_en": "x" * 201}, "seller_malformed"),
        ({"address_ar": ""}, "seller_malformed"),
        ({"vat_number": "31012239350000"}, "vat_number_malformed"),
        ({"vat_number": "410122393500003"}, "vat_number_malformed"),
        ({"vat_number": "٣١٠١٢٢٣٩٣٥٠٠٠٠٣"}, "vat_number_malformed"),
    ],
)
def test_what_a_receipt_cannot_say_is_refused_at_once(run, changes, code):
    store = Shelf(run).store
    with pytest.raises(Refusal) as refusal:
        run(lambda tx: set_seller(tx, store.id, replace(SELLER, **changes)))
    assert refusal.value.code == code
    assert run.read(lambda tx: seller_of(tx, store.id)) is None
