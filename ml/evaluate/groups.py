"""How often strangers of one group pass for each other at the one threshold that ships.

Pictures carry labels (age, group), no names: any two are taken for strangers, so a person who is in the set twice
counts against us; near-duplicates can be left out. FMR of a group: all pairs of its pictures. Adults are 18 to 59
years old, the ages that decide; children (3 to 14) and people from 60 on are reported. `multiple` is FMR over the
nominal one.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.files import read_text
from ml.evaluate.all_pairs import templates_of
from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Matrix, Model
from ml.evaluate.people import pictures_under
from ml.evaluate.result import Result

UTKFACE_GROUPS = ("White", "Black", "Asian", "Indian", "Other")
AGES = {"adults": (18, 59), "children": (3, 14), "from 60": (60, 200)}
BLOCK = 1_024


@dataclass(frozen=True)
class Labelled:
    pictures: tuple[Path, ...]
    ages: NDArray[np.intp]
    groups: NDArray[np.str_]
    without_label: int


def read_labels(images: Path, labels: str, leave_out: Sequence[Path] = ()) -> Labelled:
    """labels: "utkface" (age_gender_group_… in the file's name) or a CSV with the columns picture, age, group.
    leave_out: text files of pictures that must not take part (the cohort; people who are there twice), one name a
    line. Raises EvaluationError; DataUnusable for a list that cannot be read."""
    if not images.is_dir():
        raise EvaluationError(f"{images} is not a folder")
    rows, without = _from_names(images) if labels == "utkface" else (_from_csv(images, Path(labels)), 0)
    left_out = {name for file in leave_out for name in read_text(file).split("\n")}
    rows = [
        row for row in rows if row[0].name not in left_out and str(row[0].relative_to(images)) not in left_out
    ]
    if len(rows) < 2:
        raise EvaluationError(f"{images}: fewer than two labelled pictures")
    return Labelled(
        pictures=tuple(row[0] for row in rows),
        ages=np.array([row[1] for row in rows]),
        groups=np.array([row[2] for row in rows]),
        without_label=without,
    )


def _from_names(images: Path) -> tuple[list[tuple[Path, int, str]], int]:
    files = pictures_under(images)
    rows = []
    for file in files:
        parts = file.name.split("_")
        if len(parts) >= 4 and parts[0].isdigit() and parts[2] in ("0", "1", "2", "3", "4"):
            rows.append((file, int(parts[0]), UTKFACE_GROUPS[int(parts[2])]))
    return rows, len(files) - len(rows)


def _from_csv(images: Path, labels: Path) -> list[tuple[Path, int, str]]:
    rows = []
    try:
        with labels.open(newline="", encoding="utf-8") as opened:
            reader = csv.DictReader(opened)
            if not {"picture", "age", "group"} <= set(reader.fieldnames or ()):
                raise EvaluationError(f"{labels}, line 1: needs the columns picture, age, group")
            for number, row in enumerate(reader, start=2):
                picture = images / row["picture"]
                if not picture.is_file():
                    raise EvaluationError(f"{labels}, line {number}: {picture} does not exist")
                if not (row["age"] or "").isdigit():
                    raise EvaluationError(
                        f"{labels}, line {number}: age {row['age']!r} is not a number of years"
                    )
                rows.append((picture, int(row["age"]), row["group"]))
    except OSError as error:
        raise EvaluationError(f"{labels} cannot be read: {error.strerror}") from error
    return rows


def by_group(
    model: Model,
    labelled: Labelled,
    embedded: Embedded,
    *,
    threshold: float,
    nominal: float,
    n_min: int = 500,
    doubles: NDArray[np.bool_] | None = None,
) -> Result:
    """threshold: what ships, where FMR should be `nominal`. n_min: pictures from which an adult group counts.
    doubles: (pictures,) to be left out."""
    usable = embedded.found if doubles is None else embedded.found & ~doubles
    records = [
        _group(model, embedded.vectors[inside], group, years, threshold, nominal)
        for group, years, inside in members(labelled, usable)
    ]
    counted = [r for r in records if r["years"] == "adults" and r["n"] >= n_min]
    return Result(
        protocol="groups",
        model=model.name,
        version=model.version,
        n_people=int(usable.sum()),
        n_genuine=0,
        n_impostor=sum(r["comparisons"] for r in records),
        undetected=embedded.undetected,
        n_pictures=len(labelled.pictures),
        milliseconds=embedded.milliseconds,
        extra={
            "threshold": threshold,
            "nominal_fmr": nominal,
            "n_min": n_min,
            "worst_adult_multiple": max((r["multiple"] for r in counted), default=None),
            "worst_adult_group": max(counted, key=lambda r: r["multiple"])["group"] if counted else None,
            "safe_threshold": max(
                (r["threshold_at_nominal"] for r in counted if r["threshold_at_nominal"] is not None),
                default=None,
            ),
            "without_label": labelled.without_label,
            "near_duplicates_left_out": 0 if doubles is None else int(doubles.sum()),
            "groups": records,
        },
    )


def members(labelled: Labelled, usable: NDArray[np.bool_]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """(group, years, who of the pictures is in it) of every group with at least two usable pictures."""
    for years, (youngest, oldest) in AGES.items():
        for group in sorted(set(labelled.groups.tolist())):
            aged = (labelled.ages >= youngest) & (labelled.ages <= oldest)
            inside = usable & aged & (labelled.groups == group)
            if inside.sum() >= 2:
                yield group, years, inside


def _group(
    model: Model, vectors: Matrix, group: str, years: str, threshold: float, nominal: float
) -> dict[str, Any]:
    scores = strangers(model, vectors)
    above = int((scores > threshold).sum())
    allowed = int(nominal * len(scores))
    at = len(scores) - allowed - 1
    return {
        "group": group,
        "years": years,
        "n": len(vectors),
        "comparisons": len(scores),
        "above": above,
        "fmr": above / len(scores),
        "multiple": above / len(scores) / nominal,
        "threshold_at_nominal": float(np.partition(scores, at)[at]) if allowed >= 1 else None,
    }


def strangers(model: Model, vectors: Matrix) -> NDArray[np.float32]:
    """Every unordered pair once."""
    templates = templates_of(model, vectors)
    parts: list[NDArray[np.float32]] = []
    for top in range(0, len(vectors), BLOCK):
        block = model.scores(vectors[top : top + BLOCK], templates[top:])
        parts.append(block[np.triu(np.ones(block.shape, bool), 1)])
    return np.concatenate(parts)
