"""`./scripts/bench`: every figure beside its reference, measured in the same run on the same machine."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import traceback
from pathlib import Path

from tests import bench
from tests.bench.figure import BENCHES, Bench
from tests.bench.ground import Ground
from tests.bench.report import publish, row
from tests.proof.__main__ import durable_cluster
from tests.proof.report import bar, number_of


def load_all() -> None:
    """Each module cg*.py registers what stands in it."""
    for module in pkgutil.iter_modules(bench.__path__):
        if module.name.startswith("cg"):
            importlib.import_module(f"tests.bench.{module.name}")


def chosen(names: list[str]) -> list[Bench]:
    known = sorted(BENCHES, key=number_of)
    if unknown := [name for name in names if name not in BENCHES]:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    return [BENCHES[name] for name in known if not names or name in names]


def main() -> int:
    asked = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    asked.add_argument(
        "--only", default="", metavar="NAME,…", help="CG1,CG7: others in docs/ stay as they are"
    )
    asked.add_argument("--quick", action="store_true", help="one short round each; docs/ stays as it is")
    options = asked.parse_args()
    load_all()
    benches = chosen([name for name in options.only.split(",") if name])
    with durable_cluster() as cluster, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        ground = Ground(cluster, Path(folder), options.quick)
        with ground.kept:
            broken = measure_all(ground, benches)
    if broken:
        print(f"not measured: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def measure_all(ground: Ground, benches: list[Bench]) -> list[str]:
    """Names of those that came to no end; the others are measured all the same."""
    broken = []
    for number, one in enumerate(benches):
        bar(number, len(benches), one.name)
        try:
            measure(ground, one)
        except Exception:
            print(f"{one.name} came to no end:\n{traceback.format_exc()}", flush=True)
            broken.append(one.name)
    bar(len(benches), len(benches), "")
    return broken


def measure(ground: Ground, one: Bench) -> None:
    figures = []
    for database in one.databases:
        for figure in one.measure(ground, database):
            figures.append(figure)
            print(row(figure), flush=True)
    if not ground.quick:
        publish(one, figures)


if __name__ == "__main__":
    sys.exit(main())
