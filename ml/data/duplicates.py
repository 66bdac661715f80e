"""Pictures that are there twice: byte for byte, nearly, under two names, or in a test set as well.

A near-duplicate (the same photograph saved again, recoloured, cut a little) is found by its difference hash: is
each of 16 x 16 cells darker than its right neighbour? Looked at on Pins, Glint and Bollywood pictures: every pair
of one person that differs in at most 15 of 256 bits was the same photograph; 8 x 8 cells mixed in others.
"""

import hashlib
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image

from ml.data.readers import Picture
from ml.face.header import read_header
from ml.face.image import DAMAGED, PICTURE_BYTES_MAX, PICTURE_PIXELS_MAX
from ml.face.reasons import PictureRefused, Reason

CELLS = 16
NEAR_BITS = 15  # of CELLS * CELLS


class Dropped(StrEnum):
    """Why a picture does not take part; the values are keys of report.json."""

    UNREADABLE = "unreadable"
    SAME_BYTES = "same_bytes"
    NEAR_DUPLICATE = "near_duplicate"
    LABEL_ERROR = (
        "label_error"  # the same file under two people's names: both go, nobody knows which is right
    )
    IN_TEST_SET = "in_test_set"
    LEFT_OUT_BY_NAME = "left_out_by_name"
    UNDETECTED = "undetected"
    LOOK_ALIKE = "look_alike"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """sha256 of the file and its difference hash (CELLS * CELLS / 8 bytes); problem: why it cannot be read,
    else empty."""

    sha256: str
    hash: bytes
    problem: str = ""


def fingerprint(picture: Picture) -> Fingerprint:
    try:
        content = picture.read()
    except OSError as error:
        return Fingerprint("", b"", error.strerror or "cannot be read")
    digest = hashlib.sha256(content).hexdigest()
    try:
        return Fingerprint(digest, difference_hash(content))
    except PictureRefused as refusal:
        return Fingerprint(digest, b"", refusal.reason.value)


def difference_hash(content: bytes) -> bytes:
    """Raises PictureRefused for what is no picture, a damaged or a too large one."""
    if len(content) > PICTURE_BYTES_MAX:
        raise PictureRefused(Reason.PICTURE_TOO_LARGE)
    header = read_header(content)
    if header.width * header.height > PICTURE_PIXELS_MAX:
        raise PictureRefused(Reason.PICTURE_TOO_MANY_PIXELS)
    try:
        with Image.open(io.BytesIO(content), formats=[header.format.value]) as opened:
            opened.draft("L", (4 * CELLS, 4 * CELLS))  # JPEG: decoded at an eighth where that is enough
            grey = opened.convert("L").resize((CELLS + 1, CELLS), Image.Resampling.BOX)
    except DAMAGED as error:
        raise PictureRefused(Reason.PICTURE_BROKEN) from error
    cells = np.asarray(grey).astype(np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes()


def drop_same_bytes(
    pictures: Sequence[Picture], prints: Sequence[Fingerprint], in_test: frozenset[str]
) -> dict[int, Dropped]:
    """Index → reason. Of files that are equal, the first stays; none, if they carry two people's names or a
    test set holds the file as well. in_test: sha256 of the test sets' files."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(prints):
        if not one.problem:
            places[one.sha256].append(index)
    dropped: dict[int, Dropped] = {}
    for digest, indices in places.items():
        people = {pictures[i].person for i in indices} - {""}
        if digest in in_test:
            dropped |= dict.fromkeys(indices, Dropped.IN_TEST_SET)
        elif len(people) > 1:
            dropped |= dict.fromkeys(indices, Dropped.LABEL_ERROR)
        else:
            first = min(indices, key=lambda i: (not pictures[i].person, i))  # rather the one with a person
            dropped |= {i: Dropped.SAME_BYTES for i in indices if i != first}
    return dropped


def drop_near(
    pictures: Sequence[Picture], prints: Sequence[Fingerprint], kept: Sequence[int]
) -> dict[int, Dropped]:
    """Index → reason, for those of `kept` that nearly equal an earlier one of the same person. Pictures without a
    person are not compared: near-equal strangers teach nothing wrong, and comparing all pairs is slow."""
    by_person: dict[str, list[int]] = defaultdict(list)
    for index in kept:
        if pictures[index].person:
            by_person[pictures[index].person].append(index)
    dropped: dict[int, Dropped] = {}
    for indices in by_person.values():
        bits = np.unpackbits(np.array([list(prints[i].hash) for i in indices], np.uint8), axis=1)
        signs = bits.astype(np.float32) * 2 - 1
        differing = (bits.shape[1] - signs @ signs.T) / 2  # (n, n) counts of differing bits
        stays = np.ones(len(indices), bool)
        for later in range(1, len(indices)):
            near = stays[:later] & (differing[later, :later] <= NEAR_BITS)
            stays[later] = not near.any()
        dropped |= {indices[i]: Dropped.NEAR_DUPLICATE for i in np.flatnonzero(~stays)}
    return dropped
