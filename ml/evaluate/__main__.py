"""Figures of the face pipeline that serves, measured here and now.

python -m ml.evaluate speed --json
python -m ml.evaluate calibration --images DIR --json
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ml.evaluate.calibration import CalibrationRun, as_threshold, calibrate, write_threshold
from ml.evaluate.speed import measure_speed
from ml.face.manifest import MODELS
from ml.face.pipeline import FaceEngine

PORTRAITS = Path(__file__).parents[2] / "backend" / "operations" / "portraits"


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    figures = {"speed": speed, "calibration": calibration}[options.command](options)
    if options.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")


def speed(options: argparse.Namespace) -> dict[str, object]:
    images = options.images or sorted(p for p in PORTRAITS.iterdir() if p.suffix in (".jpg", ".png"))
    return asdict(measure_speed(images, options.runs))


def calibration(options: argparse.Namespace) -> dict[str, object]:
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
    return {"model": engine.model_version, **asdict(found), "threshold": asdict(threshold)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml.evaluate", description="Figures of the face pipeline."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("speed", help="time of a check on 640x480 pictures, one thread")
    one.add_argument("--images", type=Path, nargs="+", help="default: the portraits that ship with the demo")
    one.add_argument("--runs", type=int, default=30, help="per picture")
    two = commands.add_parser("calibration", help="threshold at a false match rate, on a folder of people")
    two.add_argument("--images", type=Path, required=True, help="one folder a person, pictures inside")
    two.add_argument("--fmr", type=float, default=1e-4)
    two.add_argument("--pictures", type=int, default=40, help="at most, per person")
    two.add_argument("--seed", type=int, default=7)
    two.add_argument("--leave-out", type=Path, help="file of names, one a line, that must not take part")
    two.add_argument("--source", help="name of the set, for the manifest's protocol line")
    two.add_argument("--write", action="store_true", help="put the threshold into the manifest")
    for command in (one, two):
        command.add_argument("--json", action="store_true", help="one JSON object on one line")
    return parser


if __name__ == "__main__":
    main()
