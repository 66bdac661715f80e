"""Sources → a prepared folder: index.csv, crops-NNN.npy, points.npy, report.json (docs/face/data.md).

Read and fingerprint every picture; drop what is unreadable, there twice, mislabelled, or of a test person by
name; find and cut the faces, pack by pack; drop who looks like a test person; write the index, and the report last.
The same sources give the same bytes, on any number of processes. A run that was killed is repeated from the first
unfinished pack on; a finished folder is left as it is.
"""

import csv
import io
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.data import look_alikes
from ml.data.duplicates import Dropped, Fingerprint, drop_near, drop_same_bytes, fingerprint
from ml.data.files import DataUnusable, make_folder, sha256_of, write_array, write_text
from ml.data.look_alikes import PERSON_COSINE, PICTURE_COSINE, LookAlike, TestPeople, TestSource
from ml.data.packing import PACK_ROWS, WORK, Pack, Task, cut_into_packs, pack_name
from ml.data.prepared import COLUMNS, Prepared
from ml.data.readers import Picture, Reader, SourceSet, open_sources
from ml.data.report import count_report
from ml.data.splits import Split, read_names, split_of
from ml.data.workers import Progress, Workers, finder, unseen, workers

LAYOUT = "1"  # of the folder; another one is prepared anew


@dataclass(frozen=True)
class Preparation:
    sources: tuple[str, ...]  # PATH or NAME=PATH each
    out: Path
    leave_out_names: tuple[Path, ...] = ()
    look_alikes_of: Path | None = None
    workers: int = 1
    pack_rows: int = PACK_ROWS


@dataclass
class Row:
    """One picture on its way. dropped: why it does not take part; the rest is known once its face is cut."""

    picture: Picture
    set: str
    reader: Reader
    fingerprint: Fingerprint
    dropped: Dropped | None = None
    problem: str = ""
    pack: int = -1
    row: int = -1
    quality: str = ""

    @property
    def split(self) -> Split:
        name = self.picture.person or f"{self.set}/{self.picture.name}"
        return split_of(name, test_only=self.reader.test_only)


@dataclass
class State:
    """What the steps add up to."""

    rows: list[Row]
    packs: list[Pack] = field(default_factory=list)
    alike: list[LookAlike] = field(default_factory=list)


def prepare(run: Preparation, progress: Progress = unseen) -> dict[str, Any]:
    """Returns the report. Raises DataUnusable for what the caller can mend."""
    sets = open_sources(run.sources)
    names = frozenset[str]().union(*(read_names(path) for path in run.leave_out_names))
    tests = TestSource.open(run.look_alikes_of) if run.look_alikes_of else None
    make_folder(run.out)
    with workers(run.workers) as mapped:
        state = State(_fingerprinted(sets, mapped, progress))
        inputs = _inputs_sha256(run, state.rows, names, tests)
        if (known := _already(run.out, inputs)) is not None:
            return known
        (run.out / "report.json").unlink(missing_ok=True)  # from here on the folder is not finished
        make_folder(run.out / WORK)
        people = tests.embedded(mapped, progress) if tests else look_alikes.NOBODY
        _filter(state.rows, names | people.all_names)
        embed = tests is not None or any(row.reader.test_only for row in state.rows)
        _cut(state, run, mapped, progress, embed=embed)
    if embed:
        _drop_alike(state, people)
    if all(row.dropped for row in state.rows):
        raise DataUnusable(f"no picture of {', '.join(run.sources)} is left: {_why(state.rows)}.")
    return _finish(run.out, state, inputs)


def _fingerprinted(sets: Sequence[SourceSet], mapped: Workers, progress: Progress) -> list[Row]:
    rows = []
    for one in sets:
        prints = progress(
            mapped(fingerprint, one.pictures), total=len(one.pictures), label=f"{one.name}: read"
        )
        for picture, print_ in zip(one.pictures, prints, strict=True):
            rows.append(Row(picture, one.name, one.reader, print_))
    return rows


def _filter(rows: list[Row], left_out: frozenset[str]) -> None:
    """Test-only sets stay whole but for what cannot be read: their published protocols count on it."""
    for row in rows:
        if row.fingerprint.problem:
            row.dropped, row.problem = Dropped.UNREADABLE, row.fingerprint.problem
    tests = [row for row in rows if row.reader.test_only]
    others = [row for row in rows if not row.reader.test_only]
    in_test = frozenset(row.fingerprint.sha256 for row in tests)
    pictures, prints = [row.picture for row in others], [row.fingerprint for row in others]
    for index, reason in drop_same_bytes(pictures, prints, in_test).items():
        others[index].dropped = reason
    left_out |= {row.picture.person for row in tests}
    for row in others:
        if row.dropped is None and row.picture.person in left_out:
            row.dropped = Dropped.LEFT_OUT_BY_NAME
    kept = [index for index, row in enumerate(others) if row.dropped is None]
    for index, reason in drop_near(pictures, prints, kept).items():
        others[index].dropped = reason


