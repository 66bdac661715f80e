"""From a label or a typed number to the name of a product in its store."""

from __future__ import annotations

import pytest

from backend.errors import Refusal
from backend.inventory.resolve_label import Named, read_code, read_typed
from catalogue.labels import LabelKey, sign_label

KEY = LabelKey.from_seed("A1", b"1" * 32)
KEYS = {"A1": KEY.verifying()}
HOST = "shop.example"
GTIN = "2000000000015"


def a_label(store: str = "R1", *, host: str = HOST, key: LabelKey = KEY) -> str:
    return sign_label(GTIN, store, host=host, key=key)


def code_of(label: str, **given: str) -> str:
    with pytest.raises(Refusal) as caught:
        read_code(label, host=HOST, keys=KEYS, **given)
    return caught.value.code


def test_a_label_names_its_product_and_its_store() -> None:
    assert read_code(a_label(), host=HOST, keys=KEYS) == Named("R1", "02000000000015")


def test_every_wrong_label_says_what_is_wrong() -> None:
    stranger = LabelKey.from_seed("A1", b"2" * 32)
    assert code_of("hello") == "label_unreadable"
    assert code_of(a_label(host="other.example")) == "label_foreign_host"
    assert code_of(a_label(key=stranger)) == "label_forged"
    assert code_of(a_label().replace("k=A1", "k=B1")) == "label_key_unknown"
    assert code_of(a_label("J1"), store_code="R1") == "label_other_store"


@pytest.mark.parametrize("typed", ["2000000000015", "٢٠٠٠٠٠٠٠٠٠٠١٥", " 2000-0000 00015 ", "02000000000015"])
def test_a_number_may_be_typed_as_people_type(typed: str) -> None:
    assert read_typed(typed, store_code="R1") == Named("R1", "02000000000015")


@pytest.mark.parametrize("typed", ["2000000000016", "123", "", "20000000000l5", "²000000000015"])
def test_a_mistyped_number_is_refused(typed: str) -> None:
    with pytest.raises(Refusal, match="gtin_invalid"):
        read_typed(typed, store_code="R1")
