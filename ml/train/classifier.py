"""The paper's second stage: |difference| of two projected embeddings → one person or two."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name that all torch code uses

from ml.evaluate.metrics import wilson
from ml.nets.similarity_mlp import THRESHOLD, SimilarityMLP, Version
from ml.train.triplets import random_pairs

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ClassifierRun:
    version: Version
    epochs: int = 30
    pairs: int = 60_000  # an epoch, drawn anew each time, half genuine
    test_pairs: int = 20_000
    batch: int = 256
    lr: float = 2e-3
    seed: int = 7


@dataclass(frozen=True)
class Embedded:
    """Projected embeddings (n, k) of one part, and whose they are (n,)."""

    features: Floats
    people: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of pairs classified rightly at probability 0.5, with Wilson's 95 % interval as if pairs were
    independent (they share pictures: the true one is wider)."""

    accuracy: float
    low: float
    high: float
    n: int
    fmr: float
    fnmr: float


@dataclass
class Trained:
    net: SimilarityMLP
    curve: list[dict[str, Any]] = field(default_factory=list)

    def probabilities(self, left: Floats, right: Floats) -> Floats:
        """(n, k), (n, k) → (n,)"""
        with torch.inference_mode():
            return torch.sigmoid(self.net.eval()(torch.from_numpy(np.abs(left - right)))).numpy()


def train_classifier(run: ClassifierRun, train: Embedded, test: Embedded) -> Trained:
    """The scale of the inputs comes from training pairs alone."""
    torch.manual_seed(run.seed)
    rng = np.random.default_rng(run.seed)
    trained = Trained(SimilarityMLP(train.features.shape[1], run.version))
    net = trained.net
    net.scale.copy_(
        input_scale(torch.from_numpy(_differences(train, random_pairs(train.people, 4000, rng)[0])))
    )
    optimiser = torch.optim.Adam(net.parameters(), run.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, run.epochs)
    for epoch in range(run.epochs):
        net.train()
        pairs, genuine = random_pairs(train.people, run.pairs, rng)
        total = 0.0
        for i in range(0, len(pairs), run.batch):
            differences = torch.from_numpy(_differences(train, pairs[i : i + run.batch]))
            wanted = torch.from_numpy(genuine[i : i + run.batch]).float()
            loss = F.binary_cross_entropy_with_logits(net(differences), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(wanted)
        schedule.step()
        parts = {"train": train, "test": test}
        found = {f"{name}_accuracy": accuracy_on(trained, part, run).accuracy for name, part in parts.items()}
        trained.curve.append({"epoch": epoch + 1, "loss": total / len(pairs), **found})
    return trained


def accuracy_on(trained: Trained, part: Embedded, run: ClassifierRun) -> Accuracy:
    """On pairs that are the same at every call."""
    pairs, genuine = random_pairs(part.people, run.test_pairs, np.random.default_rng(run.seed + 1))
    left, right = part.features[pairs[:, 0]], part.features[pairs[:, 1]]
    return accuracy(trained.probabilities(left, right), genuine)


def accuracy(probabilities: Floats, genuine: NDArray[np.bool_]) -> Accuracy:
    said = probabilities >= THRESHOLD
    right, n = int((said == genuine).sum()), len(genuine)
    low, high = wilson(right, n)
    fmr, fnmr = float(said[~genuine].mean()), float((~said[genuine]).mean())
    return Accuracy(right / n, low, high, n, fmr, fnmr)


def input_scale(differences: Tensor) -> Tensor:
    """A component that hardly varies in training must not be blown up into noise: none below a thousandth of the
    largest."""
    spread = differences.std(dim=0)
    return spread.clamp_min(float(spread.max()) * 1e-3 + 1e-8)


def _differences(part: Embedded, pairs: NDArray[np.int64]) -> Floats:
    return np.abs(part.features[pairs[:, 0]] - part.features[pairs[:, 1]])
