"""`./scripts/prove`: the long run. Every proof at full size, on both databases where it applies."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests import proof
from tests.databases import Cluster
from tests.proof.fleet import ON_DISK
from tests.proof.report import STATE, Run, number_of
from tests.proof.result import DATABASES, PROOFS, Proof, Size

# Its usual settings are the durable ones; more connections than a hundred, since there are six processes.
DURABLE = ("max_connections=200",)
SEED = 20260101


def load_all() -> None:
    """Each module ct*.py, st*.py, … registers the proof that stands in it."""
    for module in pkgutil.iter_modules(proof.__path__):
        if module.name[:2].isalpha() and module.name[2:4].isdigit():
            importlib.import_module(f"tests.proof.{module.name}")


def chosen(names: Sequence[str]) -> list[Proof]:
    """By id (CT1) or by group (money); all without a name. Raises SystemExit for an unknown one."""
    groups = {one.group for one in PROOFS.values()}
    unknown = [name for name in names if name not in PROOFS and name not in groups]
    if unknown:
        known = ", ".join(sorted(PROOFS, key=lambda name: (name.rstrip("0123456789"), number_of(name))))
        sys.exit(f"no proof or group {', '.join(unknown)}; there are {known}; {', '.join(sorted(groups))}")
    some = [one for one in PROOFS.values() if not names or {one.name, one.group} & set(names)]
    return sorted(some, key=lambda one: (one.name.rstrip("0123456789"), number_of(one.name)))


@contextmanager
def durable_cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="smartpay-proof-pg-", dir=ON_DISK))
    cluster = Cluster(folder, DURABLE)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    asked = argparse.ArgumentParser(prog="scripts/prove", description=__doc__)
    asked.add_argument(
        "--only", default="", metavar="NAME,…", help="ids (CT1) or groups: money security pages"
    )
    asked.add_argument("--quick", action="store_true", help="the short forms; docs/proof.* stay as they are")
    asked.add_argument("--database", choices=DATABASES, action="append", help="default: both")
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--again", action="store_true", help="forget what an interrupted run has done")
    options = asked.parse_args()
    load_all()
    if options.again:
        STATE.unlink(missing_ok=True)
    proofs = chosen([name for name in options.only.split(",") if name])
    size = Size.QUICK if options.quick else Size.FULL
    with durable_cluster() as cluster:
        run = Run(proofs, options.database or DATABASES, size, options.seed, cluster)
        return 0 if run.go() else 1


if __name__ == "__main__":
    sys.exit(main())
