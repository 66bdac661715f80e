"""Where to put the threshold: measured on people of one's own, by the very pipeline that serves.

Protocol: a folder holds one folder a person. Every picture goes through FaceEngine.read (VERIFY); a refused
one counts as a lost genuine comparison, never as nothing. Then, for templates made of 1 and of 5 pictures:
each person's pictures that also keep the limits of ENROL are dealt, in an order set by the seed, into
templates; every template is compared with every readable picture outside it, of the same person (genuine) and
of all others (impostor). A threshold rests on many pairs but few people: the pairs of one person are not
independent, so read the number of people first.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.files import write_text
from ml.data.splits import plain, read_names
from ml.evaluate.errors import EvaluationError
from ml.evaluate.metrics import (
    OperatingPoint,
    even_weights,
    expected_calibration_error,
    fnmr_at_fmr,
    logistic,
    slope_through,
)
from ml.evaluate.people import SUFFIXES
from ml.evaluate.probability import Half, HeldOut, half_of, held_out
from ml.evaluate.result import EMPTY, rate_key
from ml.face.embed import DIMENSIONS
from ml.face.manifest import Threshold
from ml.face.normalise import Cohort
from ml.face.pipeline import FaceEngine, Probe
from ml.face.quality import Purpose, judge
from ml.face.reasons import PictureRefused

Array = NDArray[np.float32]


@dataclass(frozen=True)
class CalibrationRun:
    images: Path
    fmr: float = 1e-4
    pictures_per_person: int = 40
    references: int = 5  # pictures a template is made of, beside single pictures
    seed: int = 7
    leave_out: Path | None = None  # text file of names (LFW people, say), one a line


@dataclass(frozen=True)
class Read:
    """One person's pictures: the readable ones, and how many were refused for which reason."""

    name: str
    embeddings: Array  # (n, 128), those fit for enrolment first
    fit_to_enrol: int
    refused: dict[str, int]


@dataclass(frozen=True)
class Calibration:
    people: int
    pictures: int
    refused: dict[str, int]
    single: OperatingPoint
    several: OperatingPoint
    slope: float
    fnmr_with_refused: float  # of `several`, refused pictures counted as lost
    held_out: HeldOut | None  # of `several`; None where a half of the people is fewer than two
    shipped_ece: float  # of the probability that FaceEngine.compare gives today


def calibrate(engine: FaceEngine, run: CalibrationRun) -> Calibration:
    people = people_of(engine, run)
    refused: dict[str, int] = {}
    for person in people:
        for reason, count in person.refused.items():
            refused[reason] = refused.get(reason, 0) + count
    genuine_1, impostor_1, _ = scores(people, engine.cohort, references=1)
    genuine_n, impostor_n, lost = scores(people, engine.cohort, references=run.references)
    several = fnmr_at_fmr(genuine_n, impostor_n, run.fmr)
    with_lost = np.concatenate([genuine_n, np.full(lost, -np.inf, np.float32)])
    return Calibration(
        people=len(people),
        pictures=sum(len(person.embeddings) for person in people) + sum(refused.values()),
        refused=dict(sorted(refused.items())),
        single=fnmr_at_fmr(genuine_1, impostor_1, run.fmr),
        several=several,
        slope=slope_through(genuine_n, impostor_n, several.threshold),
        fnmr_with_refused=float((with_lost <= several.threshold).mean()),
        held_out=_held_out(people, engine.cohort, run.references),
        shipped_ece=_shipped_ece(engine, genuine_n, impostor_n),
    )


def _held_out(people: Sequence[Read], cohort: Cohort, references: int) -> HeldOut | None:
    sides = [[person for person in people if half_of(person.name) == side] for side in (0, 1)]
    if min(len(side) for side in sides) < 2:
        return None
    halves = []
    for side in sides:
        genuine, impostor, _ = scores(side, cohort, references=references)
        same = np.arange(len(genuine) + len(impostor)) < len(genuine)
        halves.append(Half(len(side), np.concatenate([genuine, impostor]), same))
    return held_out(halves)


def _shipped_ece(engine: FaceEngine, genuine: Array, impostor: Array) -> float:
    threshold = engine.threshold
    logit = threshold.slope * (np.concatenate([genuine, impostor]) - threshold.score)
    same = np.arange(len(logit)) < len(genuine)
    return expected_calibration_error(logistic(logit), same, even_weights(same))


