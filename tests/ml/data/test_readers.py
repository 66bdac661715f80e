import pytest

from ml.data.files import DataUnusable
from ml.data.readers import (
    BOLLYWOOD,
    GLINT,
    LFW,
    PEOPLE,
    PINS,
    UNLABELLED,
    UTKFACE,
    open_source,
    open_sources,
)
from tests.ml.data.folders import packed, put, shots, tight, two_people
from tests.ml.pictures import COLLINS, HOPPER

SHOT = shots(COLLINS)[0]


def test_pins_are_known_by_their_prefix_and_lose_it(tmp_path):
    found = open_source(str(put(tmp_path, **{"pins_Hugh Jackman__1": SHOT})))
    assert (found.name, found.reader, found.people) == ("pins", PINS, {"hughjackman"})


def test_bollywood_is_known_by_64_px_and_glint_by_aligned_png(tmp_path):
    bollywood = put(tmp_path / "b", Asin__1=tight(SHOT, 64), Asin__2=tight(SHOT, 64))
    glint = put(tmp_path / "g", Hugh_Laurie__1=tight(SHOT, 112, "PNG"))
    assert open_source(str(bollywood)).reader is BOLLYWOOD
    assert open_source(str(glint)).reader is GLINT


def test_lfw_is_known_by_names_and_size_and_is_for_testing_only(tmp_path):
    lfw = put(tmp_path / "l", Tom_Cruise__Tom_Cruise_0001=tight(SHOT, 250))
    found = open_source(str(lfw))
    assert found.reader is LFW
    assert found.reader.test_only
    small = put(tmp_path / "s", Tom_Cruise__Tom_Cruise_0001=tight(SHOT, 120))
    assert open_source(str(small)).reader is PEOPLE


def test_utkface_tells_age_gender_and_group_but_no_person(tmp_path):
    put(tmp_path, **{"26_1_3_20170116174525125.jpg.chip": SHOT, "61_0_20170109142408075.jpg.chip": SHOT})
    found = open_source(str(tmp_path))
    assert (found.reader, found.people) == (UTKFACE, frozenset())
    assert [(p.age, p.gender, p.group) for p in found.pictures] == [("26", "1", "3"), ("61", "0", "")]


def test_a_plain_tar_reads_as_its_folder(tmp_path):
    folder = two_people(tmp_path / "few")
    from_tar = open_source(str(packed(folder, tmp_path / "few.tar")))
    from_folder = open_source(str(tmp_path))
    assert [p.name for p in from_tar.pictures] == [p.name for p in from_folder.pictures]
    assert [p.read() for p in from_tar.pictures] == [p.read() for p in from_folder.pictures]
    assert (from_tar.name, from_tar.people) == ("few", {"eileencollins", "gracehopper"})


def test_a_set_can_be_named_and_its_reader_chosen(tmp_path):
    folder = two_people(tmp_path / "some folder")
    assert open_source(str(folder)).name == "some-folder"
    assert open_source(f"staff={folder}").name == "staff"
    assert open_source(f"lfw={folder}").reader is LFW
    assert open_source(f"unlabelled={folder}").reader is UNLABELLED


def test_two_sources_of_one_name_are_refused(tmp_path):
    folder = str(two_people(tmp_path / "few"))
    with pytest.raises(DataUnusable, match="second source called few"):
        open_sources([folder, folder])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({}, "holds no pictures"),
        ({"loose": SHOT, "other": shots(HOPPER)[0]}, "holds no folder of a person; write unlabelled="),
    ],
)
def test_a_folder_without_people_says_so(tmp_path, made, message):
    with pytest.raises(DataUnusable, match=message):
        open_source(str(put(tmp_path, **made)))


def test_an_absent_source_and_a_file_that_is_no_tar_are_named(tmp_path):
    with pytest.raises(DataUnusable, match="nowhere: no such folder or tar file"):
        open_source(str(tmp_path / "nowhere"))
    (tmp_path / "notes.tar").write_text("no tar " * 200)
    with pytest.raises(DataUnusable, match=r"notes\.tar is neither a folder nor a plain tar"):
        open_source(str(tmp_path / "notes.tar"))
