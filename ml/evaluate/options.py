"""The command line: one sub-command a protocol, the same options for the same things."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ml.data.masks import RECIPES
from ml.evaluate.models import NAMES
from ml.face.manifest import MODELS


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m ml.evaluate", description="Figures of the face models.")
    commands = top.add_subparsers(dest="command", required=True)
    _verification(_command(commands, "verification", "given pairs, threshold from the other folds"))
    _all_pairs(_command(commands, "all-pairs", "everybody against everybody"))
    _masked(_command(commands, "masked", "a masked face against five plain pictures"))
    _identification(_command(commands, "identification", "who of N enrolled people is this, or nobody"))
    _groups(_command(commands, "groups", "false match rate by group of people at the shipped threshold"))
    _peer(_command(commands, "peer", "face_recognition beside ours, same pictures, same run"))
    _calibration(_command(commands, "calibration", "threshold and probabilities on a folder of people"))
    _thresholds(
        _command(commands, "thresholds", "the table of thresholds that ships, safe for every adult group")
    )
    _endurance(_command(commands, "endurance", "memory of a worker, its growth, start, threads, search"))
    _speed(_command(commands, "speed", "time of a check, stage by stage"))
    collected = commands.add_parser(
        "figures", help="JSON files of the other commands into one table of goals"
    )
    collected.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="DIR", help="the JSON files"
    )
    collected.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for figures.json and figures.md"
    )
    collected.set_defaults(json="", page=None)
    return top


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(commands: Commands, name: str, purpose: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=purpose, description=purpose)
    command.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="one JSON object: into FILE, or on stdout (bare or -)",
    )
    command.add_argument("--page", type=Path, metavar="FILE", help="one HTML file with tables and plots")
    return command


def _model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", choices=NAMES, default="default")
    command.add_argument(
        "--models", type=Path, metavar="DIR", help="folder of weights with its manifest.json"
    )
    command.add_argument("--workers", type=int, default=1, help="processes that read pictures")
    command.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep embeddings (templates of people!) here"
    )


def _images(command: argparse.ArgumentParser) -> None:
    command.add_argument("--images", type=Path, required=True, metavar="DIR", help="one folder a person")


def _verification(command: argparse.ArgumentParser) -> None:
    _model(command)
    _images(command)
    command.add_argument("--pairs", type=Path, required=True, help="LFW's pairs.txt, or any list of its form")
    command.add_argument(
        "--view1", type=Path, metavar="FILE", help="pairsDevTest.txt: DeepFace's recipe beside it"
    )


def _all_pairs(command: argparse.ArgumentParser) -> None:
    _model(command)
    _images(command)
    command.add_argument(
        "--enrol", type=int, choices=(1, 5), default=1, help="pictures a template is made of"
    )
    command.add_argument("--people", type=int, metavar="N", help="draw so many people instead of all")
    command.add_argument("--doubles", action="store_true", help="a second figure without near-duplicates")


def _masked(command: argparse.ArgumentParser) -> None:
    _model(command)
    _images(command)
    command.add_argument("--recipe", choices=RECIPES, default="other", help="how the mask is drawn")
    command.add_argument(
        "--strangers", type=int, default=1_000, metavar="N", help="people besides the enrolled"
    )


def _identification(command: argparse.ArgumentParser) -> None:
    _model(command)
    command.add_argument("--gallery", type=Path, metavar="DIR", help="people to enrol, all their pictures")
    command.add_argument(
        "--probes", type=Path, metavar="DIR", help="people to search for; others are strangers"
    )
    command.add_argument(
        "--images", type=Path, metavar="DIR", help="instead: one folder, half of it strangers"
    )
    command.add_argument("--enrol", type=int, default=5, help="with --images: pictures a template is made of")
    command.add_argument("--size", type=int, metavar="N", help="with --images: people enrolled at most")


def _labelled(command: argparse.ArgumentParser) -> None:
    command.add_argument("--images", type=Path, required=True, metavar="DIR", help="pictures, any folders")
    command.add_argument(
        "--labels", required=True, help="CSV with picture, age, group; or utkface: in the names"
    )
    command.add_argument(
        "--leave-out",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="names of pictures, one a line: the cohort's, and people who are there twice",
    )
    command.add_argument("--doubles", action="store_true", help="leave near-duplicates out")


def _groups(command: argparse.ArgumentParser) -> None:
    _model(command)
    _labelled(command)
    command.add_argument("--threshold", type=float, help="default: what ships with the model")
    command.add_argument("--fmr", type=float, default=1e-4, help="the nominal rate of that threshold")
    command.add_argument("--n-min", type=int, default=500, help="pictures from which an adult group counts")


def _peer(command: argparse.ArgumentParser) -> None:
    command.add_argument("--models", type=Path, metavar="DIR", help="of ours")
    command.add_argument("--workers", type=int, default=1)
    command.add_argument("--cache", type=Path, metavar="DIR")
    _images(command)
    command.add_argument("--pairs", type=Path, help="also verification on these pairs")
    command.add_argument("--people", type=int, default=1_000, metavar="N", help="draw so many for all-pairs")
    command.add_argument("--runs", type=int, default=20, help="couples a picture for the time")


def _calibration(command: argparse.ArgumentParser) -> None:
    _models(command)
    _images(command)
    command.add_argument("--fmr", type=float, default=1e-4)
    command.add_argument("--pictures", type=int, default=40, help="at most, per person")
    command.add_argument("--seed", type=int, default=7)
    command.add_argument("--leave-out", type=Path, help="file of names, one a line, that must not take part")
    command.add_argument("--source", help="name of the set, for the manifest's protocol line")
    command.add_argument("--write", action="store_true", help="put the threshold into the manifest")


def _models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--models", type=Path, default=MODELS, metavar="DIR", help="folder of weights with its manifest.json"
    )


def _thresholds(command: argparse.ArgumentParser) -> None:
    _models(command)
    command.add_argument("--workers", type=int, default=1, help="processes that read pictures")
    command.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep embeddings (templates of people!) here"
    )
    _labelled(command)
    command.add_argument(
        "--people", type=Path, required=True, metavar="DIR", help="one folder a person: what the scores cost"
    )
    command.add_argument(
        "--people-leave-out",
        type=Path,
        metavar="FILE",
        help="names of people that must not take part, one a line",
    )
    command.add_argument("--write", action="store_true", help="put the table into the manifest")


def _endurance(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--images", type=Path, nargs="+", help="default: the portraits that ship with the demo"
    )
    command.add_argument("--verifies", type=int, default=10_000, help="pictures read and compared")


def _speed(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--images", type=Path, nargs="+", help="default: the portraits that ship with the demo"
    )
    command.add_argument("--runs", type=int, default=30, help="per picture")
    command.add_argument("--big", action="store_true", help="12 megapixels instead of 640x480")
    command.add_argument("--threads", type=int, default=1, help="of one inference")
