"""Who of N enrolled people is this, or nobody? (1:N, open set)

Gallery: one template a person. Probes: other pictures of enrolled people, and pictures of strangers. A search returns
the most similar template if its similarity exceeds the threshold. FPIR: searches of strangers that return anybody;
FNIR: searches of enrolled people that do not return *them*: another ranks first, or nobody exceeds the threshold, or no
face was found. Every person weighs the same, however many pictures they brought; intervals draw people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.all_pairs import enrol_people
from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Matrix, Model, Vector
from ml.evaluate.people import People
from ml.evaluate.result import Result

BLOCK = 1_024
FPIRS = (0.01, 0.1)
DRAWS = 300


@dataclass(frozen=True)
class Searches:
    """One row a probe: whose it is, the best similarity (-inf without a face) and whether the right template had it."""

    person: NDArray[np.intp]  # strangers have numbers of their own
    best: NDArray[np.float32]
    right: NDArray[np.bool_]
    enrolled: NDArray[np.bool_]  # False: a stranger


@dataclass(frozen=True)
class Found:
    rank_1: float
    fnir: dict[float, tuple[float, float, float]]  # FPIR → FNIR, low, high
    thresholds: dict[float, float]


def identify(
    model: Model, gallery: People, probes: People, in_gallery: Embedded, in_probes: Embedded
) -> Result:
    """People are told by the names of their folders; who is not in the gallery is a stranger."""
    place = {name: column for column, name in enumerate(gallery.names)}
    templates: list[Vector] = []
    columns: dict[str, int] = {}
    for name, column in place.items():
        positions = gallery.of(column)
        positions = positions[in_gallery.found[positions]]
        if len(positions):
            columns[name] = len(templates)
            templates.append(model.template(in_gallery.vectors[positions]))
    if not templates:
        raise EvaluationError(f"{gallery.folder}: no face was found in any picture")
    column_of = np.array(
        [columns.get(name, len(templates) if name in place else -1) for name in probes.names]
    )  # enrolled without a face: a column that nobody has, so always missed
    searches = _search(
        model, np.stack(templates), in_probes, np.arange(len(probes.pictures)), probes.owner, column_of
    )
    found = judge(searches)
    return _result(model, [found], searches, len(templates), in_probes, len(probes.pictures))


def identify_split(
    model: Model, people: People, embedded: Embedded, *, enrol: int, size: int | None, repeats: int = 10
) -> Result:
    """Splits one folder: of the people with more than `enrol` pictures half are enrolled (at most `size`), the others
    strangers; probes are the pictures not enrolled. Repeated with `repeats` other halves; figures are means."""
    own = [people.of(person) for person in range(len(people.names))]
    templates, probes_of, eligible = enrol_people(model, own, embedded, enrol)
    if len(eligible) < 4:
        raise EvaluationError(f"{people.folder}: needs four people with more than {enrol} pictures")
    found, last = [], None
    for seed in range(repeats):
        order = np.random.default_rng(seed).permutation(len(eligible))
        count = min(size or len(order), len(order) // 2)
        chosen, strangers = order[:count], order[len(order) - len(order) // 2 :]
        last = _one_split(model, embedded, templates, [probes_of[p] for p in eligible], chosen, strangers)
        found.append(judge(last, seed))
    assert last is not None
    return _result(model, found, last, count, embedded, len(people.pictures))


def _one_split(
    model: Model,
    embedded: Embedded,
    templates: Matrix,
    probes: Sequence[NDArray[np.intp]],
    chosen: NDArray[np.intp],
    strangers: NDArray[np.intp],
) -> Searches:
    persons = np.concatenate([chosen, strangers])
    positions = np.concatenate([probes[p] for p in persons])
    owner = np.repeat(np.arange(len(persons)), [len(probes[p]) for p in persons])
    column_of = np.concatenate([np.arange(len(chosen)), np.full(len(strangers), -1)])
    return _search(model, templates[chosen], embedded, positions, owner, column_of)


def _search(
    model: Model,
    templates: Matrix,
    embedded: Embedded,
    positions: NDArray[np.intp],
    owner: NDArray[np.intp],
    column_of: NDArray[np.intp],
) -> Searches:
    """owner: (P,) person of each probe; column_of: (people,) the person's template, -1 for a stranger."""
    best = np.full(len(positions), -np.inf, np.float32)
    first = np.full(len(positions), -2, np.intp)
    usable = np.flatnonzero(embedded.found[positions])
    for at in range(0, len(usable), BLOCK):
        rows = usable[at : at + BLOCK]
        scores = model.scores(embedded.vectors[positions[rows]], templates)
        first[rows] = scores.argmax(axis=1)
        best[rows] = scores.max(axis=1)
    column = column_of[owner]
    return Searches(owner, best, first == column, column >= 0)


