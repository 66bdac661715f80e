"""GTIN: check digit, the 14-digit form, numbers for goods that have none.

Source: GS1 General Specifications, check digit calculation and restricted circulation numbers."""

import unicodedata

GTIN_LENGTHS = (8, 12, 13, 14)
RESTRICTED_ITEM_MAX = 9_999_999_999


class GtinRefused(Exception):
    """`reason` is a sentence for the person who typed the number."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_digit(body: str) -> int:
    """The digit that ends `body`: weights 3 and 1 in turn, starting with 3 at the right end."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10


def to_gtin14(digits: str) -> str:
    """GTIN-8, -12, -13 or -14 in ASCII digits to the 14 digits that are stored and printed on labels."""
    if not (digits.isascii() and digits.isdigit()):
        raise GtinRefused("A GTIN has digits only.")
    if len(digits) not in GTIN_LENGTHS:
        raise GtinRefused(f"A GTIN has 8, 12, 13 or 14 digits, not {len(digits)}.")
    if not digits.strip("0"):
        raise GtinRefused("A GTIN of zeros names no product.")
    expected = check_digit(digits[:-1])
    if expected != int(digits[-1]):
        raise GtinRefused(f"The check digit is {digits[-1]}, but these digits need {expected}.")
    return digits.zfill(14)


def typed_gtin(text: str) -> str:
    """What a person typed (spaces, hyphens, Arabic-Indic or Persian digits allowed) to GTIN-14."""
    kept = (character for character in text if not (character.isspace() or character in "-‐‑–‎‏"))
    return to_gtin14("".join(_ascii_digit(character) for character in kept))


def restricted_gtin13(item: int) -> str:
    """GTIN-13 for goods without one: prefix 20, valid only inside the company that gives it out.

    item: 0..9,999,999,999, unique in the company."""
    if not 0 <= item <= RESTRICTED_ITEM_MAX:
        raise ValueError(f"item must be between 0 and {RESTRICTED_ITEM_MAX}")
    body = f"20{item:010}"
    return f"{body}{check_digit(body)}"


def is_restricted(gtin14: str) -> bool:
    """Whether the number comes from a range that GS1 leaves to each company (GTIN-13 prefixes 02, 04, 2x)."""
    return gtin14.startswith(("002", "004", "02"))


def shown_gtin(gtin14: str) -> str:
    """The shortest printed form that is typed back to the same number: 13 digits where they do."""
    return gtin14.removeprefix("0")


def _ascii_digit(character: str) -> str:
    return str(unicodedata.digit(character)) if unicodedata.category(character) == "Nd" else character
