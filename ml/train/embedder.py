"""Fine-tunes the embedder: every face is pulled to its person and kept where a steadier look at it would put it.

Self-distillation with a margin, for few people and many unnamed faces. The teacher is the starting net itself, seen
better: the mean of a picture and its mirror image, and of all pictures of a person. The student sees one spoilt
picture (`ml.train.augment`). Two pulls:

- margin softmax (CosFace, Wang et al. 2018) over the teacher's direction of each person, and of each unnamed picture,
  which is a person of its own; an unnamed one too near to another is left out of that pair, as it may be the same
  person. These centres do not move: where they learned, people who were not trained on lost (docs/face/embedder.md);
- the angle to the teacher's direction, so that templates and thresholds stay comparable.

The first layers stay as they are: they see edges, the pictures are few, and half of the time is theirs. What is
kept is the running mean of the weights (Polyak averaging).

Nothing here is global: prepared pictures and starting weights go in, weights come out.
"""

import argparse
import copy
import json
import logging
import math
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from ml.data.files import DataUnusable, make_folder, read_array, write_array, write_text
from ml.data.prepared import Prepared
from ml.nets import pretrained
from ml.nets.resnet import DlibResNet
from ml.train.augment import photograph, plain
from ml.train.checkpoint import Checkpoint, load, random_states, restore_random_states, save
from ml.train.distributed import Workers, workers
from ml.train.errors import Diverged
from ml.train.losses import margin_loss
from ml.train.options import add_fields, read_fields

HELP = "the default embedder, from prepared folders and starting weights to better weights"
LAST, CURVE, TEACHER = "last.pt", "curve.jsonl", "teacher.npy"
PICTURES_COUNTED = 40  # of a person, when people are drawn: the root of their number, up to this
EMBED_BATCH = 64

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EmbedderRun:
    steps: int = 2_000
    batch: int = 128
    named_share: float = 0.625  # of a batch; two pictures a person
    lr: float = 1.5e-5
    warm: int = 60  # steps of rising rate
    cool_share: float = 0.35  # of the steps, at the end, with falling rate
    scale: float = 160.0  # genuine and impostor cosines of this net lie within 0.2 of each other
    margin: float = 0.02
    distil: float = 130.0  # weight of 1 - cosine to the teacher
    unsure_cosine: float = 0.965  # two unnamed centres nearer than this may be one person
    average: float = 0.99  # of the weights, a step
    masked: float = 0.1  # share of faces with a drawn mask
    every: int = 200  # steps between checkpoints
    seed: int = 1
    bf16: bool = True

    def rate(self, step: int) -> float:
        """Share of the learning rate at a step: rises, stays, falls as half a cosine to a fiftieth."""
        rising = min(1.0, (step + 1) / self.warm)
        into = (step / self.steps - (1 - self.cool_share)) / self.cool_share
        return rising * (1.0 if into < 0 else 0.02 + 0.49 * (1 + math.cos(math.pi * min(into, 1))))


@dataclass(frozen=True, eq=False)
class Classes:
    """Who the training pictures are of: named people first, then every unnamed picture as a person of its own."""

    people: list[Ints]  # rows of each named person
    weights: NDArray[np.float64]  # how often a person is drawn
    unnamed: Ints  # rows
    of_row: Ints  # (rows of the table,) class, -1 for rows that do not train

    @classmethod
    def of(cls, data: Prepared) -> "Classes":
        """Raises DataUnusable if nobody in the training split has two pictures."""
        rows = data.where("train")
        named = rows[data.persons[rows] != ""]
        _, person = np.unique(data.persons[named], return_inverse=True)
        order = np.argsort(person, kind="stable")
        groups = np.split(named[order], np.flatnonzero(np.diff(person[order])) + 1) if len(named) else []
        people = [group for group in groups if len(group) > 1]
        if len(people) < 2:
            raise DataUnusable(f"{data.folder}: its training split has no two people with two pictures each.")
        unnamed = rows[data.persons[rows] == ""]
        of_row = np.full(len(data), -1, np.int64)
        for place, group in enumerate(people):
            of_row[group] = place
        of_row[unnamed] = len(people) + np.arange(len(unnamed))
        weights = np.sqrt([min(len(group), PICTURES_COUNTED) for group in people])
        return cls(people, weights / weights.sum(), unnamed, of_row)

    def draw(self, run: EmbedderRun, rng: np.random.Generator) -> Ints:
        """(batch,) rows: pairs of named people side by side, then unnamed ones."""
        named = round(run.batch * run.named_share / 2) if len(self.unnamed) else run.batch // 2
        chosen = rng.choice(len(self.people), min(named, len(self.people)), replace=False, p=self.weights)
        pairs = [rng.choice(self.people[person], 2, replace=False) for person in chosen]
        alone = rng.choice(self.unnamed, min(run.batch - 2 * named, len(self.unnamed)), replace=False)
        return np.concatenate([*pairs, alone]).astype(np.int64)


