"""Does a small network know more of two faces than their score? Trained on hard pairs, tested on other people.

The score (ml.face.normalise) treats all numbers of an embedding alike. Here |difference| of the principal components
of probe and template goes through a small MLP, and what that says is added to the score; it starts as nothing, so
that early stopping can say: the score alone. Five folds of people by the hash of their names; components, network and
probability of a fold know none of its people, and none of its strangers.
"""

import argparse
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name that all torch code uses

from ml.evaluate.choice import ModelSpec
from ml.evaluate.metrics import even_weights, platt
from ml.evaluate.result import rounded, write_json
from ml.face.embed import unit
from ml.face.manifest import MODELS
from ml.face.normalise import Cohort
from ml.face.pipeline import FaceEngine
from ml.nets.similarity_mlp import CorrectedScore, Version
from ml.train import crowd as crowds
from ml.train import held_out, pca
from ml.train.checkpoint import Checkpoint, random_states, save
from ml.train.classifier import input_scale
from ml.train.crowd import Crowd, Floats, fold_of
from ml.train.errors import Diverged
from ml.train.hard_pairs import Pairs, hard_pairs
from ml.train.options import add_fields, read_fields
from ml.train.paper_export import write_onnx

HELP = "score + MLP against the score alone, on held-out people"
COSINE, SCORE, SCORE_MLP = WAYS = ("cosine", "score", "score + MLP")
SLOPE_MIN = 1e-3  # among the hardest impostors alone the score may say nothing; it must not be turned round


@dataclass(frozen=True)
class SimilarityRun:
    folds: int = 5
    share: float = 0.99  # of the variance, kept by the components
    hardest: float = 0.002  # share of a template's impostors that are learned from
    version: Version = Version.TWO
    epochs: int = 20
    patience: int = 3  # epochs without a better loss on the people kept aside
    batch: int = 1024
    lr: float = 1e-3
    weight_decay: float = 3.0
    pictures_per_person: int = 30
    seed: int = 7

    def config(self) -> dict[str, Any]:
        return {name: str(v) if isinstance(v, StrEnum) else v for name, v in asdict(self).items()}


@dataclass(frozen=True)
class Features:
    """Of pairs, all (n, …); weight: genuine and impostor weigh the same in total, and the mean weight is 1."""

    features: Tensor
    score: Tensor
    genuine: Tensor
    weight: Tensor

    @classmethod
    def of(cls, net: CorrectedScore, pairs: Pairs) -> "Features":
        weight = even_weights(pairs.genuine) * len(pairs.genuine)
        return cls(
            net.features(torch.from_numpy(pairs.probes), torch.from_numpy(pairs.templates)),
            torch.from_numpy(pairs.scores),
            torch.from_numpy(pairs.genuine).float(),
            torch.from_numpy(weight).float(),
        )

    def value(self, net: CorrectedScore) -> float:
        with torch.inference_mode():
            return self.loss(net.eval()).item()

    def loss(self, net: CorrectedScore, some: Tensor | slice = slice(None)) -> Tensor:
        logit = net.logit(self.features[some], self.score[some])
        return F.binary_cross_entropy_with_logits(logit, self.genuine[some], self.weight[some])


@dataclass
class Learned:
    """A way to score (ml.train.held_out.Way); curve: the loss on people kept aside, before training and after every
    epoch; the weights are those of the lowest."""

    net: CorrectedScore
    cohort: Cohort
    curve: list[float] = field(default_factory=list)

    def template(self, embeddings: Floats) -> Floats:
        return unit(embeddings.mean(axis=0))

    def scores(self, probes: Floats, templates: Floats) -> Floats:
        score = self.cohort.scores(probes, templates)
        with torch.inference_mode():
            components = self.net.components.T
            ours = torch.from_numpy(probes) @ components
            theirs = torch.from_numpy(templates) @ components
            columns = [
                self.net.logit((ours - one).abs(), torch.from_numpy(column.copy()))
                for one, column in zip(theirs, score.T, strict=True)
            ]
        return torch.stack(columns, dim=1).numpy()


@dataclass(frozen=True)
class ByScore:
    cohort: Cohort

    def template(self, embeddings: Floats) -> Floats:
        return unit(embeddings.mean(axis=0))

    def scores(self, probes: Floats, templates: Floats) -> Floats:
        return self.cohort.scores(probes, templates)


def add_options(parser: argparse.ArgumentParser) -> None:
    crowds.add_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--models", type=Path, default=MODELS, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="figures on stdout as JSON")
    add_fields(parser, SimilarityRun)


def command(options: argparse.Namespace) -> None:
    run, spec = read_fields(options, SimilarityRun), ModelSpec("default", options.models)
    version = spec.load().version
    crowd = crowds.from_options(options, spec, version)
    cohort = FaceEngine.load(options.models).cohort
    figures = {"model": version, **cross_validated(run, crowd, cohort)}
    options.out.mkdir(parents=True, exist_ok=True)
    if figures["verdict"] != "does not ship":
        figures["file"] = keep(run, learn(run, crowd, cohort), options.out)
    write_json(options.out / "similarity.json", rounded(figures))
    print(json.dumps(rounded(figures)) if options.json else shown(figures))


