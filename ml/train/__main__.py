"""Training, one command a network; each command's options are the fields of its run.

python -m ml.train paper DATA… --out DIR [--size-px 112] [--device cuda] [--resume] [--json]
python -m ml.train paper-folds DATA… --out DIR [--size-px 64]
python -m ml.train paper-table RUN…
python -m ml.train embedder DATA --out DIR [--resume] [--device cuda]
python -m ml.train cohort --images DIR --unlike DIR
python -m ml.train similarity --people DIR [DIR…] --strangers DIR --out DIR [--leave-out FILE] [--json]
python -m ml.train candidate --after MODELS --people DIR [DIR…] --strangers DIR [--leave-out FILE] [--json]
"""

import argparse
import sys

from ml.data.files import DataUnusable
from ml.evaluate.errors import EvaluationError
from ml.evaluate.metrics import TooFewImpostors
from ml.face.manifest import ModelsUnusable
from ml.train import candidate, cohort, embedder, folds, paper, paper_table, similarity
from ml.train.checkpoint import CheckpointRefused
from ml.train.errors import Diverged
from ml.train.triplets import NoTriplets

COMMANDS = {
    "paper": paper,
    "paper-folds": folds,
    "paper-table": paper_table,
    "embedder": embedder,
    "cohort": cohort,
    "similarity": similarity,
    "candidate": candidate,
}
REFUSALS = (
    DataUnusable,
    EvaluationError,
    ModelsUnusable,
    CheckpointRefused,
    Diverged,
    NoTriplets,
    TooFewImpostors,
)


def main(arguments: list[str] | None = None) -> int:
    """0, or 2 after one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m ml.train", description="Train a network.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.add_options(commands.add_parser(name, help=module.HELP))
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command].command(options)
    except REFUSALS as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
