"""One run of the paper's embedder: everything that decides its result, and who trains in it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from math import cos, pi
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.data.splits import Split, split_of
from ml.nets.paper_cnn import SIZE_PX
from ml.train.losses import MARGIN
from ml.train.pictures import Pictures, Wearing

TRAIN_SHARE = 0.8


class By(StrEnum):
    """What the 80:20 are counted in."""

    PICTURE = "picture"  # the paper's: the people of the test were all seen in training
    PERSON = "person"  # the honest one: nobody of the test was


class Regime(StrEnum):
    RANDOM = "random"
    SEMI = "semi-hard"  # not in the paper: FaceNet's
    HARD = "batch-hard"


@dataclass(frozen=True, slots=True)
class PaperRun:
    """Defaults: the paper's numbers where it gives any, except the learning rate (0.03 there)."""

    variant: str = "fc-64"
    size_px: int = SIZE_PX
    by: By = By.PICTURE
    wearing: Wearing = Wearing.PAPER
    lr: float = 1e-3
    decay: bool = True  # along a half cosine over all epochs; not in the paper
    beta_1: float = 0.9
    beta_2: float = 0.999
    margin: float = MARGIN
    epochs_random: int = 6
    epochs_semi: int = 8  # straight after random triplets batch-hard moved all embeddings to one point
    epochs_hard: int = 6
    epochs_first: int = 5  # of `batch_first`, then `batch_then`: triplets, in batch-hard pictures
    batch_first: int = 128
    batch_then: int = 64
    per_person: int = 4  # pictures of one person together in a batch-hard batch
    reshuffle: bool = True  # new triplets every epoch
    augment: bool = True  # mirror image and a shift up to 4 % of the side; not in the paper
    unit_length: bool = True  # as FaceNet's embeddings; the paper does not say
    bf16: bool = True
    seed: int = 7

    @property
    def epochs(self) -> int:
        return self.epochs_ordinary + self.epochs_hard

    @property
    def epochs_ordinary(self) -> int:
        """Before batch-hard mining."""
        return self.epochs_random + self.epochs_semi

    def regime(self, epoch: int) -> Regime:
        if epoch < self.epochs_random:
            return Regime.RANDOM
        return Regime.SEMI if epoch < self.epochs_ordinary else Regime.HARD

    def batch(self, epoch: int) -> int:
        return self.batch_first if epoch < self.epochs_first else self.batch_then

    def lr_at(self, epoch: int) -> float:
        return self.lr * (0.02 + 0.98 * (1 + cos(pi * epoch / self.epochs)) / 2) if self.decay else self.lr

    def config(self) -> dict[str, Any]:
        return {name: str(v) if isinstance(v, StrEnum) else v for name, v in asdict(self).items()}


class Parts(NamedTuple):
    """Rows of the table."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def split(pictures: Pictures, by: By, seed: int) -> Parts:
    match by:
        case By.PICTURE:
            order = np.random.default_rng(seed).permutation(len(pictures))
            cut = round(TRAIN_SHARE * len(pictures))
            return Parts(np.sort(order[:cut]), np.sort(order[cut:]))
        case By.PERSON:
            trains = np.array([split_of(name) == Split.TRAIN for name in pictures.names])[pictures.people]
            return Parts(np.flatnonzero(trains), np.flatnonzero(~trains))
