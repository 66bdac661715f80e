import subprocess
import sys

import numpy as np
import pytest

from ml.data.files import DataUnusable
from ml.data.prepare import Preparation, prepare
from ml.data.prepared import Prepared
from ml.data.workers import finder
from ml.face.align import align
from ml.face.image import decode
from ml.face.quality import Purpose
from ml.face.reasons import Reason
from tests.ml.data.folders import (
    environment,
    files_of,
    fresh,
    packed,
    put,
    shots,
    tight,
    two_people,
)
from tests.ml.pictures import COLLINS, HOPPER, encoded, wall

WALL = encoded(wall(200, 200))


def prepared(tmp_path, *sources, **changes) -> Prepared:
    prepare(Preparation(tuple(map(str, sources)), tmp_path / "out", **changes))
    return Prepared.open(tmp_path / "out")


def dropped(data: Prepared, name: str) -> dict[str, int]:
    return {why: count for why, count in data.report["sets"][name]["dropped"].items() if count}


def test_the_middle_of_a_crop_is_what_serving_embeds(tmp_path):
    data = prepared(tmp_path, two_people(tmp_path / "few"))
    picture = decode((tmp_path / "few" / data.pictures[3]).read_bytes())
    (face,) = finder().faces(picture)
    assert np.abs(data.served([3])[0].astype(int) - align(picture, face.landmarks)).max() <= 1
    assert data.crop(3).shape == (192, 192, 3)
    assert data.points.shape == (8, 468, 2)


def test_the_index_tells_person_split_and_fitness_of_each_picture(tmp_path):
    data = prepared(tmp_path, two_people(tmp_path / "few"), pack_rows=3)
    assert set(data.persons) == {"eileencollins", "gracehopper"}
    assert set(data.sets) == {"few"}
    assert set(data.qualities) <= {*Purpose, *Reason}
    assert list(data.packs) == [0, 0, 0, 1, 1, 1, 2, 2]
    assert list(data.rows) == [0, 1, 2, 0, 1, 2, 0, 1]


def test_splits_share_no_person_and_their_hash_is_written_down(tmp_path):
    for number in range(6):
        put(tmp_path / "few", **{f"Person_{number}__1": shots(COLLINS)[number], f"Person_{number}__2": WALL})
    data = prepared(tmp_path, tmp_path / "few")
    train, validation = (set(data.persons[data.where(split)]) for split in ("train", "validation"))
    assert train
    assert not train & validation
    assert len(data.split_sha256) == 64
    assert data.report["sets"]["few"]["people_with_one_picture"] == 6


def test_the_same_sources_give_the_same_bytes_from_a_folder_or_a_tar_on_one_process_or_two(tmp_path):
    folder = two_people(tmp_path / "few")
    tar = packed(folder, tmp_path / "few.tar")
    for out, source, count in (("one", folder, 1), ("two", folder, 2)):
        prepare(Preparation((str(source),), tmp_path / out, workers=count, pack_rows=3))
    prepare(Preparation((str(tar),), tmp_path / "tar", pack_rows=3))
    one, two, from_tar = (files_of(tmp_path / out) for out in ("one", "two", "tar"))
    assert one == two
    assert {n: c for n, c in one.items() if n.startswith("crops")} == {
        n: c for n, c in from_tar.items() if n.startswith("crops")
    }
    assert set(one) == {
        "index.csv",
        "points.npy",
        "report.json",
        "crops-000.npy",
        "crops-001.npy",
        "crops-002.npy",
    }


def test_what_is_unreadable_undetected_double_or_mislabelled_is_counted_and_named(tmp_path):
    folder = two_people(tmp_path / "few")
    first = shots(COLLINS)[0]
    put(folder, Eileen_Collins__broken=first[:3000], Eileen_Collins__wall=WALL, Eileen_Collins__again=first)
    put(folder, Grace_Hopper__x=shots(HOPPER)[5], Someone_Else__x=shots(HOPPER)[5])
    data = prepared(tmp_path, folder)
    assert dropped(data, "few") == {"unreadable": 1, "undetected": 1, "same_bytes": 1, "label_error": 2}
    assert data.report["named"]["unreadable"] == ["few/Eileen_Collins/broken.jpg: picture_broken"]
    assert data.report["named"]["label_error"] == ["few/Grace_Hopper/x.jpg", "few/Someone_Else/x.jpg"]
    assert len(data) == 8


def test_a_test_set_is_all_test_keeps_its_doubles_and_takes_its_people_out_of_training(tmp_path):
    collins, hopper = shots(COLLINS), shots(HOPPER)
    lfw = put(tmp_path / "l", Grace_Hopper__1=hopper[0], Grace_Hopper__2=hopper[0])
    few = put(tmp_path / "few", **{"pins_grace hopper__1": hopper[3], "pins_E C__1": collins[0]})
    data = prepared(tmp_path, few, f"lfw={lfw}")
    assert list(zip(data.sets, data.persons, data.splits, strict=True)) == [
        ("pins", "ec", "train"),
        *[("lfw", "gracehopper", "test")] * 2,
    ]
    assert dropped(data, "pins") == {"left_out_by_name": 1}