def people_of(engine: FaceEngine, run: CalibrationRun) -> list[Read]:
    """People with too few pictures for a template and a probe are dropped; ValueError if fewer than two
    stay."""
    left_out = read_names(run.leave_out) if run.leave_out else frozenset()
    folders = [f for f in sorted(run.images.iterdir()) if f.is_dir() and plain(f.name) not in left_out]
    people = [_read_person(engine, folder, run) for folder in folders]
    people = [
        person
        for person in people
        if person.fit_to_enrol >= run.references and len(person.embeddings) > run.references
    ]
    if len(people) < 2:
        raise EvaluationError(
            f"{run.images}: needs two folders (people) with {run.references + 1} good pictures each"
        )
    return people


def _read_person(engine: FaceEngine, folder: Path, run: CalibrationRun) -> Read:
    files = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES]
    generator = np.random.default_rng(_seed(run.seed, folder.name))
    chosen = generator.permutation(len(files))[: run.pictures_per_person]
    fit: list[Array] = []
    readable_only: list[Array] = []
    refused: dict[str, int] = {}
    for index in chosen:
        try:
            probe = engine.read(files[index].read_bytes(), Purpose.VERIFY)
        except PictureRefused as refusal:
            refused[refusal.reason.value] = refused.get(refusal.reason.value, 0) + 1
            continue
        (fit if _fit_to_enrol(probe) else readable_only).append(probe.embedding)
    embeddings = np.array(fit + readable_only, np.float32).reshape(-1, DIMENSIONS)
    return Read(folder.name, embeddings, len(fit), refused)


def _fit_to_enrol(probe: Probe) -> bool:
    try:
        judge(probe.quality, Purpose.ENROL)
    except PictureRefused:
        return False
    return True


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


def scores(people: Sequence[Read], cohort: Cohort, *, references: int) -> tuple[Array, Array, int]:
    """Genuine and impostor scores of every template against every picture that is not in it, and how many
    genuine comparisons the refused pictures would have added."""
    pictures = np.concatenate([person.embeddings for person in people])  # (N, 128)
    owner = np.repeat(np.arange(len(people)), [len(person.embeddings) for person in people])
    genuine, impostor, lost = [], [], 0
    for index, person in enumerate(people):
        count = person.fit_to_enrol // references
        dealt = person.embeddings[: count * references].reshape(count, references, -1)
        templates = dealt.mean(axis=1)
        templates /= np.linalg.norm(templates, axis=1, keepdims=True)
        found = cohort.scores(templates, pictures)  # (templates, N)
        mine = owner == index
        inside = np.repeat(np.arange(count), references)  # template of the first pictures
        own = found[:, mine]
        outside = np.ones_like(own, bool)
        outside[inside, np.arange(len(inside))] = False
        genuine.append(own[outside])
        impostor.append(found[:, ~mine].ravel())
        lost += count * sum(person.refused.values())
    return np.concatenate(genuine), np.concatenate(impostor), lost


def as_threshold(found: Calibration, run: CalibrationRun, source: str) -> Threshold:
    """What the manifest keeps of a measurement on people of one's own. The higher of the two thresholds: a shopper
    may have enrolled any number."""
    single_rules = found.single.threshold > found.several.threshold
    rules = found.single if single_rules else found.several
    pictures = 1 if single_rules else run.references
    return Threshold(
        score=round(rules.threshold, 4),
        slope=round(found.slope, 2),
        fmr=run.fmr,
        fnmr=round(rules.fnmr, 4),
        people=found.people,
        genuine=rules.n_genuine,
        impostor=rules.n_impostor,
        protocol=(
            f"{source}; up to {run.pictures_per_person} pictures a person, seed {run.seed}, "
            f"templates of {pictures} picture(s) fit to enrol against every other picture fit to verify"
        ),
        status="calibrated",
    )


def calibration_keys(version: str, found: Calibration, run: CalibrationRun) -> dict[str, Any]:
    """The keys of every protocol, and the calibration's own beside them."""
    point = found.several
    at = {"fnmr": point.fnmr, "low": None, "high": None, "threshold": point.threshold}
    content = asdict(found)
    curve = found.held_out.reliability if found.held_out else []
    if found.held_out:
        del content["held_out"]["reliability"]
    return {
        **EMPTY,
        "protocol": "calibration",
        "version": version,
        "n_people": found.people,
        "n_genuine": point.n_genuine,
        "n_impostor": point.n_impostor,
        "fnmr_at_fmr": {rate_key(run.fmr): at},
        "undetected": sum(found.refused.values()),
        "reliability": {"people held out": curve} if curve else {},
        **content,
    }


def write_thresholds(manifest: Path, thresholds: Sequence[Threshold]) -> None:
    """Each takes the place of the entry with its false match rate; the others stay."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    entries = {entry["fmr"]: entry for entry in content.get("thresholds", [])}
    entries |= {threshold.fmr: asdict(threshold) for threshold in thresholds}
    content["thresholds"] = [entries[fmr] for fmr in sorted(entries, reverse=True)]
    write_text(manifest, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