def cross_validated(run: SimilarityRun, crowd: Crowd, cohort: Cohort) -> dict[str, Any]:
    """Raises DataUnusable where a fold has too few people."""
    parts = [_rest_and_held(crowd, run.folds, fold) for fold in range(run.folds)]
    for number, (rest, held) in enumerate(parts):
        held_out.demand_people(held, f"fold {number + 1} of {run.folds}")
        held_out.demand_people(
            kept_aside(rest)[1], f"the people kept aside for early stopping in fold {number + 1}"
        )
    folds, curves = [], []
    for rest, held in parts:
        learned = learn(run, rest, cohort)
        ways = dict(zip(WAYS, (held_out.Cosine(), ByScore(cohort), learned), strict=True))
        folds.append(held_out.measure(ways, kept_aside(rest)[1], held))
        curves.append(learned.curve)
    rows = held_out.table(folds, WAYS, run.seed)
    return {
        "protocol": "similarity",
        "run": run.config(),
        "n_people": len(crowd.names),
        "n_pictures": len(crowd.owner),
        "n_strangers": len(crowd.strangers),
        "undetected": int((~crowd.found).sum()),
        "rows": rows,
        "curves": curves,
        "verdict": held_out.not_worse(rows, SCORE_MLP),
    }


def _rest_and_held(crowd: Crowd, folds: int, fold: int) -> tuple[Crowd, Crowd]:
    rest = crowd.part(lambda name: fold_of(name, folds) != fold)
    return rest, crowd.part(lambda name: fold_of(name, folds) == fold)


def learn(run: SimilarityRun, crowd: Crowd, cohort: Cohort) -> Learned:
    """Raises Diverged if the loss is no number."""
    torch.manual_seed(run.seed)
    rng = np.random.default_rng(run.seed)
    learning, aside = kept_aside(crowd)
    fitted = pca.fit(learning.vectors[learning.found])
    components = fitted.first(fitted.enough_for(run.share)).components
    net = CorrectedScore(torch.from_numpy(components.copy()), run.version)
    train = Features.of(net, hard_pairs(learning, cohort, run.hardest, rng))
    check = Features.of(net, hard_pairs(aside, cohort, run.hardest, rng))
    slope, shift = platt(train.score.numpy(), train.genuine.numpy() > 0, train.weight.numpy())
    with torch.no_grad():
        net.scale.fill_(max(slope, SLOPE_MIN))
        net.shift.fill_(shift)
        net.mlp.scale.copy_(input_scale(train.features))
    learned = Learned(net, cohort, [check.value(net)])
    best = {name: value.clone() for name, value in net.state_dict().items()}
    optimiser = torch.optim.AdamW(
        [
            {"params": net.mlp.parameters(), "weight_decay": run.weight_decay},
            {"params": [net.scale, net.shift], "weight_decay": 0.0},
        ],
        run.lr,
    )
    for _ in range(run.epochs):
        net.train()
        for batch in torch.from_numpy(rng.permutation(len(train.score))).split(run.batch):
            loss = train.loss(net, batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        learned.curve.append(check.value(net))
        if not np.isfinite(learned.curve[-1]):
            raise Diverged(f"the loss of epoch {len(learned.curve) - 1} is no number")
        lowest = int(np.argmin(learned.curve))
        if lowest == len(learned.curve) - 1:
            best = {name: value.clone() for name, value in net.state_dict().items()}
        elif len(learned.curve) - 1 - lowest >= run.patience:
            break
    net.load_state_dict(best)
    net.eval()
    return learned


def kept_aside(crowd: Crowd) -> tuple[Crowd, Crowd]:
    """Four fifths of people and strangers learn, one fifth says when to stop and what a probability is worth."""

    def aside(name: str) -> bool:
        return fold_of(name, 5, salt="aside ") == 0

    return crowd.part(lambda name: not aside(name)), crowd.part(aside)


def keep(run: SimilarityRun, learned: Learned, out: Path) -> str:
    """The checkpoint, and an ONNX file that takes probe, template and score."""
    states = random_states(np.random.default_rng(run.seed))
    curve = [{"epoch": epoch, "loss_aside": loss} for epoch, loss in enumerate(learned.curve)]
    save(
        out / "similarity.pt",
        Checkpoint(run.config(), int(np.argmin(learned.curve)), learned.net.state_dict(), {}, states, curve),
    )
    rng = np.random.default_rng(run.seed)
    faces = rng.normal(0, 1, (4, learned.net.components.shape[1])).astype(np.float32)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    examples = {
        "probe": faces[:2],
        "template": faces[2:],
        "score": rng.normal(2, 2, 2).astype(np.float32),
    }
    write_onnx(learned.net, examples, "logit", out / "similarity.onnx")
    return "similarity.onnx"


def shown(figures: dict[str, Any]) -> str:
    return f"{held_out.in_words(figures['rows'])}\nverdict: the MLP {figures['verdict']}"
