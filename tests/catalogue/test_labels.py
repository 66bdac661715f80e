"""Labels: what is signed is read back, and nothing else is."""

import io

import pytest
import zxingcpp
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from catalogue.gtin import GtinRefused, restricted_gtin13
from catalogue.labels import (
    HOST_CHARS_MAX,
    Label,
    LabelKey,
    LabelKeys,
    LabelRefused,
    label_matrix,
    label_png,
    label_svg,
    read_label,
    sign_label,
)

HOST = "shop.example"
KEY = LabelKey.from_seed("A1", bytes(range(32)))
OTHER = LabelKey.from_seed("B2", bytes(range(1, 33)))
KEYS: LabelKeys = {"A1": KEY.verifying(), "B2": OTHER.verifying()}
GTIN = "04006381333931"
TEXT = sign_label(GTIN, "R1", host=HOST, key=KEY)
CHARACTERS = st.characters(min_codepoint=32, max_codepoint=0x24F)
NAMES = st.text("ABCXYZ019", min_size=1, max_size=5)
HOSTS = st.builds("{}-{}.{}.{}".format, NAMES, NAMES, NAMES, NAMES).filter(
    lambda name: len(name) <= HOST_CHARS_MAX
)
STORES = st.text("ABCXYZ019", min_size=2, max_size=4)


def refused(text: str, *, host: str = HOST, keys: LabelKeys = KEYS) -> LabelRefused:
    with pytest.raises(LabelRefused) as refusal:
        read_label(text, host=host, keys=keys)
    return refusal.value


@given(HOSTS, STORES, st.integers(min_value=0, max_value=9_999_999_999))
def test_a_signed_label_is_read_back(host: str, store: str, item: int) -> None:
    text = sign_label(restricted_gtin13(item), store, host=host, key=KEY)
    assert read_label(text, host=host, keys=KEYS) == Label(f"0{restricted_gtin13(item)}", store, host, "A1")


@given(st.integers(min_value=0, max_value=len(TEXT) - 1), CHARACTERS)
def test_any_other_character_anywhere_is_refused(place: int, character: str) -> None:
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    in_host_or_scheme = place < TEXT.index("/01/")
    assume(changed != TEXT and not (in_host_or_scheme and changed.upper() == TEXT.upper()))
    assert refused(changed).code != "label_out_of_date"


@given(st.integers(min_value=0, max_value=len(TEXT)), CHARACTERS)
def test_an_added_character_anywhere_is_refused(place: int, character: str) -> None:
    refused(TEXT[:place] + character + TEXT[place:])


@given(st.integers(min_value=5, max_value=len(TEXT) - 1))
def test_a_missing_character_anywhere_is_refused(place: int) -> None:
    refused(
        TEXT[:place] + TEXT[place + 1 :]
    )  # from 5 on: without its fifth letter the scheme is http, which may be


def test_the_spare_bits_of_the_signature_hide_no_second_text() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for last in alphabet.replace(TEXT[-1], ""):
        assert refused(TEXT[:-1] + last).code == "label_forged"


@pytest.mark.parametrize(
    "start", ["https://shop.example", "http://Shop.Example:8080", "HTTPS://SHOP.EXAMPLE:443"]
)
def test_scheme_port_and_case_of_the_host_do_not_count(start: str) -> None:
    text = TEXT.replace("HTTPS://SHOP.EXAMPLE", start)
    assert read_label(text, host="SHOP.example", keys=KEYS).host == "SHOP.EXAMPLE"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4006381333931",
        "https://shop.example/",
        "WIFI:S:shop;T:WPA;P:secret;;",
        TEXT + "&x=1",
        f" {TEXT}",
        f"{TEXT}\n",
        TEXT.replace("?s=", "?S="),
        TEXT.replace("HTTPS:", "HTTPſ:"),
        TEXT.replace("HTTPS:", "FTP:"),
        TEXT.replace("SHOP.EXAMPLE", "SHOP.EXAMPLE:"),
        TEXT.replace("/01/0", "/01/٠"),
        TEXT.lower(),
        "A" * 100_000,
    ],
)
def test_what_is_not_a_label_is_unreadable(text: str) -> None:
    assert refused(text).code == "label_unreadable"


