"""What a trained embedder is worth: components, classifiers, the four cells of mask and no mask, scores."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.nets.similarity_mlp import SimilarityMLP, Version
from ml.train import pca
from ml.train.classifier import (
    ClassifierRun,
    Embedded,
    Floats,
    Trained,
    accuracy,
    accuracy_on,
    train_classifier,
)
from ml.train.paper_embedder import Trainer
from ml.train.pca import PCA
from ml.train.pictures import Wearing
from ml.train.triplets import Indices, random_pairs

# probe, reference: who wears a mask (the paper promises such figures and prints joint ones)
CELLS = {
    "unmasked, unmasked": (Wearing.NOBODY, Wearing.NOBODY),
    "masked probe, unmasked reference": (Wearing.EVERYBODY, Wearing.NOBODY),
    "masked, masked": (Wearing.EVERYBODY, Wearing.EVERYBODY),
    "mixed": (Wearing.BALANCED, Wearing.BALANCED),
}
FIXED = {"55": 55, "48": 48}  # components the paper found, beside those for 99.99 %
QUANTILES = (0, 5, 50, 95, 100)  # per cent of the pairs that score no more
THRESHOLDS = np.round(np.linspace(0.05, 0.95, 19), 2)


@dataclass(frozen=True)
class Judged:
    """An embedder with everything fitted on its training embeddings."""

    pca: PCA  # of the components that the classifier uses
    components: int  # for 99.99 %
    classifiers: dict[str, Trained]
    figures: dict[str, Any]  # JSON values
    train: Embedded
    test: Embedded


def judge(
    trainer: Trainer, versions: tuple[Version, ...], run: ClassifierRun, fixed: Mapping[str, int] = FIXED
) -> Judged:
    """PCA and classifiers see training embeddings only; the test part is projected and scored."""
    people, parts = trainer.pictures.people, trainer.parts
    raw_train, raw_test = (trainer.embed(rows, trainer.worn[rows]) for rows in parts)
    fitted = pca.fit(raw_train)
    enough = fitted.enough_for()
    embedded = {
        name: tuple(
            Embedded(fitted.first(k).project(raw), people[rows])
            for raw, rows in zip((raw_train, raw_test), parts, strict=True)
        )
        for name, k in {"99.99 %": enough, **fixed}.items()
    }
    classifiers, figures = dict[str, Trained](), dict[str, Any]()
    for version in versions:
        for name, (train, test) in embedded.items():
            own = ClassifierRun(**{**asdict(run), "version": version})
            trained = train_classifier(own, train, test)
            found = {
                part: asdict(accuracy_on(trained, e, own)) for part, e in (("train", train), ("test", test))
            }
            key = f"version {version}, {name}"
            figures[key] = {**found, "parameters": sum(p.numel() for p in trained.net.parameters())}
            if name == "99.99 %":
                classifiers[str(version)] = trained
    kept = fitted.first(enough)
    return Judged(kept, enough, classifiers, figures, *embedded["99.99 %"])


def cells(trainer: Trainer, judged: Judged, trained: Trained, n_pairs: int) -> dict[str, Any]:
    """Accuracy of test pairs for each combination of masks, the same pairs in every cell."""
    rows = trainer.parts.test
    people = trainer.pictures.people[rows]
    features = {
        wearing: judged.pca.project(trainer.embed(rows, trainer.pictures.worn(wearing)[rows]))
        for wearing in (Wearing.NOBODY, Wearing.EVERYBODY, Wearing.BALANCED)
    }
    pairs, genuine = random_pairs(people, n_pairs, np.random.default_rng(trainer.run.seed + 2))
    found = {}
    for name, (probe, reference) in CELLS.items():
        left, right = features[probe][pairs[:, 0]], features[reference][pairs[:, 1]]
        found[name] = asdict(accuracy(trained.probabilities(left, right), genuine))
    return found


@dataclass(frozen=True)
class ScoredPairs:
    """Test pairs (n, 2), one half genuine, and the probability (n,) that the classifier gives each."""

    pairs: Indices
    genuine: NDArray[np.bool_]
    probabilities: Floats

    @classmethod
    def of(cls, trained: Trained, test: Embedded, n_pairs: int, seed: int) -> "ScoredPairs":
        pairs, genuine = random_pairs(test.people, n_pairs, np.random.default_rng(seed))
        said = trained.probabilities(test.features[pairs[:, 0]], test.features[pairs[:, 1]])
        return cls(pairs, genuine, said)


def at_thresholds(scored: ScoredPairs) -> dict[str, Any]:
    """FMR and FNMR along the threshold."""
    scores, genuine = scored.probabilities, scored.genuine
    lines = [
        {
            "threshold": float(t),
            "fmr": float((scores[~genuine] >= t).mean()),
            "fnmr": float((scores[genuine] < t).mean()),
        }
        for t in THRESHOLDS
    ]
    return {**spread(scores, genuine), "curve": lines}


def spread(scores: Floats, genuine: NDArray[np.bool_]) -> dict[str, Any]:
    """How many pairs of each kind, and at which probabilities they lie (where there are any)."""
    kinds = {"genuine": scores[genuine], "impostor": scores[~genuine]}
    found: dict[str, Any] = {f"n_{kind}": len(some) for kind, some in kinds.items()}
    for kind, some in kinds.items():
        if len(some):
            shares = np.percentile(some, QUANTILES).tolist()
            found[kind] = dict(zip((f"{q} %" for q in QUANTILES), shares, strict=True))
    return found


def across_sets(scored: ScoredPairs, sets: NDArray[np.str_]) -> dict[str, Any]:
    """Impostor pairs of one set against those of two: where masks tell the set, the latter are easy. sets: of each
    test picture."""
    scores, genuine = scored.probabilities, scored.genuine
    crossing = sets[scored.pairs[:, 0]] != sets[scored.pairs[:, 1]]
    chosen = {"one set": ~genuine & ~crossing, "two sets": ~genuine & crossing}
    return {
        name: {"fmr": float((scores[some] >= 0.5).mean()) if some.any() else None, "n": int(some.sum())}
        for name, some in chosen.items()
    }


def microseconds_a_pair(inputs: int, version: Version, *, batch: int = 256, rounds: int = 40) -> float:
    """Forward and backward pass of the classifier: what PCA saves."""
    net = SimilarityMLP(inputs, version)
    differences = torch.rand(batch, inputs)
    net(differences).sum().backward()
    started = time.perf_counter()
    for _ in range(rounds):
        net(differences).sum().backward()
    return (time.perf_counter() - started) / (batch * rounds) * 1e6


def milliseconds_a_picture(trainer: Trainer, pictures: int = 20) -> float:
    """One picture at a time through the embedder, float32."""
    pixels = torch.rand(1, 3, trainer.run.size_px, trainer.run.size_px, device=trainer.device)
    net = trainer.net.eval()
    with torch.inference_mode():
        net(pixels)
        started = time.perf_counter()
        for _ in range(pictures):
            net(pixels)
    return (time.perf_counter() - started) / pictures * 1e3
