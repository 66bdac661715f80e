"""face_recognition and ours on the same pictures in the same run: errors by protocol, and time picture by picture."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.evaluate.all_pairs import all_pairs
from ml.evaluate.choice import ModelSpec
from ml.evaluate.embeddings import Embedded, embed_pictures
from ml.evaluate.models import Model
from ml.evaluate.people import People
from ml.evaluate.result import Result
from ml.evaluate.speed import as_camera_frame
from ml.evaluate.verification import Pairs, verify


def both_on_people(
    specs: Sequence[tuple[ModelSpec, Model]], people: People, workers: int, cache: Path | None
) -> list[Result]:
    """all-pairs with one picture, and with five where anybody has more than five."""
    enough = bool((people.counts() > 5).any())
    found = []
    for spec, model in specs:
        embedded = _embed(spec, model, people.pictures, workers, cache)
        found += [all_pairs(model, people, embedded, enrol=enrol) for enrol in ((1, 5) if enough else (1,))]
    return found


def both_on_pairs(
    specs: Sequence[tuple[ModelSpec, Model]], pairs: Pairs, workers: int, cache: Path | None
) -> list[Result]:
    return [
        verify(model, pairs, _embed(spec, model, pairs.pictures, workers, cache)) for spec, model in specs
    ]


def _embed(
    spec: ModelSpec, model: Model, pictures: tuple[Path, ...], workers: int, cache: Path | None
) -> Embedded:
    return embed_pictures(spec, model.version, pictures, workers=workers, cache=cache, label=model.name)


def side_by_side_ms(ours: Model, peer: Model, images: Sequence[Path], runs: int) -> dict[str, float]:
    """Picture to embedding on 640 x 480, one after the other on the same picture, first one then the other in turn;
    medians, and the median of the ratios of each couple."""
    pictures = [as_camera_frame(path) for path in images]
    models = (ours, peer)
    times: dict[str, list[float]] = {model.name: [] for model in models}
    for model in models:
        model.embed(pictures[0])  # the first call loads
    for run in range(runs):
        for number, picture in enumerate(pictures):
            for model in models if (run + number) % 2 else models[::-1]:
                began = time.perf_counter()
                model.embed(picture)
                times[model.name].append((time.perf_counter() - began) * 1e3)
    mine, theirs = (np.array(times[model.name]) for model in models)
    return {
        "couples": len(mine),
        "ours_p50_ms": float(np.median(mine)),
        "ours_p95_ms": float(np.percentile(mine, 95)),
        "peer_p50_ms": float(np.median(theirs)),
        "peer_p95_ms": float(np.percentile(theirs, 95)),
        "times_faster": float(np.median(theirs / mine)),
    }


def fewer_errors(results: Sequence[Result]) -> dict[str, bool]:
    """Protocol → do we err less, at every rate both could be measured at?"""
    by_protocol: dict[str, dict[str, Result]] = {}
    for result in results:
        name = f"{result.protocol} {result.extra.get('enrol', '')}".strip()
        by_protocol.setdefault(name, {})[result.model] = result
    return {
        name: _less(both["default"], both["peer"]) for name, both in by_protocol.items() if len(both) == 2
    }


def _less(ours: Result, peer: Result) -> bool:
    if ours.accuracy is not None and peer.accuracy is not None:
        return ours.accuracy > peer.accuracy
    rates = set(ours.fnmr_at_fmr) & set(peer.fnmr_at_fmr)
    return bool(rates) and all(ours.fnmr_at_fmr[rate].fnmr < peer.fnmr_at_fmr[rate].fnmr for rate in rates)


def summary(results: Sequence[Result], speed: Mapping[str, float]) -> dict[str, Any]:
    verdicts = fewer_errors(results)
    first = results[0] if results else None
    return {
        "protocol": "peer",
        "model": "default",
        "n_people": first.n_people if first else 0,
        "n_genuine": first.n_genuine if first else 0,
        "n_impostor": first.n_impostor if first else 0,
        "accuracy": None,
        "accuracy_std": None,
        "fnmr_at_fmr": {},
        "undetected": first.undetected if first else 0,
        "milliseconds": round(speed["ours_p50_ms"], 2),
        "fewer_errors": verdicts,
        "fewer_errors_everywhere": bool(verdicts) and all(verdicts.values()),
        "speed": {name: round(value, 2) for name, value in speed.items()},
    }
