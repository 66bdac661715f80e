"""LFW's own protocol: given pairs, the threshold of each fold from the other folds, every picture from its raw file.

A pair with an undetected face is an error, whatever it was, and takes no part in finding thresholds. A list with one
fold (pairsDevTest) has no other fold: it is judged at the best threshold on itself, as DeepFace's benchmark does,
and says so; such a figure is not comparable with the ten folds'.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.metrics import best_threshold, equal_error_rate, error_rates, fnmr_at_fmr, wilson
from ml.evaluate.models import Model
from ml.evaluate.result import RATES, Point, Result, rate_key

BLOCK = 256  # pairs scored at once
IN_SAMPLE = "DeepFace's: View 1, the best threshold on the same pairs; not comparable with ten folds"


@dataclass(frozen=True)
class Pairs:
    """pictures: unique files. first, second: (N,) positions in it. same: (N,). fold: (N,) 0, 1, …"""

    pictures: tuple[Path, ...]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    same: NDArray[np.bool_]
    fold: NDArray[np.intp]
    people: tuple[str, ...]  # of the first picture of each pair

    @property
    def folds(self) -> int:
        return int(self.fold.max()) + 1


def read_pairs(images: Path, file: Path) -> Pairs:
    """LFW's format: a header `folds pairs` (or `pairs` alone, one fold), then for each fold so many lines
    `name i j` and as many `name i other j`. Raises EvaluationError naming file and line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read: {error.strerror}") from error
    header = lines[0].split() if lines else []
    if len(header) not in (1, 2) or not all(part.isdigit() for part in header):
        raise EvaluationError(
            f"{file}, line 1: expected the number of folds and of pairs, as LFW's pairs.txt has it"
        )
    folds, each = (1, int(header[0])) if len(header) == 1 else (int(header[0]), int(header[1]))
    body = [(number, line.split("\t")) for number, line in enumerate(lines[1:], start=2) if line.strip()]
    if len(body) != folds * 2 * each:
        raise EvaluationError(
            f"{file}: the header promises {folds * 2 * each} pairs, {len(body)} lines follow"
        )
    places: dict[Path, int] = {}
    rows = [_pair(images, file, number, parts, places) for number, parts in body]
    return Pairs(
        pictures=tuple(places),
        first=np.array([row[0] for row in rows]),
        second=np.array([row[1] for row in rows]),
        same=np.array([row[2] for row in rows]),
        fold=np.arange(len(rows)) // (2 * each),
        people=tuple(row[3] for row in rows),
    )


def _pair(
    images: Path, file: Path, number: int, parts: list[str], places: dict[Path, int]
) -> tuple[int, int, bool, str]:
    if len(parts) == 3:
        who = ((parts[0], parts[1]), (parts[0], parts[2]))
    elif len(parts) == 4:
        who = ((parts[0], parts[1]), (parts[2], parts[3]))
    else:
        raise EvaluationError(f"{file}, line {number}: neither `name i j` nor `name i other j`")
    at = []
    for name, index in who:
        if not index.isdigit():
            raise EvaluationError(f"{file}, line {number}: {index!r} is not the number of a picture")
        picture = images / name / f"{name}_{int(index):04d}.jpg"
        if picture not in places and not picture.is_file():
            raise EvaluationError(f"{file}, line {number}: {picture} does not exist")
        at.append(places.setdefault(picture, len(places)))
    return at[0], at[1], len(parts) == 3, parts[0]


