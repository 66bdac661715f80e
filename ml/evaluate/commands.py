"""What each command does with its options: read, embed, measure; returns results as JSON objects."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.evaluate.all_pairs import all_pairs
from ml.evaluate.calibration import (
    CalibrationRun,
    as_threshold,
    calibrate,
    calibration_keys,
    people_of,
    write_thresholds,
)
from ml.evaluate.choice import ModelSpec
from ml.evaluate.doubles import doubles_among, doubles_within
from ml.evaluate.embeddings import Embedded, embed_pictures
from ml.evaluate.endurance import endure
from ml.evaluate.errors import EvaluationError
from ml.evaluate.figures import write_figures
from ml.evaluate.groups import by_group, read_labels
from ml.evaluate.identification import identify, identify_split
from ml.evaluate.masked import ENROL, WithMask, against_plain, choose, drawing_version
from ml.evaluate.models import Model
from ml.evaluate.our_models import Default
from ml.evaluate.peer import both_on_pairs, both_on_people, side_by_side_ms, summary
from ml.evaluate.people import read_people
from ml.evaluate.result import EMPTY, rate_key
from ml.evaluate.speed import BIG, SIZE, as_camera_frame, measure_speed
from ml.evaluate.thresholds import limits_of_groups, table
from ml.evaluate.verification import read_pairs, verify
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
    """One result; with --doubles a second one without near-duplicates."""
    spec, model = the_model(options)
    people = read_people(options.images, people=options.people)
    embedded = embed(spec, model, people.pictures, options)
    found = [all_pairs(model, people, embedded, enrol=options.enrol).as_json()]
    if options.doubles:
        without = all_pairs(model, people, embedded, enrol=options.enrol, doubles=doubles_within(people))
        found.append({**without.as_json(), "label": "without near-duplicates"})
    return found


def masked(options: Options) -> list[Figures]:
    """Embeds the plain pictures and, drawn on and detected again, the masked ones."""
    spec, model = the_model(options)
    subset = choose(read_people(options.images), options.strangers)
    if not subset.enrolled:
        raise EvaluationError(f"{options.images}: nobody has more than {ENROL} pictures")
    plain = embed(spec, model, subset.people.pictures, options)
    drawn = embed_pictures(
        spec,
        model.version,
        subset.masked,
        workers=options.workers,
        cache=options.cache,
        load=WithMask(options.recipe),
        kind=drawing_version(options.recipe) if options.cache else "",
        label="masked",
    )
    return [against_plain(model, subset, plain, drawn, options.recipe).as_json()]


def identification(options: Options) -> list[Figures]:
    if bool(options.images) == bool(options.gallery) or bool(options.gallery) != bool(options.probes):
        raise EvaluationError("name either --images, one folder to split, or both --gallery and --probes")
    spec, model = the_model(options)
    if options.images:
        people = read_people(options.images)
        embedded = embed(spec, model, people.pictures, options)
        return [identify_split(model, people, embedded, enrol=options.enrol, size=options.size).as_json()]
    gallery, probes = read_people(options.gallery), read_people(options.probes)
    both = (embed(spec, model, folder.pictures, options) for folder in (gallery, probes))
    return [identify(model, gallery, probes, *both).as_json()]


def groups(options: Options) -> list[Figures]:
    spec, model = the_model(options)
    threshold = model.threshold if options.threshold is None else options.threshold
    if threshold is None:
        raise EvaluationError(f"no threshold ships with {model.name}: name one with --threshold")
    labelled = read_labels(options.images, options.labels, options.leave_out)
    embedded = embed(spec, model, labelled.pictures, options)
    found = by_group(
        model,
        labelled,
        embedded,
        threshold=threshold,
        nominal=options.fmr,
        n_min=options.n_min,
        doubles=doubles_among(labelled.pictures) if options.doubles else None,
    )
    return [found.as_json()]


def calibration(options: Options) -> list[Figures]:
    run = CalibrationRun(
        images=options.images,
        fmr=options.fmr,
        pictures_per_person=options.pictures,
        seed=options.seed,
        leave_out=options.leave_out,
    )
    engine = FaceEngine.load(options.models)
    found = calibrate(engine, run)
    threshold = as_threshold(found, run, options.source or run.images.name)
    if options.write:
        write_thresholds(options.models / "manifest.json", [threshold])
    return [{**calibration_keys(engine.model_version, found, run), "threshold": asdict(threshold)}]


def thresholds(options: Options) -> list[Figures]:
    spec, model = ModelSpec("default", options.models), Default(options.models)
    run = CalibrationRun(images=options.people, leave_out=options.people_leave_out)
    labelled = read_labels(options.images, options.labels, options.leave_out)
    embedded = embed(spec, model, labelled.pictures, options)
    limits = limits_of_groups(
        model,
        labelled,
        embedded,
        doubles=doubles_among(labelled.pictures) if options.doubles else None,
    )
    people = people_of(model.engine, run)
    found = table(limits, people, model.engine.cohort, run, labelled_name=options.images.name)
    if options.write:
        write_thresholds(options.models / "manifest.json", found)
    return [
        {
            **EMPTY,
            "protocol": "thresholds",
            "version": model.version,
            "n_people": len(people),
            "n_genuine": found[0].genuine,
            "n_impostor": limits.n_impostor,
            "fnmr_at_fmr": {
                rate_key(t.fmr): {"fnmr": t.fnmr, "low": None, "high": None, "threshold": t.score}
                for t in found
            },
            "undetected": embedded.undetected,
            "milliseconds": embedded.milliseconds,
            "thresholds": [asdict(threshold) for threshold in found],
        }
    ]


def speed(options: Options) -> list[Figures]:
    found = measure_speed(
        options.images or portraits(),
        options.runs,
        size=BIG if options.big else SIZE,
        threads=options.threads,
    )
    return [{**EMPTY, "protocol": "speed", "milliseconds": found.p50_ms, **asdict(found)}]


def endurance(options: Options) -> list[Figures]:
    """Everything first, then an object for each goal."""
    pictures = [as_camera_frame(path) for path in options.images or portraits()]
    found = endure(pictures, options.verifies)
    n = f"{found.verifies} verifies"
    return [
        {**EMPTY, "protocol": "endurance", **asdict(found)},
        {"figure": "F14", "rss_mb": found.rss_mb, "growth_mb": found.growth_mb, "n": n},
        {"figure": "F15", "weights_mb": found.weights_mb, "load_s": found.load_s, "n": "one start"},
        {"figure": "F16", "reached": found.threads_agree, "n": f"{len(pictures)} pictures"},
        {"figure": "F19", "reached": found.parity, "n": "one batch"},
        {"figure": "F20", "ms_10k": found.search_ms[0], "ms_200k": found.search_ms[1], "n": "30 searches"},
    ]


def figures(options: Options) -> list[Figures]:
    return [write_figures(options.source, options.out)]


def portraits() -> list[Path]:
    return sorted(p for p in PORTRAITS.iterdir() if p.suffix in (".jpg", ".png"))


def peer(options: Options) -> list[Figures]:
    """The comparison first, then every result of both."""
    specs = [(spec, spec.load()) for spec in (ModelSpec("peer"), ModelSpec("default", options.models))]
    (_, theirs), (_, ours) = specs
    people = read_people(options.images, people=options.people)
    pairs = read_pairs(options.images, options.pairs) if options.pairs else None
    timed = side_by_side_ms(ours, theirs, portraits(), options.runs)
    found = both_on_people(specs, people, options.workers, options.cache)
    if pairs:
        found += both_on_pairs(specs, pairs, options.workers, options.cache)
    enrolled = [f"{r.extra['enrol']} enrolled" if "enrol" in r.extra else "" for r in found]
    results = [{**result.as_json(), "label": label} for result, label in zip(found, enrolled, strict=True)]
    return [summary(found, timed), *results]
