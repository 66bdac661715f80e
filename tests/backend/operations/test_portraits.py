import hashlib

import pytest

from backend.operations.portraits import FILES, FOLDER, VARIANTS, portrait, variants
from tests.ml.pictures import PORTRAITS


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_portraits_are_the_files_that_their_source_list_names(name):
    sources = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    (row,) = [line for line in sources.splitlines() if f"`{FILES[name]}`" in line]
    assert hashlib.sha256(portrait(name)).hexdigest() in row
    assert "public domain" in row


@pytest.mark.parametrize("name", PORTRAITS)
def test_each_call_gives_the_same_eight_pictures_all_different(name):
    pictures = variants(name)
    assert pictures == variants(name)
    assert len(set(pictures)) == len(VARIANTS) == 8


def test_no_variant_turns_a_face_by_more_than_eight_degrees():
    assert max(abs(variant.turn_deg) for variant in VARIANTS) == 8