def test_a_test_person_under_another_name_is_found_by_looks(tmp_path):
    collins, hopper = shots(COLLINS), shots(HOPPER)
    few = put(
        tmp_path / "few", Nobody__1=hopper[1], Nobody__2=hopper[4], Eileen__1=collins[0], Eileen__2=collins[2]
    )
    loose = put(tmp_path / "loose", a=hopper[5], b=collins[5])
    tests = put(tmp_path / "tests", Grace_Hopper__1=hopper[0])
    data = prepared(tmp_path, few, f"unlabelled={loose}", look_alikes_of=tests)
    assert set(data.persons) == {"eileen", ""}
    assert (dropped(data, "few"), dropped(data, "unlabelled")) == ({"look_alike": 2}, {"look_alike": 1})
    found = data.report["look_alikes"]["found"]
    assert [(one["who"], one["like"]) for one in found] == [
        ("nobody", "gracehopper"),
        ("unlabelled/a.jpg", "gracehopper"),
    ]
    assert [row for pack, row in zip(data.packs, data.rows, strict=True) if pack == 0] == [0, 1]


def test_look_alikes_of_a_prepared_folder_are_found_too(tmp_path):
    put(tmp_path / "tests", Grace_Hopper__1=shots(HOPPER)[0])
    prepare(Preparation((f"lfw={tmp_path / 'tests'}",), tmp_path / "packs"))
    few = put(tmp_path / "few", Nobody__1=shots(HOPPER)[1], Eileen__1=shots(COLLINS)[0])
    data = prepared(tmp_path, few, look_alikes_of=tmp_path / "packs")
    assert set(data.persons) == {"eileen"}


def test_names_on_a_list_do_not_take_part(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("Grace Hopper\n")
    data = prepared(tmp_path, two_people(tmp_path / "few"), leave_out_names=(names,))
    assert set(data.persons) == {"eileencollins"}
    assert data.report["sets"]["few"]["people_left_out_by_name"] == 1


def test_tight_crops_of_64_px_are_enlarged_until_the_detector_sees_them(tmp_path):
    for number, shot in enumerate(shots(COLLINS)[:2]):
        put(tmp_path / "b", **{f"Asin__{number}": tight(shot, 64)})
    data = prepared(tmp_path, tmp_path / "b")
    assert list(data.sets) == ["bollywood64"] * 2


def test_unlabelled_pictures_keep_what_their_names_tell(tmp_path):
    put(
        tmp_path / "u",
        **{"26_1_3_20170116174525125": shots(COLLINS)[0], "70_1_0_20170116174525126": shots(HOPPER)[0]},
    )
    data = prepared(tmp_path, tmp_path / "u")
    assert [list(data.ages), list(data.genders), list(data.groups)] == [["26", "70"], ["1", "1"], ["3", "0"]]
    assert set(data.persons) == {""}


KILLED = """
import os, signal, sys
from pathlib import Path
from ml.data.prepare import Preparation, prepare

def until_the_sixth_face(items, *, total, label):
    for number, item in enumerate(items):
        if label.endswith("faces") and number == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

prepare(Preparation((sys.argv[1],), Path(sys.argv[2]), pack_rows=2), until_the_sixth_face)
"""


def test_a_killed_run_leaves_whole_packs_and_goes_on_from_there(tmp_path):
    folder, out = two_people(tmp_path / "few"), tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(out)], env=environment(), check=False
    )
    assert done.returncode == -9
    assert {path.name for path in out.glob("*.npy")} == {"crops-000.npy", "crops-001.npy", "crops-002.npy"}
    with pytest.raises(DataUnusable, match=r"report\.json is absent"):
        Prepared.open(out)
    cut: list[str] = []

    def counting(items, *, total, label):
        cut.append(f"{label} {total}")
        return items

    prepare(Preparation((str(folder),), out, pack_rows=2), counting)
    assert cut == ["few: read 8", "few: faces 2"]
    prepare(Preparation((str(folder),), tmp_path / "whole", pack_rows=2))
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_finished_folder_is_left_as_it_is_until_a_picture_changes(tmp_path):
    folder = two_people(tmp_path / "few")
    prepared(tmp_path, folder)
    pack = tmp_path / "out" / "crops-000.npy"
    before = pack.stat().st_mtime_ns
    prepared(tmp_path, folder)
    assert pack.stat().st_mtime_ns == before
    put(folder, Eileen_Collins__0=shots(COLLINS)[6])
    assert len(prepared(tmp_path, folder)) == 8
    assert pack.stat().st_mtime_ns != before


def test_packs_of_an_earlier_larger_preparation_go(tmp_path):
    folder = two_people(tmp_path / "few")
    prepared(tmp_path, folder, pack_rows=2)
    fresh(folder / "Grace_Hopper")
    prepared(tmp_path, folder, pack_rows=2)
    assert len(list((tmp_path / "out").glob("crops-*"))) == 2


def test_a_source_without_any_face_says_why(tmp_path):
    with pytest.raises(DataUnusable, match=r"no picture of .*few is left: 1 undetected"):
        prepared(tmp_path, put(tmp_path / "few", ann__1=WALL))
