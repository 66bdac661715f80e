"""Comparisons worth learning from: each template with its own pictures and with the strangers most like it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.face.embed import unit
from ml.face.normalise import Cohort
from ml.train.crowd import Crowd, Floats

SEVERAL = 5  # pictures of a template, beside single ones
TEMPLATES = {1: 8, SEVERAL: 6}  # of each kind a person, at most


@dataclass(frozen=True, eq=False)
class Pairs:
    """probes, templates (n, d); scores (n,); genuine (n,)."""

    probes: Floats
    templates: Floats
    scores: Floats
    genuine: NDArray[np.bool_]


def hard_pairs(crowd: Crowd, cohort: Cohort, hardest: float, rng: np.random.Generator) -> Pairs:
    """hardest: share of a template's impostors, those with the highest scores. No picture meets a template that it is
    in."""
    members, owners = _drawn(crowd, rng)
    templates = np.stack([unit(crowd.vectors[inside].mean(axis=0)) for inside in members])
    found = crowd.found
    vectors = np.concatenate([crowd.vectors[found], crowd.strangers])
    people = np.concatenate([crowd.owner[found], np.full(len(crowd.strangers), -1)])
    place = np.cumsum(found) - 1  # of a picture among the found ones
    scores = cohort.scores(templates, vectors)  # (T, V)
    own = people[None] == np.array(owners)[:, None]
    genuine = own.copy()
    for row, inside in enumerate(members):
        genuine[row, place[inside]] = False
    others = np.where(own, -np.inf, scores)
    hard = max(1, round(hardest * others.shape[1]))
    nearest = np.argpartition(-others, hard, axis=1)[:, :hard]
    rows, columns = np.nonzero(genuine)
    rows = np.concatenate([rows, np.repeat(np.arange(len(templates)), hard)])
    columns = np.concatenate([columns, nearest.ravel()])
    real = np.isfinite(others[rows, columns]) | genuine[rows, columns]
    rows, columns = rows[real], columns[real]
    return Pairs(vectors[columns], templates[rows], scores[rows, columns], genuine[rows, columns])


def _drawn(crowd: Crowd, rng: np.random.Generator) -> tuple[list[NDArray[np.intp]], list[int]]:
    """Which pictures are in each template, and whose it is."""
    members, owners = [], []
    for person, positions in enumerate(crowd.positions()):
        usable = positions[crowd.found[positions]]
        if len(usable) < 2:
            continue
        groups = [usable[[i]] for i in rng.permutation(len(usable))[: TEMPLATES[1]]]
        if len(usable) > SEVERAL:
            groups += [rng.permutation(usable)[:SEVERAL] for _ in range(TEMPLATES[SEVERAL])]
        members += groups
        owners += [person] * len(groups)
    return members, owners
