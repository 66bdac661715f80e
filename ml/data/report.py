"""report.json: what was read, what was dropped and why, and who is in which split. No times and no paths of the
machine, so that the same sources give the same bytes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from ml.data.duplicates import Dropped
from ml.data.look_alikes import PERSON_COSINE, PICTURE_COSINE, LookAlike
from ml.data.readers import Picture
from ml.data.splits import Split, one_split_each, split_sha256

NAMED = (Dropped.UNREADABLE, Dropped.LABEL_ERROR)  # few, and somebody should look at them


class Counted(Protocol):
    """One picture as the report sees it."""

    picture: Picture
    set: str
    dropped: Dropped | None
    problem: str

    @property
    def split(self) -> Split: ...


def count_report(
    rows: Sequence[Counted], alike: Sequence[LookAlike], *, inputs_sha256: str, finder: str
) -> dict[str, Any]:
    kept = [row for row in rows if row.dropped is None]
    splits = one_split_each((row.picture.person for row in kept), (row.split.value for row in kept))
    return {
        "inputs_sha256": inputs_sha256,
        "split_sha256": split_sha256(splits),
        "finder": finder,
        "people": len(splits),
        "pictures": len(kept),
        "people_by_split": {split.value: list(splits.values()).count(split.value) for split in Split},
        "pictures_by_split": {split.value: sum(row.split is split for row in kept) for split in Split},
        "sets": {
            name: _of_set([row for row in rows if row.set == name])
            for name in dict.fromkeys(r.set for r in rows)
        },
        "named": {reason.value: _named(rows, reason) for reason in NAMED},
        "look_alikes": {
            "person_cosine": PERSON_COSINE,
            "picture_cosine": PICTURE_COSINE,
            "found": [asdict(one) for one in alike],
        },
    }


def _of_set(rows: Sequence[Counted]) -> dict[str, Any]:
    kept = [row for row in rows if row.dropped is None]
    of_person = Counter(row.picture.person for row in kept if row.picture.person)
    return {
        "read": len(rows),
        "people_read": _people(rows),
        "pictures": len(kept),
        "people": len(of_person),
        "people_with_one_picture": sum(count == 1 for count in of_person.values()),
        "dropped": {reason.value: sum(row.dropped is reason for row in rows) for reason in Dropped},
        "people_left_out_by_name": _people([r for r in rows if r.dropped is Dropped.LEFT_OUT_BY_NAME]),
        "people_look_alike": _people([r for r in rows if r.dropped is Dropped.LOOK_ALIKE]),
    }


def _people(rows: Sequence[Counted]) -> int:
    return len({row.picture.person for row in rows if row.picture.person})


def _named(rows: Sequence[Counted], reason: Dropped) -> list[str]:
    return [
        f"{row.set}/{row.picture.name}" + (f": {row.problem}" if row.problem else "")
        for row in rows
        if row.dropped is reason
    ]
