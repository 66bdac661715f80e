"""What each command does with its options: read, embed, measure; returns results as JSON objects."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.evaluate.all_pairs import all_pairs
from ml.evaluate.calibration import CalibrationRun, as_threshold, calibrate, write_threshold
from ml.evaluate.choice import ModelSpec
from ml.evaluate.embeddings import Embedded, embed_pictures
from ml.evaluate.models import Model
from ml.evaluate.people import read_people
from ml.evaluate.speed import measure_speed
from ml.evaluate.verification import read_pairs, verify
from ml.face.manifest import MODELS
from ml.face.pipeline import FaceEngine

PORTRAITS = Path(__file__).parents[2] / "backend" / "operations" / "portraits"
Options = argparse.Namespace
Figures = dict[str, Any]


def the_model(options: Options) -> tuple[ModelSpec, Model]:
    spec = ModelSpec(options.model, options.models)
    return spec, spec.load()


def embed(spec: ModelSpec, model: Model, pictures: tuple[Path, ...], options: Options) -> Embedded:
    return embed_pictures(spec, model.version, pictures, workers=options.workers, cache=options.cache)


def verification(options: Options) -> list[Figures]:
    """One result; with --view1 a second one, by DeepFace's recipe."""
    spec, model = the_model(options)
    lists = [options.pairs, *([options.view1] if options.view1 else [])]
    found = []
    for pairs in [
        read_pairs(options.images, file) for file in lists
    ]:  # all lists are read before the long work
        found.append(verify(model, pairs, embed(spec, model, pairs.pictures, options)).as_json())
    return found


def all_pairs_of_people(options: Options) -> list[Figures]:
    spec, model = the_model(options)
    people = read_people(options.images, people=options.people)
    embedded = embed(spec, model, people.pictures, options)
    return [all_pairs(model, people, embedded, enrol=options.enrol).as_json()]


def calibration(options: Options) -> list[Figures]:
    run = CalibrationRun(
        images=options.images,
        fmr=options.fmr,
        pictures_per_person=options.pictures,
        seed=options.seed,
        leave_out=options.leave_out,
    )
    engine = FaceEngine.load()
    found = calibrate(engine, run)
    threshold = as_threshold(found, run, options.source or run.images.name)
    if options.write:
        write_threshold(MODELS / "manifest.json", threshold)
    return [{"model": engine.model_version, **asdict(found), "threshold": asdict(threshold)}]


def speed(options: Options) -> list[Figures]:
    images = options.images or sorted(p for p in PORTRAITS.iterdir() if p.suffix in (".jpg", ".png"))
    return [asdict(measure_speed(images, options.runs))]
