"""Which pictures of a person are nearly an earlier one of the same: the same photograph twice makes FNMR too good."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.duplicates import NEAR_BITS, difference_hash
from ml.evaluate.errors import EvaluationError
from ml.evaluate.people import People
from ml.face.reasons import PictureRefused

BLOCK = 2_048


def doubles_within(people: People) -> NDArray[np.bool_]:
    """(pictures,): near an earlier picture of the same person that stays."""
    near = np.zeros(len(people.pictures), bool)
    for person in range(len(people.names)):
        positions = people.of(person)
        if len(positions) > 1:
            near[positions] = _near_earlier(_signs([people.pictures[i] for i in positions]))
    return near


def doubles_among(pictures: tuple[Path, ...]) -> NDArray[np.bool_]:
    """(pictures,): near an earlier one of all that stays; for sets without names."""
    return _near_earlier(_signs(list(pictures)))


def _signs(pictures: list[Path]) -> NDArray[np.float32]:
    """(N, bits) of -1 and 1."""
    hashes = [_hash(picture) for picture in pictures]
    bits = np.unpackbits(np.array([list(one) for one in hashes], np.uint8), axis=1)
    return bits.astype(np.float32) * 2 - 1


def _hash(picture: Path) -> bytes:
    try:
        return difference_hash(picture.read_bytes())
    except (OSError, PictureRefused) as error:
        raise EvaluationError(f"{picture} cannot be read: {error}") from error


def _near_earlier(signs: NDArray[np.float32]) -> NDArray[np.bool_]:
    count, bits = signs.shape
    near = np.zeros(count, bool)
    for top in range(0, count, BLOCK):
        differing = (bits - signs[top : top + BLOCK] @ signs[: top + BLOCK].T) / 2
        for row in range(len(differing)):
            later = top + row
            near[later] = bool((differing[row, :later] <= NEAR_BITS)[~near[:later]].any())
    return near
