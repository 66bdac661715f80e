"""The strangers that every face is compared with (ml.face.normalise), made from pictures without names.

A row is no template of anybody: it is the mean direction of a drawn picture and of those most like it, so that the
published file holds nobody's face. Averaging costs little while it stays among near neighbours: the crowd keeps its
shape, dense where many faces are alike. (Cluster means lose that shape, and with it the equal false match rate
between groups of people.)

Only half of the pictures, dealt by the hash of their names, may enter: strangers of the other half measure what the
score is worth (`python -m ml.evaluate thresholds`, `groups`). Pictures that look like a person of a test set are left
out, as are near-duplicates.
"""

import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.files import DataUnusable, write_array, write_text
from ml.evaluate.choice import ModelSpec
from ml.evaluate.doubles import doubles_among
from ml.evaluate.embeddings import Embedded, embed_pictures
from ml.evaluate.people import People, pictures_under, read_people
from ml.evaluate.probability import half_of
from ml.face.manifest import MODELS
from ml.face.normalise import Cohort, pack

HELP = "the strangers of the score, from pictures without names"
FILE = "cohort.npy"
# Of a picture and a test person, in deviations above strangers. On LFW, of 100,000 pairs of strangers one reaches 5.6.
ALIKE = 5.6
PICTURES_OF_TEST_PERSON = 5
BLOCK = 1_024

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CohortRun:
    rows: int = 4_000
    averaged: int = 2  # pictures in a row: the drawn one and those most like it
    nearest: int = 400  # rows that count for a face
    seed: int = 1


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="pictures of strangers")
    parser.add_argument(
        "--licence", required=True, metavar="TEXT", help="terms of the pictures, for the manifest"
    )
    parser.add_argument("--unlike", type=Path, metavar="DIR", help="test people, one folder each")
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="write the names of all that took part here"
    )
    parser.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="where the file goes")
    parser.add_argument("--rows", type=int, default=CohortRun.rows)
    parser.add_argument("--averaged", type=int, default=CohortRun.averaged)
    parser.add_argument("--nearest", type=int, default=CohortRun.nearest)
    parser.add_argument("--seed", type=int, default=CohortRun.seed)
    parser.add_argument("--workers", type=int, default=1, help="processes that read pictures")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep embeddings (templates of people!) here"
    )


def command(options: argparse.Namespace) -> None:
    run = CohortRun(options.rows, options.averaged, options.nearest, options.seed)
    pictures = tuple(file for file in pictures_under(options.images) if half_of(file.name) == 0)
    embed = _embedder(options)
    found = embed(pictures, "strangers")
    faces = found.vectors[found.found & ~doubles_among(pictures)]
    alike = np.zeros(len(faces), bool)
    if options.unlike:
        tests = _test_people(read_people(options.unlike), embed)
        alike = looks_like(faces, tests, provisional(faces, run))
    usable = faces[~alike]
    rows = strangers(usable, run)
    source = {
        "sets": [options.images.name],
        "pictures": len(usable),
        "left_out_as_alike": int(alike.sum()),
        "averaged": run.averaged,
        "seed": run.seed,
    }
    write(options.models, pack(rows), run, source, options.licence)
    if options.names:
        write_text(options.names, "\n".join(picture.name for picture in pictures) + "\n")
    print(json.dumps({"file": FILE, "rows": len(rows), "nearest": run.nearest, **source}))


def _embedder(options: argparse.Namespace) -> Callable[[tuple[Path, ...], str], Embedded]:
    spec = ModelSpec("default", options.models)
    version = spec.load().version
    return lambda pictures, label: embed_pictures(
        spec, version, pictures, workers=options.workers, cache=options.cache, label=label
    )


def _test_people(people: People, embed: Callable[[tuple[Path, ...], str], Embedded]) -> Floats:
    """(P, d): the direction of each person's first pictures."""
    found = embed(people.pictures, "test people")
    means = []
    for person in range(len(people.names)):
        own = [at for at in people.of(person) if found.found[at]][:PICTURES_OF_TEST_PERSON]
        if own:
            means.append(found.vectors[own].mean(axis=0))
    return _directions(np.array(means))


def strangers(faces: Floats, run: CohortRun) -> Floats:
    """faces: (N, d) of length 1 → (rows, d). Raises DataUnusable where there are fewer faces than rows."""
    if len(faces) < run.rows:
        raise DataUnusable(f"{run.rows} rows need as many pictures, there are {len(faces)}.")
    drawn = np.random.default_rng(run.seed).permutation(len(faces))[: run.rows]
    rows = []
    for top in range(0, run.rows, BLOCK):
        cosines = faces[drawn[top : top + BLOCK]] @ faces.T
        most_alike = np.argpartition(-cosines, run.averaged - 1, axis=1)[
            :, : run.averaged
        ]  # itself among them
        rows.append(faces[most_alike].mean(axis=1))
    return _directions(np.concatenate(rows))


def provisional(faces: Floats, run: CohortRun) -> Cohort:
    return Cohort(strangers(faces, run), run.nearest)


def looks_like(faces: Floats, people: Floats, cohort: Cohort) -> NDArray[np.bool_]:
    """(N,): which faces score above ALIKE with any of the people (P, d)."""
    return np.concatenate(
        [
            (cohort.scores(faces[top : top + BLOCK], people) > ALIKE).any(axis=1)
            for top in range(0, len(faces), BLOCK)
        ]
    )


def write(
    models: Path, packed: NDArray[np.int8], run: CohortRun, source: dict[str, Any], licence: str
) -> None:
    """The file, then the manifest that names it."""
    write_array(models / FILE, packed)
    content = (models / FILE).read_bytes()
    manifest = models / "manifest.json"
    known = json.loads(manifest.read_text(encoding="utf-8"))
    known["models"]["cohort"] = {
        "file": FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "nearest": run.nearest,
        "licence": licence,
        "source": source,
    }
    write_text(manifest, json.dumps(known, indent=2, ensure_ascii=False) + "\n")


def _directions(vectors: NDArray[np.floating]) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
