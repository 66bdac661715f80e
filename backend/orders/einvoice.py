"""The QR of a Saudi simplified tax invoice: tag, length, value, five times, in base64.

ZATCA, Electronic Invoice Security Features Implementation Standards, 4: a length is one byte and counts bytes of
UTF-8, not characters. Readers take a first bit for the long form of BER, so a value has at most 127.
Tags 6 to 9 are the cryptographic stamp of the second phase, which `InvoiceStamper` gives.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.inventory.sellers import Seller
from backend.money import decimal_text

VALUE_BYTES_MAX = 127


@dataclass(frozen=True, slots=True)
class Stamp:
    """Tags 6 to 9, each as its value's bytes."""

    invoice_hash: bytes
    signature: bytes
    public_key: bytes
    key_signature: bytes  # the authority's, over our public key


def simplified_qr(
    seller: Seller, *, at: datetime, total_minor: int, vat_minor: int, currency: str, stamp: Stamp | None
) -> str:
    """total_minor includes VAT. ValueError for a value beyond 127 bytes: sellers are checked when they are set."""
    values = [
        seller.legal_name.encode(),
        seller.vat_number.encode(),
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
        decimal_text(total_minor, currency).encode(),
        decimal_text(vat_minor, currency).encode(),
    ]
    if stamp is not None:
        values += [stamp.invoice_hash, stamp.signature, stamp.public_key, stamp.key_signature]
    content = b"".join(_tagged(tag, value) for tag, value in enumerate(values, start=1))
    return base64.b64encode(content).decode()


def _tagged(tag: int, value: bytes) -> bytes:
    if len(value) > VALUE_BYTES_MAX:
        raise ValueError(f"tag {tag} has {len(value)} bytes, above {VALUE_BYTES_MAX}")
    return bytes((tag, len(value))) + value
