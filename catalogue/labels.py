"""The QR label on a product: its text, signature and picture.

Text, a GS1 Digital Link URI: `HTTPS://HOST/01/<GTIN-14>?s=<store>&k=<key id>&g=<signature>`.
Signed with Ed25519 over this message (ASCII, three line feeds, none at the end):

    smartpay label 1
    HOST            upper case, without scheme and port
    /01/<GTIN-14>
    STORE           upper case, as printed

Case: scheme and host may arrive in any case (a phone's browser lowers them); parameter names are lower case,
codes and signature upper case, and nothing else is accepted, so that one label has one text. The signature is
base32 (RFC 4648) without padding: 103 characters of the QR alphanumeric set, the last one's spare bits zero.
"""

import base64
import binascii
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from PIL import Image

from catalogue.gtin import to_gtin14
from catalogue.qr import QUIET_MODULES, Matrix, qr_matrix, qr_svg

LABEL_VERSION_MAX = 7  # 45 modules; what phones fail on is small modules (docs/adr/0012)
HOST_CHARS_MAX = 25  # the longest that still fits version 7 with four-character store codes
MODULE_PX = 8

_HOST = re.compile(
    rf"(?=.{{1,{HOST_CHARS_MAX}}}\Z)[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?(\.[A-Z0-9]([A-Z0-9-]*[A-Z0-9])?)*"
)
_STORE = re.compile(r"[A-Z0-9]{2,4}")
_KEY_ID = re.compile(r"[A-Z0-9]{2}")
_LABEL = re.compile(
    r"(?i:https?)://(?P<host>[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?/01/(?P<gtin>[0-9]{14})"
    r"\?s=(?P<store>[A-Z0-9]{2,4})&k=(?P<key_id>[A-Z0-9]{2})&g=(?P<signature>[A-Z2-7]{103})",
    re.ASCII,  # or "ſ" would pass for the s of https
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a verified label says. `gtin` has 14 digits; `host` is in capitals."""

    gtin: str
    store_code: str
    host: str
    key_id: str


class LabelRefused(Exception):
    """`code`: label_unreadable, label_foreign_host, label_key_unknown, label_forged or label_out_of_date.

    Only label_out_of_date carries the `label`: its signature was right, so a page may name the product."""

    def __init__(self, code: str, label: Label | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.label = label


@dataclass(frozen=True, slots=True)
class LabelKey:
    """A signing key; `id` is two characters A–Z, 0–9."""

    id: str
    private: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        _demand(_KEY_ID, self.id, "a label key's id is two characters A-Z or 0-9")

    @classmethod
    def from_seed(cls, key_id: str, seed: bytes) -> "LabelKey":
        """seed: 32 random bytes, the private key of RFC 8032."""
        return cls(key_id, Ed25519PrivateKey.from_private_bytes(seed))

    def verifying(self, *, retired: bool = False) -> "VerifyingKey":
        return VerifyingKey(self.private.public_key(), retired)


class VerifyingKey(NamedTuple):
    public: Ed25519PublicKey
    retired: bool


LabelKeys = Mapping[
    str, VerifyingKey
]  # key id → key; keep retired keys here as long as their labels hang in the shop


def sign_label(product_gtin: str, store_code: str, *, host: str, key: LabelKey) -> str:
    """The label's text. Raises GtinRefused, or ValueError for a host or store code that cannot be printed."""
    host = host.upper()
    _demand(
        _HOST, host, f"the host must be a plain name of at most {HOST_CHARS_MAX} characters, without a port"
    )
    _demand(_STORE, store_code, "a store code is two to four characters A-Z or 0-9")
    gtin = to_gtin14(product_gtin)
    signature = _to_base32(key.private.sign(_message(host, gtin, store_code)))
    return f"HTTPS://{host}/01/{gtin}?s={store_code}&k={key.id}&g={signature}"


def read_label(text: str, *, host: str, keys: LabelKeys) -> Label:
    """The label our key signed for our host, or LabelRefused. Scheme, port, case of the host: any."""
    parts = _LABEL.fullmatch(text)
    if parts is None:
        raise LabelRefused("label_unreadable")
    label = Label(parts["gtin"], parts["store"], parts["host"].upper(), parts["key_id"])
    signature = _from_base32(parts["signature"])
    if label.host != host.upper():
        raise LabelRefused("label_foreign_host")
    if label.key_id not in keys:
        raise LabelRefused("label_key_unknown")
    key = keys[label.key_id]
    try:
        key.public.verify(signature, _message(label.host, label.gtin, label.store_code))
    except InvalidSignature:
        raise LabelRefused("label_forged") from None
    if key.retired:
        raise LabelRefused("label_out_of_date", label)
    return label


def label_matrix(text: str) -> Matrix:
    """ValueError above version 7."""
    rows = qr_matrix(text)
    version = (len(rows) - 17) // 4
    if version > LABEL_VERSION_MAX:
        raise ValueError(f"{len(text)} characters need QR version {version}, above {LABEL_VERSION_MAX}")
    return rows


def label_png(text: str, *, module_px: int = MODULE_PX) -> bytes:
    """Black on white, quiet zone included, every module `module_px` wide."""
    rows = label_matrix(text)
    side = len(rows) + 2 * QUIET_MODULES
    picture = Image.new("1", (side, side), 1)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                picture.putpixel((x + QUIET_MODULES, y + QUIET_MODULES), 0)
    out = io.BytesIO()
    picture.resize((side * module_px, side * module_px), Image.Resampling.NEAREST).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def label_svg(text: str) -> str:
    return qr_svg(label_matrix(text))


def _message(host: str, gtin: str, store_code: str) -> bytes:
    return f"smartpay label 1\n{host}\n/01/{gtin}\n{store_code}".encode("ascii")


def _to_base32(signature: bytes) -> str:
    return base64.b32encode(signature).decode("ascii").rstrip("=")


def _from_base32(text: str) -> bytes:
    try:
        signature = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise LabelRefused("label_unreadable") from None
    if _to_base32(signature) != text:  # the last character carries three spare bits: only zeros are ours
        raise LabelRefused("label_forged")
    return signature


def _demand(pattern: re.Pattern[str], text: str, sentence: str) -> None:
    if not pattern.fullmatch(text):
        raise ValueError(f"{sentence}: {text!r}")
