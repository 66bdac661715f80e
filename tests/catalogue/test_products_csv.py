"""Products from CSV: every fault is named with line, column and a sentence; nothing passes beside a fault."""

import csv
import io

import pytest

from catalogue.gtin import restricted_gtin13
from catalogue.products_csv import (
    COLUMNS,
    FILE_BYTES_MAX,
    LINES_MAX,
    Parsed,
    RefusedLine,
    parse_products_csv,
    write_products_csv,
)

HEADING = [*COLUMNS, "stock:R1", "stock:J1"]


def a_line(item: int = 1, **changes: str) -> list[str]:
    values = {
        "sku": f"TEA-{item}",
        "gtin": restricted_gtin13(item),
        "name_en": "Black tea, 100 bags",
        "name_ar": "شاي أسود، ١٠٠ كيس",
        "category_en": "Drinks",
        "category_ar": "مشروبات",
        "price_minor": "1495",
        "currency": "SAR",
        "vat_rate_bp": "1500",
        "picture": "tea.webp",
        "stock:R1": "40",
        "stock:J1": "25",
    }
    return list((values | changes).values())


def a_file(*lines: list[str], heading: list[str] = HEADING) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *lines])
    return out.getvalue().encode()


def only_refusal(parsed: Parsed) -> RefusedLine:
    (refusal,) = parsed.refused
    assert refusal.reason.endswith(".")
    return refusal


def test_a_good_file_is_read_whole() -> None:
    parsed = parse_products_csv(a_file(a_line(1), a_line(2)))
    assert parsed.refused == ()
    first, second = parsed.rows
    assert (first.line, second.line) == (2, 3)
    assert (first.sku, first.gtin, first.price_minor, first.vat_rate_bp) == (
        "TEA-1",
        "02000000000015",
        1495,
        1500,
    )
    assert first.on_hand == {"R1": 40, "J1": 25}


def test_a_byte_order_mark_and_another_column_order_change_nothing() -> None:
    plain = parse_products_csv(a_file(a_line()))
    turned = a_file(a_line()[::-1], heading=HEADING[::-1])
    assert parse_products_csv(b"\xef\xbb\xbf" + turned).rows == plain.rows


def test_an_empty_stock_cell_means_not_sold_there() -> None:
    (row,) = parse_products_csv(a_file(a_line(**{"stock:R1": "0", "stock:J1": ""}))).rows
    assert row.on_hand == {"R1": 0}


def test_a_written_file_reads_back_the_same() -> None:
    rows = parse_products_csv(
        a_file(a_line(1), a_line(2, **{"stock:J1": ""}, name_en='He said "tea", twice'))
    ).rows
    again = parse_products_csv(write_products_csv(rows))
    assert again == Parsed(rows, ())


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("sku", "", "1 to 32 characters"),
        ("sku", "tea 1", "1 to 32 characters"),
        ("sku", "A" * 33, "1 to 32 characters"),
        ("gtin", "", "digits only"),
        ("gtin", "2000000000016", "check digit"),
        ("gtin", "20000000000", "8, 12, 13 or 14"),
        ("gtin", "20000000000٥٥", "digits only"),
        ("name_en", "", "empty"),
        ("name_en", "x" * 121, "120 characters"),
        ("name_en", '=HYPERLINK("x")', "formula"),
        ("name_ar", "", "empty"),
        ("name_ar", "شاي\u202e", "direction"),
        ("category_en", " ", "empty"),
        ("category_ar", "", "empty"),
        ("price_minor", "-5", "between"),
        ("price_minor", "0", "between"),
        ("price_minor", "14.95", "whole number"),
        ("price_minor", "1e3", "whole number"),
        ("price_minor", "١٤٩٥", "whole number"),
        ("price_minor", "1,495", "whole number"),
        ("price_minor", "", "whole number"),
        ("price_minor", "9" * 30, "between"),
        ("price_minor", "9" * 5000, "whole number"),
        ("currency", "sar", "three capitals"),
        ("currency", "", "three capitals"),
        ("vat_rate_bp", "15%", "whole number"),
        ("vat_rate_bp", "-1", "between"),
        ("vat_rate_bp", "10001", "between"),
        ("picture", "../secret.png", "file name"),
        ("picture", "tea.svg", "file name"),
        ("stock:R1", "-1", "between"),
        ("stock:R1", "3.5", "whole number"),
        ("stock:J1", "1000001", "between"),
    ],
)
def test_a_wrong_value_is_named_with_line_column_and_sentence(column: str, value: str, sentence: str) -> None:
    parsed = parse_products_csv(a_file(a_line(1), a_line(2, **{column: value})))
    refusal = only_refusal(parsed)
    assert (refusal.line, refusal.field) == (3, column)
    assert sentence in refusal.reason


