"""The code of a voucher: twenty signs of Crockford's base 32, which nobody guesses and anybody can type."""

from __future__ import annotations

import hashlib

from backend.errors import Refusal

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U
LENGTH = 20  # 100 bits
GROUP = 5
TYPED = str.maketrans("OIL٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01101234567890123456789", "- \u00a0\u2010\u2011\u2013")


def code_from(digest: str) -> str:
    """digest: hexadecimal, keyed with a secret of ours; what is stored gives no code away."""
    number = int(digest, 16)
    return "".join(SIGNS[number >> 5 * place & 31] for place in range(LENGTH))


def shown(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def read_code(text: str) -> str:
    """As a person typed it, in any case, with Arabic digits or blanks. Raises Refusal voucher_unknown."""
    code = text.upper().translate(TYPED)
    if len(code) != LENGTH or not set(code) <= set(SIGNS):
        raise Refusal("voucher_unknown")
    return code


def code_sha256(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