def teach(
    net: nn.Module, data: Prepared, rows: Ints, device: str, *, bf16: bool, bar: bool = False
) -> Floats:
    """(n, 128) of length 1: direction of the mean of each picture and its mirror image."""
    found = []
    net.eval()
    starts = tqdm(range(0, len(rows), EMBED_BATCH), "teacher", disable=not bar, mininterval=5)
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16):
        for i in starts:
            faces = plain(data.served(rows[i : i + EMBED_BATCH]), device)
            found.append(functional.normalize(net(faces).float() + net(faces.flip(3)).float()).cpu())
    return torch.cat(found).numpy()


@dataclass
class Trainer:
    """The state of a run between steps. teacher: (N, 128), a row for every picture of `data`, zero for those that
    do not train."""

    run: EmbedderRun
    data: Prepared
    classes: Classes
    teacher: Floats
    start: DlibResNet
    device: str = "cpu"
    group: Workers = field(default_factory=Workers)

    def __post_init__(self) -> None:
        torch.manual_seed(self.run.seed)
        self.rng = np.random.default_rng(self.run.seed)
        self.net = copy.deepcopy(self.start).to(self.device, memory_format=torch.channels_last).train()
        self.net.first_layers().requires_grad_(False)
        self.average = copy.deepcopy(self.net).eval()
        means = [self.teacher[rows].mean(axis=0) for rows in self.classes.people]
        known = np.concatenate([np.array(means, np.float32), self.teacher[self.classes.unnamed]])
        self.known = functional.normalize(torch.from_numpy(known).to(self.device))
        self.optimiser = torch.optim.Adam([p for p in self.net.parameters() if p.requires_grad], self.run.lr)
        self.curve = list[dict[str, Any]]()
        self.step = 0

    def one_step(self) -> dict[str, float]:
        """Raises Diverged, with the weights of the step before."""
        self.optimiser.param_groups[0]["lr"] = self.run.lr * self.run.rate(self.step)
        batch = self.classes.draw(self.run, self.rng)
        seed = int(self.rng.integers(2**63))
        own = self.group.share(batch)
        spoilt = np.random.default_rng((seed, self.group.rank))
        faces = photograph(
            self.data.crops(own), self.data.points[own], spoilt, masked=self.run.masked, device=self.device
        )
        with torch.autocast(self.device, torch.bfloat16, enabled=self.run.bf16):
            embedded = self.net(faces)
        margin, angle = self._losses(self.group.gather(embedded.float()), batch)
        loss = margin + self.run.distil * angle
        if not math.isfinite(loss.item()):
            raise Diverged(f"step {self.step + 1}: the loss is {loss.item()}")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.group.average_gradients(self.net)
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        return {"margin": margin.item(), "angle": angle.item()}

    def _losses(self, embedded: Tensor, batch: Ints) -> tuple[Tensor, Tensor]:
        own = torch.from_numpy(self.classes.of_row[batch]).to(self.device)
        people = len(self.classes.people)
        named = own < people
        unsure = self.known[own] @ self.known.T > self.run.unsure_cosine
        unsure[named, :people] = False  # two names are two people
        margin = margin_loss(
            embedded, self.known, own, scale=self.run.scale, margin=self.run.margin, unsure=unsure
        )
        alone = torch.from_numpy(self.teacher[batch]).to(self.device)
        with_person = functional.normalize(0.7 * self.known[own] + 0.3 * alone)
        goal = torch.where(named[:, None], with_person, alone)
        return margin, (1 - functional.cosine_similarity(embedded, goal)).mean()

    @torch.no_grad()
    def _average(self) -> None:
        kept = min(self.run.average, self.step / (self.step + 20))
        for mean, now in zip(self.average.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)

    def config(self) -> dict[str, Any]:
        """What a continuation must agree on."""
        return {**asdict(self.run), "data": self.data.split_sha256}

    def state(self) -> Checkpoint:
        weights = {
            **{f"net.{name}": value for name, value in self.net.state_dict().items()},
            **{f"average.{name}": value for name, value in self.average.state_dict().items()},
        }
        return Checkpoint(
            self.config(),
            self.step,
            weights,
            self.optimiser.state_dict(),
            random_states(self.rng),
            self.curve,
        )

    def restore(self, state: Checkpoint) -> None:
        self.net.load_state_dict(pretrained.under("net.", state.net))
        self.average.load_state_dict(pretrained.under("average.", state.net))
        self.optimiser.load_state_dict(state.optimiser)
        restore_random_states(state.random, self.rng)
        self.curve, self.step = list(state.curve), state.epoch


