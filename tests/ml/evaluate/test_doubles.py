from pathlib import Path

from PIL import Image

from ml.evaluate.doubles import doubles_among, doubles_within
from ml.evaluate.people import read_people
from tests.ml.pictures import COLLINS, HOPPER, encoded, image


def saved(path: Path, picture: Image.Image, quality: int = 90) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encoded(picture, quality=quality))
    return path


def test_the_same_photograph_saved_again_is_a_double_of_its_own_person_only(tmp_path):
    saved(tmp_path / "A" / "1.jpg", image(COLLINS))
    saved(tmp_path / "A" / "2.jpg", image(HOPPER))
    saved(tmp_path / "A" / "3.jpg", image(COLLINS).resize((256, 256)), quality=60)
    saved(tmp_path / "B" / "1.jpg", image(COLLINS))
    people = read_people(tmp_path)
    assert doubles_within(people).tolist() == [False, False, True, False]
    assert doubles_among(people.pictures).tolist() == [False, False, True, True]
