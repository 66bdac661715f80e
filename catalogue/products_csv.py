"""Products from and to CSV. Reading does not stop at the first fault: it names every one, and the importer
takes nothing as long as there is any."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalogue.gtin import GtinRefused, shown_gtin, to_gtin14

COLUMNS = (
    "sku",
    "gtin",
    "name_en",
    "name_ar",
    "category_en",
    "category_ar",
    "price_minor",
    "currency",
    "vat_rate_bp",
    "picture",
)
STOCK_PREFIX = "stock:"
FILE_BYTES_MAX = 64_000_000
LINES_MAX = 120_000
TEXT_CHARS_MAX = 120
PRICE_MINOR_MAX = 100_000_000
VAT_RATE_BP_MAX = 10_000
ON_HAND_MAX = 1_000_000
STORES_MAX = 50

_SKU = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,30}[A-Z0-9])?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(?:webp|png|jpg)")
_STORE = re.compile(r"[A-Z0-9]{2,4}")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,30}", re.ASCII)
_FORMULA_SIGNS = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product. `price_minor` includes VAT. `on_hand` has no entry for a store that does not sell it."""

    line: int
    sku: str
    gtin: str
    name_en: str
    name_ar: str
    category_en: str
    category_ar: str
    price_minor: int
    currency: str
    vat_rate_bp: int
    picture: str
    on_hand: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """`line` counts from 1 as an editor does, the heading being line 1; 0 means the file as a whole."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Import `rows` only where `refused` is empty."""

    rows: tuple[ProductRow, ...]
    refused: tuple[RefusedLine, ...]


class _FileRefused(Exception):
    """Reading the lines themselves failed: nothing after this point can be trusted."""

    def __init__(self, line: int, column: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = RefusedLine(line, column, reason)


@dataclass
class _Reading:
    """What was seen so far, and every refusal."""

    refused: list[RefusedLine] = field(default_factory=list)
    line_of_sku: dict[str, int] = field(default_factory=dict)
    line_of_gtin: dict[str, int] = field(default_factory=dict)
    category_ar: dict[str, tuple[int, str]] = field(default_factory=dict)

    def refuse(self, line: int, column: str, reason: str) -> None:
        self.refused.append(RefusedLine(line, column, reason))


def parse_products_csv(data: bytes, *, stores: Collection[str] | None = None) -> Parsed:
    """Reads UTF-8, with or without a byte order mark; quoted as RFC 4180 says; columns in any order.

    stores: the codes that exist, where the caller knows them; a `stock:` column for another is refused.
    An empty stock cell means "not sold in that store"; 0 means "sold there, none on the shelf"."""
    reading = _Reading()
    rows: list[ProductRow] = []
    try:
        lines = _lines(_decoded(data))
        _, heading = next(lines, (0, []))
        if not any(heading):
            raise _FileRefused(0, "", "The file is empty.")
        heading = [name.strip() for name in heading]
        _check_heading(heading, stores, reading)
        if reading.refused:
            return Parsed((), tuple(reading.refused))
        for line, values in lines:
            row = _read_row(line, heading, values, reading)
            if row is not None:
                rows.append(row)
        if not rows and not reading.refused:
            raise _FileRefused(0, "", "The file has a heading but no products.")
    except _FileRefused as stop:
        reading.refused.append(stop.refusal)
    return Parsed(tuple(rows), tuple(reading.refused))


def write_products_csv(rows: Iterable[ProductRow]) -> bytes:
    """UTF-8 with a byte order mark (spreadsheet programs need it for Arabic); stores sorted by code."""
    products = list(rows)
    stores = sorted({store for row in products for store in row.on_hand})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(STOCK_PREFIX + store for store in stores)])
    for row in products:
        plain = [getattr(row, name) if name != "gtin" else shown_gtin(row.gtin) for name in COLUMNS]
        writer.writerow([*plain, *(row.on_hand.get(store, "") for store in stores)])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def _decoded(data: bytes) -> str:
    if len(data) > FILE_BYTES_MAX:
        raise _FileRefused(0, "", f"The file is larger than {FILE_BYTES_MAX:,} bytes.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise _FileRefused(line, "", "The file is not UTF-8. Save it as “CSV UTF-8”.") from None


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line where the record starts, its values); empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start, records = 1, 0
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            raise _FileRefused(start, "", f"This line cannot be read: {fault}.") from None
        if values:
            records += 1
            if records > LINES_MAX + 1:
                raise _FileRefused(start, "", f"A file may hold {LINES_MAX:,} products; split it.")
            yield start, values
        start = reader.line_num + 1


