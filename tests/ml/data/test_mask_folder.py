"""A folder with masks on. The landmarks are told, not found: which net finds them is the finder's matter."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from ml.data.__main__ import main
from ml.data.files import DataUnusable
from ml.data.mask_folder import Masking, mask_folder
from tests.ml.data.average_face import average_face
from tests.ml.data.folders import SIDE_PX, files_of, put, shots
from tests.ml.pictures import COLLINS, HOPPER, encoded, wall


def told(image: np.ndarray) -> np.ndarray | None:
    """No face on a picture wider than high."""
    return None if image.shape[1] > image.shape[0] else average_face(50, 60, SIDE_PX / 2)


@pytest.fixture
def people(tmp_path):
    folder = put(
        tmp_path / "people",
        collins__1=shots(COLLINS)[0],
        hopper__1=shots(HOPPER)[0],
        hopper__2=shots(HOPPER)[1],
    )
    return put(folder, wall__1=encoded(wall()), broken__1=b"no picture")


def test_the_tree_stays_and_what_carries_no_mask_is_left_out_and_named(people, tmp_path):
    report = mask_folder(Masking(people, tmp_path / "out"), told)
    files = files_of(tmp_path / "out")
    assert json.loads(files.pop("report.json")) == report
    assert set(files) == {"collins/1.jpg", "hopper/1.jpg", "hopper/2.jpg"}
    assert (report["read"], report["drawn"], report["undetected"]) == (5, 3, ["wall/1.jpg"])
    assert list(report["unreadable"]) == ["broken/1.jpg"]


def test_a_mask_depends_on_the_picture_s_name_and_the_seed_not_on_its_neighbours(people, tmp_path):
    def masked(name, **chosen):
        mask_folder(Masking(people, tmp_path / name, **chosen), told)
        return files_of(tmp_path / name)["hopper/2.jpg"]

    whole = masked("whole")
    other_seed, other_recipe = masked("seed", seed=8), masked("recipe", recipe="other")
    (people / "collins" / "1.jpg").unlink()
    assert masked("fewer") == whole
    assert len({whole, other_seed, other_recipe}) == 3


def test_masked_pictures_are_jpegs_of_the_same_size(people, tmp_path):
    (people / "png").mkdir()
    Image.open(io.BytesIO(shots(COLLINS)[2])).save(people / "png" / "1.png")
    mask_folder(Masking(people, tmp_path / "out"), told)
    with (
        Image.open(tmp_path / "out" / "png" / "1.png.jpg") as masked,
        Image.open(people / "png" / "1.png") as plain,
    ):
        assert (masked.format, masked.size) == ("JPEG", plain.size)


def test_a_folder_where_no_face_is_found_is_an_error_that_names_the_report(people, tmp_path):
    with pytest.raises(DataUnusable, match=r"report\.json"):
        mask_folder(Masking(people, tmp_path / "out"), lambda _: None)
    assert set(files_of(tmp_path / "out")) == {"report.json"}


@pytest.mark.parametrize(
    ("images", "out", "message"),
    [
        ("nowhere", "out", "{tmp}/nowhere is not a folder."),
        ("empty", "out", "{tmp}/empty holds no pictures (.jpg, .jpeg, .png, .webp)."),
        (
            "people",
            "people",
            "{tmp}/people lies inside {tmp}/people: masked pictures would be taken for plain ones.",
        ),
        ("people", "full", "{tmp}/full is not an empty folder: two masks of one picture would mix."),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_status_2(people, tmp_path, capsys, images, out, message):
    (tmp_path / "empty").mkdir()
    put(tmp_path / "full", one=b"x")
    before = files_of(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["masks", str(tmp_path / images), "--out", str(tmp_path / out)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == message.format(tmp=tmp_path) + "\n"
    assert files_of(tmp_path) == before
