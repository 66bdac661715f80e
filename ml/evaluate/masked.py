"""A masked face against what was enrolled without: five plain pictures a template, the mask drawn on every probe.

The mask is drawn on the picture's own landmarks and the masked picture goes through the whole pipeline again, so a
face that the detector then misses is lost. A picture on which no mask can be drawn is no probe (`without_mask`).
Impostors: one masked picture of everybody else, at most `strangers` people without a template of their own, against
each template. The plain figures beside are of the same people and pictures without the mask;
`masked_fmr_at_plain_threshold` is what a stranger gains by wearing one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data import masks
from ml.data.finder import Finder
from ml.data.mask_folder import masked_picture
from ml.evaluate.all_pairs import against_templates, enrol_people, own_scores
from ml.evaluate.bootstrap import Genuine, Impostors, rate_at_threshold
from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.metrics import error_rates
from ml.evaluate.models import Matrix, Model
from ml.evaluate.people import People
from ml.evaluate.result import Result, det_curve, points
from ml.face.pipeline import FaceEngine

ENROL = 5
FOLDS = 5
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class WithMask:
    """Reads a picture and draws a mask on it; the same file and seed always get the same mask. Returns JPEG, None where
    no landmarks are found."""

    recipe: masks.Recipe
    seed: int = 7

    def __call__(self, path: Path) -> bytes | None:
        name = f"{path.parent.name}/{path.name}"
        return masked_picture(path.read_bytes(), name, self.recipe, self.seed, _finder().mesh)


def without_mask(masked: Embedded) -> NDArray[np.bool_]:
    return np.zeros(len(masked.found), bool) if masked.unmade is None else masked.unmade


def drawing_version(recipe: str) -> str:
    """For the cache: changes with the recipe, the landmarks and the code that draws."""
    code = hashlib.sha256()
    for file in sorted(Path(masks.__file__).parent.glob("mask*.py")):
        code.update(file.read_bytes())
    return f"masked-{recipe}-{_finder().version}-{code.hexdigest()[:12]}"


@cache
def _finder() -> Finder:
    return Finder(FaceEngine.load())


@dataclass(frozen=True)
class Subset:
    """Which of a folder's people and pictures the protocol needs."""

    people: People
    masked: tuple[Path, ...]  # of people.pictures, those that are probes

    @property
    def enrolled(self) -> int:
        return int((self.people.counts() > ENROL).sum())


def choose(people: People, strangers: int, seed: int = 7) -> Subset:
    """Everyone with more than five pictures, and the first picture of at most `strangers` others."""
    counts = people.counts()
    others = np.random.default_rng(seed).permutation(np.flatnonzero(counts <= ENROL))[:strangers]
    names: list[str] = []
    pictures: list[Path] = []
    owner: list[int] = []
    masked: list[Path] = []
    for person in range(len(people.names)):
        positions = people.of(person)
        if counts[person] <= ENROL:
            if person not in others:
                continue
            positions = positions[:1]
        files = [people.pictures[i] for i in positions]
        masked += files[ENROL if counts[person] > ENROL else 0 :]
        owner += [len(names)] * len(files)
        names.append(people.names[person])
        pictures += files
    return Subset(
        People(people.folder, tuple(names), tuple(pictures), np.array(owner, np.intp)), tuple(masked)
    )


