"""Trains the paper's embedder: random triplets, semi-hard, then batch-hard, in epochs that each show as many
pictures as the training part has.

Nothing here is global: a table, the rows to train on and perhaps starting weights go in, weights come out.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from ml.data.files import write_text
from ml.nets.paper_cnn import VARIANTS, PaperCNN
from ml.train.checkpoint import Checkpoint, load, random_states, restore_random_states, save
from ml.train.distributed import Workers
from ml.train.errors import Diverged
from ml.train.losses import TripletLoss, batch_hard_loss, semi_hard_loss, triplet_loss
from ml.train.paper_run import PaperRun, Parts, Regime
from ml.train.pictures import Pictures, Pixels
from ml.train.triplets import Indices, grouped_batches, random_triplets

LAST, ORDINARY, CURVE = "last.pt", "ordinary.pt", "curve.jsonl"
SHIFT_SHARE = 0.04  # of the side
PROBED_TRIPLETS = 512  # for the curve, of each part, the same in every epoch
EMBED_BATCH = 256
SETTLING = 2048  # pictures of the training part that batch norm takes its statistics from
MOMENTUM = 0.1  # torch's own


@dataclass
class Trainer:
    """The state of a run between epochs."""

    run: PaperRun
    pictures: Pictures
    parts: Parts
    device: str = "cpu"
    group: Workers = field(default_factory=Workers)
    bar: bool = False

    def __post_init__(self) -> None:
        torch.manual_seed(self.run.seed)
        self.rng = np.random.default_rng(self.run.seed)
        self.worn = self.pictures.worn(self.run.wearing)
        net = PaperCNN(VARIANTS[self.run.variant], self.run.size_px, unit_length=self.run.unit_length)
        self.net = net.to(self.device, memory_format=torch.channels_last)
        self.group.share_batch_norm(self.net)
        betas = (self.run.beta_1, self.run.beta_2)
        self.optimiser = torch.optim.Adam(self.net.parameters(), self.run.lr, betas)
        self.curve = list[dict[str, Any]]()

    @property
    def epoch(self) -> int:
        return len(self.curve)

    def state(self) -> Checkpoint:
        states = random_states(self.rng)
        return Checkpoint(
            self.run.config(),
            self.epoch,
            self.net.state_dict(),
            self.optimiser.state_dict(),
            states,
            self.curve,
        )

    def restore(self, state: Checkpoint) -> None:
        self.net.load_state_dict(state.net)
        self.optimiser.load_state_dict(state.optimiser)
        restore_random_states(state.random, self.rng)
        self.curve = list(state.curve)

    def one_epoch(self) -> None:
        """Raises Diverged; the state is then that of the step before."""
        started, epoch = time.perf_counter(), self.epoch
        for group in self.optimiser.param_groups:
            group["lr"] = self.run.lr_at(epoch)
        rng = self.rng if self.run.reshuffle else np.random.default_rng(self.run.seed)
        batches = list(_batches(self.run, epoch, self.pictures.people[self.parts.train], rng))
        self.net.train()
        total, seen = 0.0, 0
        shown = tqdm(
            batches, f"epoch {epoch + 1}", disable=not (self.bar and self.group.first), mininterval=5
        )
        for step, batch in enumerate(shown):
            total += self._step(self.parts.train[batch], epoch, step)
            seen += batch.size
        self._settle_batch_norm()
        seconds = time.perf_counter() - started
        self.curve.append(
            {
                "epoch": epoch + 1,
                "regime": str(self.run.regime(epoch)),
                "batch": self.run.batch(epoch),
                "lr": self.run.lr_at(epoch),
                "loss": total / len(batches),
                **{f"train_{k}": v for k, v in self._probe(self.parts.train).items()},
                **{f"test_{k}": v for k, v in self._probe(self.parts.test).items()},
                "seconds": round(seconds, 1),
                "pictures_per_s": round(seen / seconds, 1),
            }
        )

    def _step(self, batch: Indices, epoch: int, step: int) -> float:
        own, mirrored, shift = self._share(batch)
        pixels = self.pictures.show(own, self.worn[own])
        if self.run.augment:
            augment(pixels, mirrored, shift)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.run.bf16):
            embeddings = self.net(_to_float(pixels, self.device))
        embeddings = self.group.gather(embeddings.float())
        loss = self._loss(embeddings, batch, self.run.regime(epoch)).loss
        broken = not torch.isfinite(embeddings).all()  # semi-hard mining passes over what is no number
        value = math.nan if broken else loss.item()
        if not math.isfinite(value):
            raise Diverged(f"epoch {epoch + 1}, step {step + 1}: the loss is {value}")
        self.optimiser.zero_grad()
        loss.backward()
        self.group.average_gradients(self.net)
        self.optimiser.step()
        return value

    def _share(self, batch: Indices) -> tuple[Indices, NDArray[np.bool_], Indices]:
        """Rows, who is mirrored, shift (n, 2): of this process; drawn for the whole batch, the same in all."""
        most = round(SHIFT_SHARE * self.pictures.size_px)
        mirrored = self.rng.random(batch.shape) < 0.5
        shift = self.rng.integers(-most, most + 1, (*batch.shape, 2))
        own = self.group.share(np.arange(len(batch)))
        return batch[own].reshape(-1), mirrored[own].reshape(-1), shift[own].reshape(-1, 2)

    def _loss(self, embeddings: Tensor, batch: Indices, regime: Regime) -> TripletLoss:
        if batch.ndim == 2:  # (B, 3)
            anchor, positive, negative = embeddings.reshape(len(batch), 3, -1).unbind(dim=1)
            return triplet_loss(anchor, positive, negative, self.run.margin)
        people = torch.from_numpy(self.pictures.people[batch]).to(embeddings.device)
        mined = batch_hard_loss if regime is Regime.HARD else semi_hard_loss
        return mined(embeddings, people, self.run.margin)

    def _settle_batch_norm(self) -> None:
        """Takes the statistics of batch norm anew, from SETTLING pictures and the weights of now. Its input drifts
        by several spreads in a few steps of Adam, so that running means belong to weights of long ago: every
        embedding then points the same way (mean cosine 0.94 instead of 0.68 after four epochs)."""
        norms = [module for module in self.net.modules() if isinstance(module, nn.BatchNorm1d)]
        if not norms:
            return
        rows = np.random.default_rng(self.run.seed).permutation(self.parts.train)[:SETTLING]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over what follows
        self.net.train()
        with torch.no_grad(), torch.autocast(self.device, torch.bfloat16, enabled=self.run.bf16):
            for batch in np.array_split(rows, -(-len(rows) // EMBED_BATCH)):
                own = self.group.share(batch)
                self.net(_to_float(self.pictures.show(own, self.worn[own]), self.device))
        for norm in norms:
            norm.momentum = MOMENTUM

    def _probe(self, rows: Indices) -> dict[str, float]:
        """Loss and share of met objectives on random triplets of a part."""
        rng = np.random.default_rng(self.run.seed)
        triplets = rows[random_triplets(self.pictures.people[rows], PROBED_TRIPLETS, rng)]
        used, place = np.unique(triplets, return_inverse=True)
        embedded = torch.from_numpy(self.embed(used, self.worn[used]))
        found = triplet_loss(*embedded[place.reshape(-1, 3)].unbind(dim=1), self.run.margin)
        return {"loss": found.loss.item(), "met": found.met.item()}

    def embed(self, rows: Indices, worn: NDArray[np.bool_]) -> NDArray[np.float32]:
        return embed(self.net, self.pictures, rows, worn, self.device, bf16=self.run.bf16)


def train(
    trainer: Trainer,
    out: Path,
    *,
    resume: bool = False,
    start: Path | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Epochs that are left, each followed by a checkpoint in `out` (LAST; ORDINARY, before batch-hard, stays) and a
    line of the curve. `start`: a checkpoint whose weights, and nothing else, begin a new run. Raises
    CheckpointRefused, Diverged."""
    if resume:
        trainer.restore(load(out / LAST, trainer.run.config()))
    elif start:
        trainer.net.load_state_dict(load(start).net)
    while trainer.epoch < trainer.run.epochs:
        try:
            trainer.one_epoch()
        except Diverged as error:
            kept = f"{out / LAST} keeps epoch {trainer.epoch}" if trainer.epoch else "no epoch was complete"
            raise Diverged(f"{error}; {kept}. Try a smaller --lr.") from None
        if not trainer.group.first:
            continue
        save(out / LAST, trainer.state())
        if trainer.epoch == trainer.run.epochs_ordinary:
            save(out / ORDINARY, trainer.state())
        write_text(out / CURVE, "".join(json.dumps(record) + "\n" for record in trainer.curve))
        say(json.dumps(trainer.curve[-1]))


