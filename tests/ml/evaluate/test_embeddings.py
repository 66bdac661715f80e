import shutil
from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.choice import ModelSpec
from ml.evaluate.embeddings import embed_pictures
from ml.evaluate.errors import EvaluationError
from tests.ml.pictures import COLLINS, HOPPER, encoded, image, wall

DEFAULT = ModelSpec("default")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{name}.jpg" for name in (COLLINS, HOPPER, "wall")]
    for file, picture in zip(files, (image(COLLINS), image(HOPPER), wall()), strict=True):
        file.write_bytes(encoded(picture))
    return files


def test_a_picture_without_a_face_is_a_row_of_its_own(pictures):
    found = embed_pictures(DEFAULT, "v", pictures)
    assert found.found.tolist() == [True, True, False]
    assert (found.vectors.shape, found.undetected) == ((3, 128), 1)
    assert found.milliseconds > 0


def test_what_is_in_the_cache_is_not_read_again(pictures, tmp_path):
    cache = tmp_path / "cache"
    first = embed_pictures(DEFAULT, "v", pictures, cache=cache)

    def never(path: Path) -> bytes:
        raise AssertionError(path)

    again = embed_pictures(DEFAULT, "v", pictures, cache=cache, load=never)
    assert np.array_equal(first.vectors, again.vectors, equal_nan=True)
    assert again.milliseconds is None
    with pytest.raises(AssertionError):
        embed_pictures(DEFAULT, "another version", pictures, cache=cache, load=never)


def test_nothing_is_kept_without_a_cache_folder(pictures, tmp_path):
    before = set(tmp_path.rglob("*"))
    embed_pictures(DEFAULT, "v", pictures)
    assert set(tmp_path.rglob("*")) == before


def test_two_processes_find_what_one_finds(pictures, tmp_path):
    many = [tmp_path / f"copy{i}.jpg" for i in range(18)]
    for file in many:
        shutil.copy(pictures[0], file)
    two = embed_pictures(DEFAULT, "v", [*many, pictures[1]], workers=2)
    one = embed_pictures(DEFAULT, "v", pictures)
    assert np.array_equal(two.vectors[[0, 17, 18]], one.vectors[[0, 0, 1]])


def test_a_damaged_picture_is_named(pictures):
    pictures[1].write_bytes(b"no picture")
    with pytest.raises(EvaluationError, match=f"{HOPPER}.jpg cannot be read"):
        embed_pictures(DEFAULT, "v", pictures)
