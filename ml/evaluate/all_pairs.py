"""Every stranger against everybody: the rates at which a stranger could pay, and a shopper be refused.

enrol 1. Impostors: one picture (the first by name) of every person in whom a face was found, every unordered pair of
people once; N people give N (N - 1) / 2. Genuine: every unordered pair of pictures of one person.

enrol 5. Templates: for each person with more than five pictures one of the first five by name (of those in which a
face was found). Genuine: each remaining picture against the person's own template. Impostors: of every *other*
person in the folder one picture (the first by name that is in no template) against each template; people with five
pictures or fewer take part as strangers only.

Both: FNMR is the mean over people, so that one man with 530 pictures counts once; a picture without a face is a lost
genuine comparison and no impostor. The interval draws people (ml.evaluate.bootstrap).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.bootstrap import Genuine, Impostors, rate_at_threshold
from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Matrix, Model
from ml.evaluate.people import People
from ml.evaluate.result import Result, det_curve, points

BLOCK = 1_024  # probes scored at once against all templates: 25 MB at 6,000 people


def all_pairs(
    model: Model,
    people: People,
    embedded: Embedded,
    *,
    enrol: int = 1,
    doubles: NDArray[np.bool_] | None = None,
) -> Result:
    """doubles: (pictures,) near-duplicates of an earlier picture of the same person, left out when given.

    Raises EvaluationError when nobody has enough pictures."""
    own = [people.of(person) for person in range(len(people.names))]
    if doubles is not None:
        own = [positions[~doubles[positions]] for positions in own]
    genuine, impostors = (_single if enrol == 1 else _several)(model, own, embedded, enrol)
    n_people = len(people.names)
    extra: dict[str, object] = {
        "enrol": enrol,
        "people_with_genuine": len(genuine.scores),
        "near_duplicates_left_out": 0 if doubles is None else int(doubles.sum()),
    }
    if model.threshold is not None:
        extra["shipped"] = _at_shipped(genuine, impostors, model.threshold, n_people)
    return Result(
        protocol="all-pairs",
        model=model.name,
        version=model.version,
        n_people=n_people,
        n_genuine=genuine.n,
        n_impostor=len(impostors.scores),
        fnmr_at_fmr=points(genuine, impostors, n_people),
        undetected=embedded.undetected,
        n_pictures=len(people.pictures),
        milliseconds=embedded.milliseconds,
        det=det_curve(genuine, impostors),
        extra=extra,
    )


def _at_shipped(genuine: Genuine, impostors: Impostors, threshold: float, n_people: int) -> dict[str, float]:
    fnmr, low, high = rate_at_threshold(genuine, threshold, n_people=n_people)
    fmr = float((impostors.scores > threshold).mean())
    return {"threshold": threshold, "fnmr": fnmr, "low": low, "high": high, "fmr": fmr}


def _single(
    model: Model, own: Sequence[NDArray[np.intp]], embedded: Embedded, _: int
) -> tuple[Genuine, Impostors]:
    first = [next((i for i in positions if embedded.found[i]), None) for positions in own]
    present = np.array([person for person, at in enumerate(first) if at is not None])
    probes = embedded.vectors[[at for at in first if at is not None]]
    with_pairs = [person for person, positions in enumerate(own) if len(positions) > 1]
    if not with_pairs or len(present) < 2:
        raise EvaluationError("needs two people, and one of them with two pictures")
    scores = [_within(model, embedded, own[person]) for person in with_pairs]
    genuine = Genuine(np.array(with_pairs), scores)
    return genuine, upper_triangle(model, probes, present)


def _within(model: Model, embedded: Embedded, positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """Every unordered pair of one person's pictures; -inf where a face is missing."""
    scores = np.full((len(positions), len(positions)), -np.inf, np.float32)
    found = np.flatnonzero(embedded.found[positions])
    if len(found):
        vectors = embedded.vectors[positions[found]]
        scores[np.ix_(found, found)] = model.scores(vectors, templates_of(model, vectors))
    return scores[np.triu_indices(len(positions), 1)]