def test_a_label_of_another_host_is_told_apart() -> None:
    assert refused(sign_label(GTIN, "R1", host="other.example", key=KEY)).code == "label_foreign_host"
    assert refused(TEXT.replace("SHOP.", "SHOP.SHOP.")).code == "label_foreign_host"


def test_a_label_of_an_unknown_key_is_told_apart() -> None:
    assert refused(TEXT, keys={"B2": OTHER.verifying()}).code == "label_key_unknown"


@pytest.mark.parametrize(
    "changes",
    [("s=R1", "s=J1"), (GTIN, "04006381333948"), ("k=A1", "k=B2")],
    ids=["other store", "other product", "other key"],
)
def test_a_label_copied_to_another_purpose_is_forged(changes: tuple[str, str]) -> None:
    assert refused(TEXT.replace(*changes)).code == "label_forged"


def test_a_host_put_over_a_signed_label_is_forged() -> None:
    foreign = sign_label(GTIN, "R1", host="other.example", key=KEY)
    assert refused(foreign.replace("OTHER", "SHOP")).code == "label_forged"


def test_a_retired_key_explains_itself_only_on_labels_that_it_signed() -> None:
    keys = {"A1": KEY.verifying(retired=True), "B2": OTHER.verifying()}
    refusal = refused(TEXT, keys=keys)
    assert (refusal.code, refusal.label) == ("label_out_of_date", Label(GTIN, "R1", "SHOP.EXAMPLE", "A1"))
    assert refused(TEXT.replace("s=R1", "s=J1"), keys=keys).code == "label_forged"


@pytest.mark.parametrize(
    "host", ["", "shop.example:8080", "https://shop", "shop_.example", "-shop", "m" * 26, "متجر", "a..b"]
)
def test_a_host_that_cannot_be_printed_is_our_mistake(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        sign_label(GTIN, "R1", host=host, key=KEY)


@pytest.mark.parametrize("store", ["", "R", "r1", "RIYAD", "R 1", "ر١"])
def test_a_store_code_that_cannot_be_printed_is_our_mistake(store: str) -> None:
    with pytest.raises(ValueError, match="store code"):
        sign_label(GTIN, store, host=HOST, key=KEY)


def test_a_wrong_gtin_is_never_signed() -> None:
    with pytest.raises(GtinRefused):
        sign_label("4006381333930", "R1", host=HOST, key=KEY)


@pytest.mark.parametrize("key_id", ["", "A", "a1", "ABC"])
def test_a_key_id_has_two_characters(key_id: str) -> None:
    with pytest.raises(ValueError, match="two characters"):
        LabelKey.from_seed(key_id, bytes(32))


def test_a_key_does_not_print_itself() -> None:
    assert "private" not in repr(KEY)


@pytest.mark.parametrize(
    ("host", "store"),
    [(HOST, "R1"), (HOST, "RUH1"), ("M" * HOST_CHARS_MAX, "RUH1")],
    ids=["demo", "long store", "limit"],
)
def test_every_label_is_a_version_seven_code(host: str, store: str) -> None:
    for item in range(40):
        text = sign_label(restricted_gtin13(item), store, host=host, key=KEY)
        assert len(label_matrix(text)) == 45  # modules of version 7


def test_a_text_that_needs_smaller_modules_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="QR version 8"):
        label_matrix("a" * 130)


def test_the_png_decodes_to_the_text() -> None:
    picture = Image.open(io.BytesIO(label_png(TEXT)))
    assert picture.size == ((45 + 8) * 8, (45 + 8) * 8)
    assert [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))] == [TEXT]


def test_the_svg_has_the_same_modules_as_the_png() -> None:
    svg = label_svg(TEXT)
    runs = [part.split("h", 2)[:2] for part in svg.split('<path d="M')[1].split("M")]
    dark = sum(int(width.split("v")[0]) for _, width in runs)
    assert dark == sum(sum(row) for row in label_matrix(TEXT))
    assert 'viewBox="0 0 53 53"' in svg