def train(trainer: Trainer, out: Path, *, resume: bool = False, bar: bool = False) -> nn.Module:
    """The steps that are left, with a checkpoint in `out` every so many. Returns the averaged net. Raises
    CheckpointRefused, Diverged."""
    if resume:
        trainer.restore(load(out / LAST, trainer.config()))
    left = range(trainer.step, trainer.run.steps)
    began, sums, first = time.perf_counter(), dict[str, float](), trainer.step
    for _ in tqdm(left, "steps", disable=not (bar and trainer.group.first), mininterval=5):
        for name, value in trainer.one_step().items():
            sums[name] = sums.get(name, 0.0) + value
        if trainer.step % trainer.run.every and trainer.step < trainer.run.steps:
            continue
        steps, seconds = trainer.step - first, time.perf_counter() - began
        record = {"step": trainer.step, **{name: value / steps for name, value in sums.items()}}
        trainer.curve.append(record)
        logging.info(
            "%s", json.dumps({**record, "pictures_per_s": round(steps * trainer.run.batch / seconds, 1)})
        )
        if trainer.group.first:
            save(out / LAST, trainer.state())
            write_text(out / CURVE, "".join(json.dumps(line) + "\n" for line in trainer.curve))
        began, sums, first = time.perf_counter(), {}, trainer.step
    return trainer.average


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="prepared folder (python -m ml.data prepare)")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    add_fields(parser, EmbedderRun)
    parser.add_argument("--start", type=Path, help="checkpoint to begin from (default: dlib's weights)")
    parser.add_argument("--resume", action="store_true", help=f"go on from OUT/{LAST}, to the same weights")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")


def command(options: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    make_folder(options.out)
    run, data = read_fields(options, EmbedderRun), Prepared.open(options.data)
    classes = Classes.of(data)
    start = pretrained.trained_resnet(options.start) if options.start else pretrained.resnet()
    with workers(options.device) as group:
        bar = sys.stderr.isatty() and group.first
        teacher = _teacher(start, data, classes, options, run, bar=bar)
        train(
            Trainer(run, data, classes, teacher, start, options.device, group), options.out,
            resume=options.resume, bar=bar,
        )  # fmt: skip


def _teacher(
    start: DlibResNet,
    data: Prepared,
    classes: Classes,
    options: argparse.Namespace,
    run: EmbedderRun,
    *,
    bar: bool,
) -> Floats:
    """Kept in OUT beside a resumable run: it takes as long as a third of an epoch."""
    path = options.out / TEACHER
    if options.resume and path.exists():
        kept: Floats = read_array(path, np.float32)
        return kept
    rows = np.flatnonzero(classes.of_row >= 0)
    teacher = np.zeros((len(data), 128), np.float32)
    net = start.to(options.device, memory_format=torch.channels_last)
    teacher[rows] = teach(net, data, rows, options.device, bf16=run.bf16, bar=bar)
    write_array(path, teacher)
    return teacher
