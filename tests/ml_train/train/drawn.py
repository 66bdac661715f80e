"""Drawn people: each is a pattern of coloured blocks, each picture of it a little different."""

import json
from pathlib import Path

import numpy as np

from ml.train.pictures import Pictures


def drawn(n_people: int = 12, each: int = 8, size_px: int = 32, seed: int = 1) -> Pictures:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 216, (n_people, 4, 4, 3))
    faces = np.repeat(np.kron(blocks, np.ones((1, size_px // 4, size_px // 4, 1))), each, axis=0)
    noisy = faces + rng.normal(0, 12, faces.shape) + rng.integers(-25, 26, (len(faces), 1, 1, 1))
    plain = noisy.clip(0, 255).astype(np.uint8)
    masked = plain.copy()
    masked[:, size_px // 2 :, size_px // 4 : -size_px // 4] = 200
    people = np.repeat(np.arange(n_people), each)
    sets = np.where(people < n_people // 2, "lfw", "pins")
    return Pictures(plain, masked, people, tuple(f"person{i}" for i in range(n_people)), sets)


def kept(pictures: Pictures, folder: Path) -> Path:
    folder.mkdir()
    np.save(folder / "plain.npy", pictures.plain)
    np.save(folder / "masked.npy", pictures.masked)
    table = {"names": pictures.names, "people": pictures.people.tolist(), "sets": pictures.sets.tolist()}
    (folder / "table.json").write_text(json.dumps(table))
    return folder