def against_plain(model: Model, subset: Subset, plain: Embedded, masked: Embedded, recipe: str) -> Result:
    """plain: of subset.people.pictures; masked: of subset.masked, same order."""
    people = subset.people
    place = {picture: i for i, picture in enumerate(people.pictures)}
    spread = np.full((len(people.pictures), masked.vectors.shape[1]), np.nan, np.float32)
    spread[[place[picture] for picture in subset.masked]] = masked.vectors
    with_mask = replace(masked, vectors=spread, found=~np.isnan(spread[:, 0]))
    if without_mask(masked).all():
        raise EvaluationError("no mask could be drawn on any picture: no landmarks were found")
    unmade = {file for file, bad in zip(subset.masked, without_mask(masked), strict=True) if bad}
    own = [people.of(person) for person in range(len(people.names))]
    templates, probes_of, enrolled = enrol_people(model, own, plain, ENROL)
    probes = {
        person: np.array([i for i in probes_of.get(person, at) if people.pictures[i] not in unmade], np.intp)
        for person, at in enumerate(own)
    }
    genuine_plain, impostors_plain = _compare(model, plain, templates, probes, enrolled)
    genuine, impostors = _compare(model, with_mask, templates, probes, enrolled)
    accuracy = balanced_accuracy(genuine, impostors)
    n = len(people.names)
    at_plain = points(genuine_plain, impostors_plain, n)
    return Result(
        protocol="masked",
        model=model.name,
        version=model.version,
        n_people=n,
        n_genuine=genuine.n,
        n_impostor=len(impostors.scores),
        accuracy=float(np.mean(accuracy)),
        accuracy_std=float(np.std(accuracy, ddof=1)),
        fnmr_at_fmr=points(genuine, impostors, n),
        undetected=masked.undetected,
        n_pictures=len(subset.masked),
        milliseconds=masked.milliseconds,
        det=det_curve(genuine, impostors),
        extra={
            "recipe": recipe,
            "enrolled": len(enrolled),
            "without_mask": len(unmade),
            "plain": {rate: {"fnmr": p.fnmr, "threshold": p.threshold} for rate, p in at_plain.items()},
            "masked_fmr_at_plain_threshold": {
                rate: _at(genuine, impostors, p.threshold, float(rate), n) for rate, p in at_plain.items()
            },
        },
    )


def _at(
    genuine: Genuine, impostors: Impostors, threshold: float, nominal: float, n_people: int
) -> dict[str, Any]:
    fmr = float((impostors.scores > threshold).mean())
    fnmr, low, high = rate_at_threshold(genuine, threshold, n_people=n_people)
    return {"fmr": fmr, "multiple": fmr / nominal, "fnmr": fnmr, "low": low, "high": high}


def _compare(
    model: Model, embedded: Embedded, templates: Matrix, probes: dict[int, Positions], enrolled: Sequence[int]
) -> tuple[Genuine, Impostors]:
    place = {person: column for column, person in enumerate(enrolled)}
    with_probe = [person for person in enrolled if len(probes[person])]
    genuine = Genuine(
        np.array(with_probe),
        [own_scores(model, embedded, probes[person], templates[place[person]]) for person in with_probe],
    )
    first = {person: next((i for i in at if embedded.found[i]), None) for person, at in probes.items()}
    present = np.array([person for person, at in first.items() if at is not None])
    vectors = embedded.vectors[[at for at in first.values() if at is not None]]
    skipped = np.array([place.get(int(person), len(enrolled)) for person in present])
    return genuine, against_templates(model, vectors, present, templates, np.array(enrolled), skipped)


def balanced_accuracy(genuine: Genuine, impostors: Impostors) -> list[float]:
    """Of each fold of enrolled people: mean of (1 - FNMR) and (1 - FMR) at the threshold that is best on the other
    folds; genuine and impostor weigh the same."""
    _, template_of = impostors.people_of(np.arange(len(impostors.scores)))
    found = []
    for fold in range(FOLDS):
        mine = genuine.people % FOLDS == fold
        strangers = template_of % FOLDS == fold
        own = [scores for scores, inside in zip(genuine.scores, mine, strict=True) if inside]
        rest = [scores for scores, inside in zip(genuine.scores, mine, strict=True) if not inside]
        if not own or not rest:
            continue
        others = np.concatenate(rest)
        candidates = np.unique(others[np.isfinite(others)])
        fmr, fnmr = error_rates(
            others, impostors.scores[~strangers], np.concatenate([candidates - 1e-6, candidates])
        )
        threshold = np.concatenate([candidates - 1e-6, candidates])[np.argmin(fmr + fnmr)]
        here = error_rates(np.concatenate(own), impostors.scores[strangers], np.array([threshold]))
        found.append(1 - float(here[0][0] + here[1][0]) / 2)
    return found
