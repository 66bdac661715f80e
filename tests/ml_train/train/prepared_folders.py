"""Prepared folders of noise, each picture with an average face's landmarks."""

import csv
import json
from pathlib import Path

import numpy as np

from ml.data.prepared import COLUMNS
from ml.data.splits import split_of, split_sha256

MESH = np.load(Path(__file__).parents[2] / "ml" / "data" / "average_face.npy") / 1000


def prepared(folder: Path, persons: list[str], set_name: str, *, without_mesh: int = 0) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(1)
    np.save(folder / "crops-000.npy", rng.integers(0, 256, (len(persons), 192, 192, 3), dtype=np.uint8))
    points = np.tile((MESH * 100 + (46, 40)).astype(np.float32), (len(persons), 1, 1))
    points[len(persons) - without_mesh :] = np.nan
    np.save(folder / "points.npy", points)
    splits = {person: str(split_of(person)) for person in persons if person}
    with (folder / "index.csv").open("w", newline="") as file:
        lines = csv.DictWriter(file, COLUMNS, restval="")
        lines.writeheader()
        for row, person in enumerate(persons):
            own = {"person": person, "split": splits.get(person, "train"), "row": row, "pack": 0}
            lines.writerow({"picture": f"{row}.jpg", "set": set_name, **own})
    report = {"split_sha256": split_sha256(splits), "sets": [set_name]}
    (folder / "report.json").write_text(json.dumps(report))
    return folder