def test_all_faults_of_a_file_come_at_once() -> None:
    parsed = parse_products_csv(
        a_file(a_line(1, price_minor="x", currency=""), a_line(2), a_line(3, gtin="1"))
    )
    assert [(refusal.line, refusal.field) for refusal in parsed.refused] == [
        (2, "price_minor"),
        (2, "currency"),
        (4, "gtin"),
    ]


@pytest.mark.parametrize("column", ["sku", "gtin"])
def test_a_second_line_with_the_same_number_is_refused(column: str) -> None:
    value = {"sku": "TEA-1", "gtin": "0" + restricted_gtin13(1)}[column]
    refusal = only_refusal(parse_products_csv(a_file(a_line(1), a_line(2, **{column: value}))))
    assert refusal == RefusedLine(3, column, f"Line 2 has the same {column}.")


def test_one_category_has_one_arabic_name() -> None:
    refusal = only_refusal(parse_products_csv(a_file(a_line(1), a_line(2, category_ar="شراب"))))
    assert (refusal.line, refusal.field) == (3, "category_ar")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column_is_named(column: str) -> None:
    place = HEADING.index(column)
    without = [values[:place] + values[place + 1 :] for values in (HEADING, a_line())]
    assert only_refusal(parse_products_csv(a_file(without[1], heading=without[0]))).field == column


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("colour", "not known"),
        ("", "not known"),
        ("sku", "more than once"),
        ("stock:R1", "more than once"),
        ("stock:", "store code"),
        ("stock:riyadh", "store code"),
    ],
)
def test_a_column_that_cannot_be_used_is_named(extra: str, sentence: str) -> None:
    refusal = only_refusal(parse_products_csv(a_file([*a_line(), "1"], heading=[*HEADING, extra])))
    assert (refusal.line, refusal.field) == (1, extra)
    assert sentence in refusal.reason


def test_a_store_that_does_not_exist_is_named() -> None:
    assert parse_products_csv(a_file(a_line()), stores={"R1", "J1"}).refused == ()
    refusal = only_refusal(parse_products_csv(a_file(a_line()), stores={"R1"}))
    assert refusal == RefusedLine(1, "stock:J1", "There is no store “J1”.")


def test_a_file_without_stock_is_refused() -> None:
    refusal = only_refusal(parse_products_csv(a_file(a_line()[:-2], heading=HEADING[:-2])))
    assert (refusal.line, refusal.field) == (1, "stock:")


def test_more_than_fifty_stores_are_refused() -> None:
    heading = [*COLUMNS, *(f"stock:S{number:02}" for number in range(51))]
    refusal = only_refusal(parse_products_csv(a_file([*a_line()[:10], *["1"] * 51], heading=heading)))
    assert "50 stores" in refusal.reason


@pytest.mark.parametrize("values", [a_line()[:-1], [*a_line(), "7"]], ids=["too few", "too many"])
def test_a_line_of_another_length_is_named(values: list[str]) -> None:
    refusal = only_refusal(parse_products_csv(a_file(a_line(2), values)))
    assert (refusal.line, refusal.field) == (3, "")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b",,\r\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert only_refusal(parse_products_csv(data)).reason == "The file is empty."


def test_a_heading_alone_is_refused() -> None:
    assert "no products" in only_refusal(parse_products_csv(a_file())).reason


def test_a_file_that_is_not_utf8_is_refused_at_its_line() -> None:
    data = a_file(a_line(1)) + "Café".encode("latin-1")
    refusal = only_refusal(parse_products_csv(data))
    assert refusal.line == 3
    assert "UTF-8" in refusal.reason


def test_a_quote_that_never_closes_is_refused_at_its_line() -> None:
    refusal = only_refusal(parse_products_csv(a_file(a_line(1)) + b'"never closed,1\r\n2\r\n'))
    assert refusal.line == 3
    assert "cannot be read" in refusal.reason


def test_lines_are_counted_as_an_editor_does() -> None:
    two_high = (
        a_file(a_line(1))
        + b'\r\n"TEA-2\r\nB",1\r\n'
        + a_file(a_line(3, price_minor="?")).split(b"\r\n", 1)[1]
    )
    assert [refusal.line for refusal in parse_products_csv(two_high).refused] == [4, 6]


def test_too_many_products_are_refused_with_the_limit() -> None:
    data = a_file(*(a_line(item) for item in range(1, LINES_MAX + 2)))
    assert f"{LINES_MAX:,} products" in only_refusal(parse_products_csv(data)).reason


def test_a_file_beyond_the_size_limit_is_not_even_read() -> None:
    assert "larger than" in only_refusal(parse_products_csv(b"x" * (FILE_BYTES_MAX + 1))).reason
