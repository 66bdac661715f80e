"""Triplet losses on squared Euclidean distance.

Margin alpha: |a - p|² + alpha < |a - n|² is the objective of every triplet (Schroff et al. 2015). Batch-hard
mining takes, for each anchor of a batch, the positive farthest from it and the negative nearest to it (Hermans
et al. 2017). The paper prints the largest distance for both, against its own text: read as a slip.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class TripletLoss:
    loss: (
        Tensor  # mean over the triplets, so that a learning rate does not depend on the batch; 0 without any
    )
    met: Tensor  # share of triplets that meet the objective: our reading of the paper's "accuracy"
    triplets: int


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """(A, d), (B, d) → (A, B), never below 0."""
    squares = (a * a).sum(dim=1)[:, None] + (b * b).sum(dim=1)[None, :]
    return (squares - 2 * a @ b.T).clamp_min(0)


def triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = MARGIN) -> TripletLoss:
    """Row i of the three (N, d) tensors is triplet i."""
    genuine = (anchor - positive).square().sum(dim=1)
    impostor = (anchor - negative).square().sum(dim=1)
    return _from_distances(genuine, impostor, margin)


def batch_hard_loss(embeddings: Tensor, people: Tensor, margin: float = MARGIN) -> TripletLoss:
    """embeddings (N, d), people (N,) integers. A picture whose person has no other picture in the batch is
    nobody's anchor, but still a negative; so is every picture if the batch holds one person only."""
    return _from_distances(*hardest(squared_distances(embeddings, embeddings), people), margin)


def semi_hard_loss(embeddings: Tensor, people: Tensor, margin: float = MARGIN) -> TripletLoss:
    """As `batch_hard_loss`, but over every triplet of the batch whose negative is farther than its positive (Schroff
    et al. 2015); the mean is over those that miss the objective. The hardest triplets of a net that knows little
    are best answered by moving all embeddings to one point: these cannot be."""
    distances = squared_distances(embeddings, embeddings)
    same = people[:, None] == people[None, :]  # (N, N)
    anchor, positive = torch.nonzero(same.fill_diagonal_(False), as_tuple=True)
    genuine, impostor = distances[anchor, positive][:, None], distances[anchor]  # (pairs, 1), (pairs, N)
    semi = (people[anchor][:, None] != people[None, :]) & (impostor > genuine)
    over = torch.where(semi, (genuine - impostor + margin).clamp_min(0), 0.0)
    missed = (over > 0).sum()
    triplets = int(semi.sum())
    met = 1 - missed / max(1, triplets)
    return TripletLoss(over.sum() / missed.clamp_min(1), met.detach(), triplets)


def hardest(distances: Tensor, people: Tensor) -> tuple[Tensor, Tensor]:
    """distances (N, N), people (N,) → per anchor the farthest positive and the nearest negative, (A,) each."""
    same = people[:, None] == people[None, :]  # (N, N), the diagonal is True
    anchors = (same.sum(dim=1) > 1) & ~same.all(dim=1)  # (N,)
    itself = torch.eye(len(people), dtype=torch.bool, device=people.device)
    farthest = distances.masked_fill(~same | itself, -torch.inf).amax(dim=1)
    nearest = distances.masked_fill(same, torch.inf).amin(dim=1)
    return farthest[anchors], nearest[anchors]


def _from_distances(genuine: Tensor, impostor: Tensor, margin: float) -> TripletLoss:
    if not len(genuine):
        return TripletLoss(genuine.sum(), genuine.sum().detach(), 0)
    over = genuine - impostor + margin
    return TripletLoss(torch.relu(over).mean(), (over < 0).float().mean().detach(), len(genuine))


def margin_loss(
    embeddings: Tensor,
    centres: Tensor,
    own: Tensor,
    *,
    scale: float,
    margin: float,
    unsure: Tensor | None = None,
) -> Tensor:
    """Softmax over the cosines with one centre a person, the own one made harder by `margin` (CosFace, Wang et al.
    2018). embeddings (N, d) and centres (C, d) of any length, own (N,) the place of each one's centre; unsure (N, C)
    marks centres that may be the same person under another name: they neither attract nor repel."""
    cosines = functional.normalize(embeddings) @ functional.normalize(centres).T
    rows = torch.arange(len(own), device=own.device)
    if unsure is not None:
        unsure = unsure.clone()
        unsure[rows, own] = False
        cosines = cosines.masked_fill(unsure, -1)
    cosines[rows, own] -= margin
    return functional.cross_entropy(scale * cosines, own)