def _check_heading(heading: Sequence[str], stores: Collection[str] | None, reading: _Reading) -> None:
    for name in COLUMNS:
        if name not in heading:
            reading.refuse(1, name, f"The column “{name}” is missing.")
    stock = [name for name in heading if name.startswith(STOCK_PREFIX)]
    if not stock:
        reading.refuse(1, STOCK_PREFIX, "At least one column “stock:<STORE CODE>” is needed.")
    if len(stock) > STORES_MAX:
        reading.refuse(1, STOCK_PREFIX, f"A file may hold {STORES_MAX} stores.")
    for name in dict.fromkeys(heading):
        if heading.count(name) > 1:
            reading.refuse(1, name, f"The column “{name}” appears more than once.")
        if name in stock:
            _check_store(name, stores, reading)
        elif name not in COLUMNS:
            reading.refuse(1, name, f"The column “{name}” is not known.")


def _check_store(name: str, stores: Collection[str] | None, reading: _Reading) -> None:
    store = name.removeprefix(STOCK_PREFIX)
    if not _STORE.fullmatch(store):
        reading.refuse(1, name, "A store code is two to four characters A–Z or 0–9.")
    elif stores is not None and store not in stores:
        reading.refuse(1, name, f"There is no store “{store}”.")


def _read_row(
    line: int, heading: Sequence[str], values: Sequence[str], reading: _Reading
) -> ProductRow | None:
    if len(values) != len(heading):
        reading.refuse(line, "", f"{len(heading)} values are needed, this line has {len(values)}.")
        return None
    cells = dict(zip(heading, (value.strip() for value in values), strict=True))
    before = len(reading.refused)
    texts = ("name_en", "name_ar", "category_en", "category_ar")
    row = ProductRow(
        line=line,
        sku=_sku(line, cells["sku"], reading),
        gtin=_gtin(line, cells["gtin"], reading),
        **{name: _text(line, name, cells[name], reading) for name in texts},
        price_minor=_number(line, "price_minor", cells["price_minor"], 1, PRICE_MINOR_MAX, reading),
        currency=_matching(
            line, "currency", cells["currency"], _CURRENCY, "three capitals, such as SAR", reading
        ),
        vat_rate_bp=_number(line, "vat_rate_bp", cells["vat_rate_bp"], 0, VAT_RATE_BP_MAX, reading),
        picture=_picture(line, cells["picture"], reading),
        on_hand={
            name.removeprefix(STOCK_PREFIX): _number(line, name, cell, 0, ON_HAND_MAX, reading)
            for name, cell in cells.items()
            if name.startswith(STOCK_PREFIX) and cell
        },
    )
    _same_category_name(row, reading)
    return row if len(reading.refused) == before else None


def _sku(line: int, cell: str, reading: _Reading) -> str:
    form = "1 to 32 characters A–Z, 0–9 and inner hyphens"
    sku = _matching(line, "sku", cell, _SKU, form, reading)
    if sku:
        first = reading.line_of_sku.setdefault(sku, line)
        if first != line:
            reading.refuse(line, "sku", f"Line {first} has the same sku.")
    return sku


def _gtin(line: int, cell: str, reading: _Reading) -> str:
    try:
        gtin = to_gtin14(cell)
    except GtinRefused as refusal:
        reading.refuse(line, "gtin", refusal.reason)
        return ""
    first = reading.line_of_gtin.setdefault(gtin, line)
    if first != line:
        reading.refuse(line, "gtin", f"Line {first} has the same gtin.")
    return gtin


def _text(line: int, column: str, cell: str, reading: _Reading) -> str:
    if not cell:
        reading.refuse(line, column, "This must not be empty.")
    elif len(cell) > TEXT_CHARS_MAX:
        reading.refuse(line, column, f"At most {TEXT_CHARS_MAX} characters, not {len(cell)}.")
    elif any(unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"} for character in cell):
        reading.refuse(line, column, "Control and direction characters are not allowed.")
    elif cell.startswith(_FORMULA_SIGNS):
        reading.refuse(
            line, column, "A spreadsheet would run this as a formula; begin with a letter or digit."
        )
    return cell


def _number(line: int, column: str, cell: str, least: int, most: int, reading: _Reading) -> int:
    if not _WHOLE_NUMBER.fullmatch(cell):
        reading.refuse(line, column, "A whole number in digits 0–9 is needed, without point, comma or unit.")
        return least
    number = int(cell)
    if not least <= number <= most:
        reading.refuse(line, column, f"Must be between {least:,} and {most:,}.")
    return number


def _matching(
    line: int, column: str, cell: str, pattern: re.Pattern[str], form: str, reading: _Reading
) -> str:
    if pattern.fullmatch(cell):
        return cell
    reading.refuse(line, column, f"Must be {form}.")
    return ""


def _picture(line: int, cell: str, reading: _Reading) -> str:
    form = "a plain file name that ends in .webp, .png or .jpg, or empty"
    return _matching(line, "picture", cell, _PICTURE, form, reading) if cell else ""


def _same_category_name(row: ProductRow, reading: _Reading) -> None:
    if not (row.category_en and row.category_ar):
        return
    first, known = reading.category_ar.setdefault(row.category_en, (row.line, row.category_ar))
    if known != row.category_ar:
        reading.refuse(
            row.line, "category_ar", f"Line {first} gives “{row.category_en}” another Arabic name."
        )