def templates_of(model: Model, vectors: Matrix) -> Matrix:
    """Each vector alone as a template."""
    return np.stack([model.template(vector[None]) for vector in vectors])


def upper_triangle(model: Model, probes: Matrix, people: NDArray[np.intp]) -> Impostors:
    """Every unordered pair of `probes` (N, d) once, in blocks; people: (N,) whose each is."""
    n = len(probes)
    templates = templates_of(model, probes)
    scores = np.empty(n * (n - 1) // 2, np.float32)
    at = 0
    for top in range(0, n, BLOCK):
        block = model.scores(probes[top : top + BLOCK], templates)
        for row, line in enumerate(block, start=top):
            scores[at : at + n - row - 1] = line[row + 1 :]
            at += n - row - 1
    lengths = np.arange(n - 1, -1, -1)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return Impostors(
        scores=scores,
        rows=people[: n - 1],
        columns=people,
        starts=starts[: n - 1],
        first_columns=np.arange(1, n),
        skipped=np.full(n - 1, n),
    )


def _several(
    model: Model, own: Sequence[NDArray[np.intp]], embedded: Embedded, enrol: int
) -> tuple[Genuine, Impostors]:
    templates, probes_of, enrolled = enrol_people(model, own, embedded, enrol)
    place = {person: column for column, person in enumerate(enrolled)}
    genuine = Genuine(
        np.array(enrolled),
        [own_scores(model, embedded, probes_of[person], templates[place[person]]) for person in enrolled],
    )
    strangers = {
        person: next((i for i in probes_of.get(person, positions) if embedded.found[i]), None)
        for person, positions in enumerate(own)
    }
    present = np.array([person for person, at in strangers.items() if at is not None])
    vectors = embedded.vectors[[at for at in strangers.values() if at is not None]]
    skipped = np.array([place.get(int(person), len(enrolled)) for person in present])
    return genuine, against_templates(model, vectors, present, templates, np.array(enrolled), skipped)


def enrol_people(
    model: Model, own: Sequence[NDArray[np.intp]], embedded: Embedded, enrol: int
) -> tuple[Matrix, dict[int, NDArray[np.intp]], list[int]]:
    """Templates (R, d) of the first `enrol` pictures of everyone with more, the pictures left of each person for
    probes, and whose the templates are. Where none of the five gave a face, nobody could have enrolled: the person
    is left out."""
    enrolled = [
        person
        for person, positions in enumerate(own)
        if len(positions) > enrol and embedded.found[positions[:enrol]].any()
    ]
    if not enrolled:
        raise EvaluationError(f"nobody has more than {enrol} pictures")
    chosen = {person: own[person][:enrol] for person in enrolled}
    templates = np.stack(
        [
            model.template(embedded.vectors[positions[embedded.found[positions]]])
            for positions in chosen.values()
        ]
    )
    return templates, {person: own[person][enrol:] for person in enrolled}, enrolled


def own_scores(
    model: Model, embedded: Embedded, positions: NDArray[np.intp], template: NDArray[np.float32]
) -> NDArray[np.float32]:
    scores = np.full(len(positions), -np.inf, np.float32)
    found = np.flatnonzero(embedded.found[positions])
    if len(found):
        scores[found] = model.scores(embedded.vectors[positions[found]], template[None])[:, 0]
    return scores


def against_templates(
    model: Model,
    probes: Matrix,
    people: NDArray[np.intp],
    templates: Matrix,
    enrolled: NDArray[np.intp],
    skipped: NDArray[np.intp],
) -> Impostors:
    """probes: one of each of `people`; skipped: (P,) the column of the person's own template, or R for none."""
    count = len(enrolled)
    kept = []
    for top in range(0, len(probes), BLOCK):
        block = model.scores(probes[top : top + BLOCK], templates)
        kept.append(block[np.arange(count) != skipped[top : top + BLOCK, None]])
    lengths = count - (skipped < count)
    return Impostors(
        scores=np.concatenate(kept),
        rows=people,
        columns=enrolled,
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]),
        first_columns=np.zeros(len(people), np.intp),
        skipped=skipped,
    )