def verify(model: Model, pairs: Pairs, embedded: Embedded) -> Result:
    scores, found = pair_scores(model, pairs, embedded)
    in_sample = pairs.folds == 1
    right, by_fold = (_in_sample if in_sample else _by_folds)(scores, found, pairs)
    low, high = wilson(float((~right).sum()), len(right))
    genuine = np.where(found, scores, -np.inf)[pairs.same]
    impostor = scores[~pairs.same & found]
    return Result(
        protocol="verification",
        model=model.name,
        version=model.version,
        n_people=len({picture.parent.name for picture in pairs.pictures}),
        n_genuine=int(pairs.same.sum()),
        n_impostor=int((~pairs.same).sum()),
        accuracy=float(np.mean(by_fold)),
        accuracy_std=None if in_sample else float(np.std(by_fold, ddof=1)),
        fnmr_at_fmr={
            rate_key(rate): _fnmr(genuine, impostor, rate, np.array(pairs.people)[pairs.same])
            for rate in RATES
            if rate * len(impostor) >= 1
        },
        undetected=embedded.undetected,
        n_pictures=len(pairs.pictures),
        milliseconds=embedded.milliseconds,
        det=_curve(genuine, impostor),
        extra={
            "errors": int((~right).sum()),
            "accuracy_low": 1 - high,
            "accuracy_high": 1 - low,
            "accuracy_by_fold": by_fold,
            "equal_error_rate": equal_error_rate(genuine, impostor),
            "folds": pairs.folds,
            "recipe": IN_SAMPLE if in_sample else f"{pairs.folds} folds, threshold from the other folds",
        },
    )


def pair_scores(
    model: Model, pairs: Pairs, embedded: Embedded
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(N,) similarity of each pair, the first picture as probe, the second alone as template; and whether both
    faces were found. Scores of the others are 0 and mean nothing."""
    found = embedded.found[pairs.first] & embedded.found[pairs.second]
    scores = np.zeros(len(found), np.float32)
    usable = np.flatnonzero(found)
    for at in range(0, len(usable), BLOCK):
        block = usable[at : at + BLOCK]
        templates = np.stack([model.template(embedded.vectors[i][None]) for i in pairs.second[block]])
        scores[block] = model.scores(embedded.vectors[pairs.first[block]], templates).diagonal()
    return scores, found


def _by_folds(
    scores: NDArray[np.float32], found: NDArray[np.bool_], pairs: Pairs
) -> tuple[NDArray[np.bool_], list[float]]:
    right = np.zeros(len(scores), bool)
    for fold in range(pairs.folds):
        others, mine = found & (pairs.fold != fold), pairs.fold == fold
        threshold, _ = best_threshold(scores[others], pairs.same[others])
        right[mine] = found[mine] & ((scores[mine] > threshold) == pairs.same[mine])
    return right, [float(right[pairs.fold == fold].mean()) for fold in range(pairs.folds)]


def _in_sample(
    scores: NDArray[np.float32], found: NDArray[np.bool_], pairs: Pairs
) -> tuple[NDArray[np.bool_], list[float]]:
    threshold, _ = best_threshold(scores[found], pairs.same[found])
    right = found & ((scores > threshold) == pairs.same)
    return right, [float(right.mean())]


def _fnmr(
    genuine: NDArray[np.float32], impostor: NDArray[np.float32], rate: float, people: NDArray[np.str_]
) -> Point:
    """Every pair counts once; the interval draws the people of the genuine pairs, at the threshold found."""
    point = fnmr_at_fmr(genuine, impostor, rate)
    names, owner = np.unique(people, return_inverse=True)
    missed = np.bincount(owner, genuine <= point.threshold, len(names))
    pairs = np.bincount(owner, minlength=len(names))
    drawn = np.random.default_rng(7).integers(0, len(names), (1_000, len(names)))
    low, high = np.percentile(missed[drawn].sum(axis=1) / pairs[drawn].sum(axis=1), [2.5, 97.5])
    above = int((impostor > point.threshold).sum())
    return Point(point.fnmr, float(low), float(high), point.threshold, above, point.fnmr)


def _curve(genuine: NDArray[np.float32], impostor: NDArray[np.float32]) -> list[tuple[float, float]]:
    thresholds = np.quantile(impostor, 1 - np.geomspace(1 / len(impostor), 1, 100))
    fmr, fnmr = error_rates(genuine, impostor, thresholds)
    return [(float(x), float(y)) for x, y in zip(fmr, fnmr, strict=True)]