def _cut(state: State, run: Preparation, mapped: Workers, progress: Progress, *, embed: bool) -> None:
    """No pack holds two sets."""
    for name in dict.fromkeys(row.set for row in state.rows):
        rows = [row for row in state.rows if row.set == name and row.dropped is None]
        flags = look_alikes.first_of_each([row.picture for row in rows])
        tasks = [
            Task(row.picture, row.reader, row.fingerprint.sha256, embed=embed and flag)
            for row, flag in zip(rows, flags, strict=True)
        ]
        first = len(state.packs)
        for pack in cut_into_packs(tasks, first, run.out, run.pack_rows, mapped, progress, f"{name}: faces"):
            state.packs.append(pack)
            begin = (pack.number - first) * run.pack_rows
            for place, row in enumerate(rows[begin : begin + run.pack_rows]):
                _note(row, pack, place)


def _note(row: Row, pack: Pack, place: int) -> None:
    row.problem = str(pack.problem[place])
    if pack.row[place] < 0:
        row.dropped = Dropped.UNREADABLE if row.problem else Dropped.UNDETECTED
        return
    row.pack, row.row, row.quality = pack.number, int(pack.row[place]), str(pack.quality[place])


def _drop_alike(state: State, people: TestPeople) -> None:
    """Its crops stay in their packs; the index does not name them."""
    cut = [row for row in state.rows if row.pack >= 0]
    embeddings = np.concatenate(
        [pack.embeddings[pack.row >= 0] for pack in state.packs]
    )  # in the rows' order
    tests = np.array([row.reader.test_only for row in cut], bool)
    names = [row.picture.person for row in cut]
    of_test = look_alikes.mean_directions(
        [n for n, test in zip(names, tests, strict=True) if test], embeddings[tests]
    )
    people = look_alikes.together(look_alikes.as_test_people(of_test, frozenset(of_test)), people)
    means = look_alikes.mean_directions(
        [n for n, test in zip(names, tests, strict=True) if not test], embeddings[~tests]
    )
    directions = np.array(list(means.values()), np.float32).reshape(-1, people.means.shape[1])
    alike = look_alikes.find_alike(list(means), directions, people, PERSON_COSINE)
    nameless = [i for i, row in enumerate(cut) if not row.picture.person and not tests[i]]
    labels = [f"{cut[i].set}/{cut[i].picture.name}" for i in nameless]
    pictures = look_alikes.find_alike(labels, embeddings[nameless], people, PICTURE_COSINE)
    state.alike = alike + pictures
    who = {one.who for one in state.alike}
    for row in cut:
        label = row.picture.person or f"{row.set}/{row.picture.name}"
        if label in who and not row.reader.test_only:
            row.dropped = Dropped.LOOK_ALIKE


def _finish(out: Path, state: State, inputs: str) -> dict[str, Any]:
    kept = [row for row in state.rows if row.dropped is None]
    places = {
        (pack.number, int(row)): i for pack in state.packs for i, row in enumerate(pack.row) if row >= 0
    }
    numbered = {pack.number: pack for pack in state.packs}
    points = [numbered[row.pack].points[places[row.pack, row.row]] for row in kept]
    write_array(out / "points.npy", np.array(points, np.float32))
    write_text(out / "index.csv", _index(kept))
    for path in out.glob("crops-*.npy"):  # of an earlier, larger preparation
        if path.name not in {pack_name(pack.number) for pack in state.packs}:
            path.unlink()
    report = count_report(state.rows, state.alike, inputs_sha256=inputs, finder=finder().version)
    write_text(out / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    Prepared.open(out)  # what was written is what can be read
    shutil.rmtree(out / WORK, ignore_errors=True)
    return report


def _index(kept: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for row in kept:
        picture = row.picture
        lines.writerow(
            (
                picture.name, row.set, picture.person, row.split.value, row.row, row.pack, row.quality,
                picture.age, picture.gender, picture.group,
            )
        )  # fmt: skip
    return text.getvalue()


def _inputs_sha256(
    run: Preparation, rows: Sequence[Row], names: frozenset[str], tests: TestSource | None
) -> str:
    return sha256_of(
        LAYOUT,
        finder().version,
        f"{run.pack_rows} {PERSON_COSINE} {PICTURE_COSINE}",
        tests.sha256() if tests else "",
        *sorted(names),
        *(f"{row.set} {row.reader} {row.picture.name} {row.fingerprint.sha256}" for row in rows),
    )


def _already(out: Path, inputs: str) -> dict[str, Any] | None:
    with suppress(DataUnusable):
        report = Prepared.open(out).report
        if report.get("inputs_sha256") == inputs:
            return report
    return None


def _why(rows: Sequence[Row]) -> str:
    reasons = [row.dropped for row in rows if row.dropped]
    return ", ".join(f"{reasons.count(reason)} {reason.value}" for reason in Dropped if reason in reasons)
