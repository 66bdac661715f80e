"""Who trains, who validates, who tests: decided by the person's name alone, so that every machine and every
later run agrees, whatever pictures are there."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from ml.data.files import read_text, sha256_of

TRAIN_SHARE = 0.8


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def plain(name: str) -> str:
    """Names as compared between sets: letters and digits only, lower case, without accents and without a set's
    prefix: `pins_Robert Downey Jr` and `Robert_Downey_Jr` are one person. A name without either stays."""
    folded = unicodedata.normalize("NFKD", name.removeprefix("pins_")).casefold()
    return "".join(c for c in folded if c.isalnum()) or name.casefold()


def split_of(name: str, *, test_only: bool = False) -> Split:
    """name: a person's plain name (or a picture's, where people are unknown). The first eight bytes of its
    sha256, big-endian, over 2**64: below 0.8 train, else validation."""
    if test_only:
        return Split.TEST
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    return Split.TRAIN if place < TRAIN_SHARE else Split.VALIDATION


def split_sha256(splits: Mapping[str, str]) -> str:
    """person → split. Over the sorted lines `person split`, each ended by a newline."""
    return sha256_of(*sorted(f"{person} {split}" for person, split in splits.items()))


def one_split_each(people: Iterable[str], splits: Iterable[str]) -> dict[str, str]:
    """person → split, for parallel columns; nameless pictures are left out. Raises ValueError, naming the
    person, where one is in two splits."""
    found: dict[str, str] = {}
    for person, split in zip(people, splits, strict=True):
        if person and found.setdefault(person, split) != split:
            raise ValueError(f"{person} is in two splits, {found[person]} and {split}")
    return found


def read_names(path: Path) -> frozenset[str]:
    """Plain names from a text file, one a line; blank lines and lines after # do not count."""
    lines = (line.split("#")[0].strip() for line in read_text(path).splitlines())
    return frozenset(plain(line) for line in lines if line)
