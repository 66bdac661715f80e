import io

from PIL import Image, ImageEnhance

from ml.data.duplicates import Dropped, difference_hash, drop_near, drop_same_bytes, fingerprint
from ml.data.readers import open_source
from tests.ml.data.folders import put, shots
from tests.ml.pictures import COLLINS, HOPPER, encoded

FIRST, SECOND, THIRD = shots(COLLINS)[:3]
OTHER = shots(HOPPER)[0]


def resaved(shot: bytes, quality: int = 70) -> bytes:
    """The same photograph: a little smaller, brighter, and saved again."""
    with Image.open(io.BytesIO(shot)) as opened:
        image = opened.convert("RGB").resize((180, 211))
    return encoded(ImageEnhance.Brightness(image).enhance(1.1), quality=quality)


def dropped(folder, in_test=frozenset()):
    pictures = open_source(f"people={folder}").pictures
    prints = [fingerprint(picture) for picture in pictures]
    found = drop_same_bytes(pictures, prints, in_test)
    kept = [index for index in range(len(pictures)) if index not in found]
    found |= drop_near(pictures, prints, kept)
    return {pictures[index].name: reason for index, reason in found.items()}


def test_of_equal_files_of_one_person_the_first_stays(tmp_path):
    folder = put(tmp_path, ann__1=FIRST, ann__2=SECOND, ann__3=FIRST)
    assert dropped(folder) == {"ann/3.jpg": Dropped.SAME_BYTES}


def test_a_file_under_two_names_is_dropped_from_both(tmp_path):
    folder = put(tmp_path, ann__1=FIRST, ann__2=SECOND, bob__1=OTHER, bob__2=FIRST)
    assert dropped(folder) == {"ann/1.jpg": Dropped.LABEL_ERROR, "bob/2.jpg": Dropped.LABEL_ERROR}


def test_a_photograph_saved_again_is_a_near_duplicate_within_its_person_only(tmp_path):
    folder = put(tmp_path, ann__1=FIRST, ann__2=resaved(FIRST), ann__3=THIRD, bob__1=resaved(FIRST, 75))
    assert dropped(folder) == {"ann/2.jpg": Dropped.NEAR_DUPLICATE}


def test_two_shots_of_one_face_are_no_duplicates(tmp_path):
    folder = put(tmp_path, **{f"ann__{i}": shot for i, shot in enumerate(shots(COLLINS))})
    assert dropped(folder) == {}


def test_a_test_picture_is_never_trained_on(tmp_path):
    folder = put(tmp_path, ann__1=FIRST, ann__2=SECOND)
    in_test = frozenset({fingerprint(open_source(f"people={folder}").pictures[0]).sha256})
    assert dropped(folder, in_test) == {"ann/1.jpg": Dropped.IN_TEST_SET}


def test_the_hash_hardly_moves_with_light_and_size():
    bits = [int.from_bytes(difference_hash(shot), "big") for shot in (FIRST, resaved(FIRST), SECOND)]
    assert (bits[0] ^ bits[1]).bit_count() <= 15 < (bits[0] ^ bits[2]).bit_count()


def test_what_cannot_be_read_has_a_reason(tmp_path):
    folder = put(tmp_path, ann__1=b"\xff\xd8" + bytes(80), ann__2=b"hello", ann__3=FIRST[: len(FIRST) // 2])
    problems = [fingerprint(picture).problem for picture in open_source(f"people={folder}").pictures]
    assert problems == ["picture_broken", "picture_format", "picture_broken"]