def augment(pixels: Pixels, mirrored: NDArray[np.bool_], shift: NDArray[np.int64]) -> None:
    """pixels (n, S, S, 3), in place: mirror images, then shifts by (n, 2) px, edges repeated."""
    side = pixels.shape[1]
    places = np.arange(side)
    for i, (mirror, (down, right)) in enumerate(zip(mirrored, shift, strict=True)):
        picture = pixels[i, :, ::-1] if mirror else pixels[i]
        rows, columns = (places + down).clip(0, side - 1), (places + right).clip(0, side - 1)
        pixels[i] = picture[rows][:, columns]


def embed(
    net: PaperCNN, pictures: Pictures, rows: Indices, worn: NDArray[np.bool_], device: str, *, bf16: bool
) -> NDArray[np.float32]:
    """(n, 2048); worn (n,) belongs to `rows`. The net comes back in the mode it was in."""
    training = net.training
    net.eval()
    found = []
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16):
        for i in range(0, len(rows), EMBED_BATCH):
            pixels = pictures.show(rows[i : i + EMBED_BATCH], worn[i : i + EMBED_BATCH])
            found.append(net(_to_float(pixels, device)).float().cpu().numpy())
    net.train(training)
    return np.concatenate(found)


def _to_float(pixels: Pixels, device: str) -> Tensor:
    """(n, S, S, 3) uint8 → (n, 3, S, S) float 0..1, channels last in memory."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255


def _batches(
    run: PaperRun, epoch: int, people: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[Indices]:
    """(B, 3) triplets or (B,) pictures, positions in `people`."""
    batch = run.batch(epoch)
    if run.regime(epoch) is not Regime.RANDOM:
        yield from grouped_batches(people, batch, run.per_person, rng)
        return
    triplets = random_triplets(people, max(2, len(people) // 3), rng)
    whole = max(1, len(triplets) // batch)
    yield from np.array_split(triplets[: whole * batch], whole)