def judge(searches: Searches, seed: int = 7) -> Found:
    enrolled, stranger = searches.enrolled, ~searches.enrolled & np.isfinite(searches.best)
    if not enrolled.any():
        raise EvaluationError("no probe is of an enrolled person")
    weights = _even(searches.person)
    rank_1 = float(np.average(searches.right[enrolled], weights=weights[enrolled]))
    if not stranger.any():
        return Found(rank_1, {}, {})
    thresholds = {
        rate: threshold_at(searches.best[stranger], weights[stranger], rate)
        for rate in FPIRS
        if rate * stranger.sum() >= 1
    }
    fnir = {rate: _fnir(searches, weights, threshold, seed) for rate, threshold in thresholds.items()}
    return Found(rank_1, fnir, thresholds)


def threshold_at(best: NDArray[np.float32], weights: NDArray[np.float64], rate: float) -> float:
    """The lowest threshold that at most `rate` of the weight exceeds."""
    order = np.argsort(-best, kind="stable")
    beyond = int(np.searchsorted(np.cumsum(weights[order]), rate * weights.sum() + 1e-9, side="right"))
    return float(best[order][min(beyond, len(best) - 1)])


def _fnir(
    searches: Searches, weights: NDArray[np.float64], threshold: float, seed: int
) -> tuple[float, float, float]:
    enrolled = searches.enrolled
    missed = ~(searches.right & (searches.best > threshold))[enrolled]
    people, owner = np.unique(searches.person[enrolled], return_inverse=True)
    by_person = np.bincount(owner, weights[enrolled] * missed, len(people))
    drawn = np.random.default_rng(seed).integers(0, len(people), (DRAWS, len(people)))
    low, high = np.percentile(by_person[drawn].mean(axis=1), [2.5, 97.5])
    return float(by_person.mean()), float(low), float(high)


def _even(person: NDArray[np.intp]) -> NDArray[np.float64]:
    """(P,): the probes of each person weigh 1 together."""
    return 1 / np.bincount(person)[person]


def _result(
    model: Model, found: Sequence[Found], searches: Searches, gallery: int, embedded: Embedded, pictures: int
) -> Result:
    def mean(rate: float, index: int) -> float:
        return float(np.mean([one.fnir[rate][index] for one in found]))

    rates = [rate for rate in FPIRS if all(rate in one.fnir for one in found)]
    strangers = np.unique(searches.person[~searches.enrolled])
    return Result(
        protocol="identification",
        model=model.name,
        version=model.version,
        n_people=gallery,
        n_genuine=int(searches.enrolled.sum()),
        n_impostor=int((~searches.enrolled).sum()),
        accuracy=float(np.mean([one.rank_1 for one in found])),
        accuracy_std=float(np.std([one.rank_1 for one in found], ddof=1)) if len(found) > 1 else None,
        undetected=embedded.undetected,
        n_pictures=pictures,
        milliseconds=embedded.milliseconds,
        extra={
            "gallery": gallery,
            "strangers": len(strangers),
            "repeats": len(found),
            "rank_1": float(np.mean([one.rank_1 for one in found])),
            "fnir_at_fpir": {
                f"{rate:g}": {
                    "fnir": mean(rate, 0),
                    "low": mean(rate, 1),
                    "high": mean(rate, 2),
                    "threshold": float(np.mean([one.thresholds[rate] for one in found])),
                }
                for rate in rates
            },
        },
    )
