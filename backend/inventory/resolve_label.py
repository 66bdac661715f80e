"""From what a shopper scanned or typed to the name of a product in a store."""

from __future__ import annotations

from dataclasses import dataclass

from backend.errors import Refusal
from catalogue.gtin import GtinRefused, typed_gtin
from catalogue.labels import LabelKeys, LabelRefused, read_label


@dataclass(frozen=True, slots=True)
class Named:
    """What a label or a person named; whether such a thing is sold is not known yet."""

    store_code: str
    gtin: str  # 14 digits


def read_code(text: str, *, host: str, keys: LabelKeys, store_code: str | None = None) -> Named:
    """A label's text, its signature checked.

    Raises Refusal label_unreadable, label_foreign_host, label_key_unknown, label_forged, label_out_of_date,
    or label_other_store where the shopper says to be in another store than the label.
    """
    try:
        label = read_label(text, host=host, keys=keys)
    except LabelRefused as refused:
        raise Refusal(refused.code) from refused
    if store_code is not None and store_code != label.store_code:
        raise Refusal("label_other_store", store=label.store_code)
    return Named(label.store_code, label.gtin)


def read_typed(gtin: str, *, store_code: str) -> Named:
    """The number under the bars, as typed. Raises Refusal gtin_invalid."""
    try:
        return Named(store_code, typed_gtin(gtin))
    except GtinRefused as refused:
        raise Refusal("gtin_invalid", reason=refused.reason) from refused
