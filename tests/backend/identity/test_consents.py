from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from backend.errors import Refusal
from backend.identity import consents
from tests.backend.identity.people import IDS, NOW, a_shopper, after


def give(run, shopper_id, language="en", now=NOW, **changes):
    said = {"version": consents.FACE_VERSION, "language": language, "sha256": consents.text_sha256(language)}
    return run(lambda tx: consents.give(tx, shopper_id, **said | changes, now=now, ids=IDS))


def standing(run, shopper_id):
    return run.read(lambda tx: consents.standing(tx, shopper_id))


def test_a_consent_names_the_words_it_was_given_to(run):
    shopper_id = a_shopper(run)
    assert standing(run, shopper_id) is None
    given = give(run, shopper_id, "ar")
    assert standing(run, shopper_id) == given
    assert (given.language, given.text_sha256) == ("ar", consents.text_sha256("ar"))


def test_consent_to_other_words_than_those_in_force_is_refused(run):
    shopper_id = a_shopper(run)
    for changes in ({"version": "2025"}, {"sha256": "0" * 64}, {"sha256": consents.text_sha256("ar")}):
        with pytest.raises(Refusal, match="consent_text_changed"):
            give(run, shopper_id, **changes)
    assert standing(run, shopper_id) is None


def test_consent_given_twice_stays_the_first(run):
    shopper_id = a_shopper(run)
    assert give(run, shopper_id) == give(run, shopper_id, now=after(days=1))


def test_consent_in_the_other_language_replaces_the_first(run):
    shopper_id = a_shopper(run)
    give(run, shopper_id, "en")
    assert standing(run, shopper_id) != give(run, shopper_id, "ar") == standing(run, shopper_id)


def test_withdrawn_consent_no_longer_counts_and_may_be_given_again(run):
    shopper_id = a_shopper(run)
    give(run, shopper_id)
    assert run(lambda tx: consents.withdraw(tx, shopper_id, now=NOW, ids=IDS))
    assert not run(lambda tx: consents.withdraw(tx, shopper_id, now=NOW, ids=IDS))
    with pytest.raises(Refusal, match="consent_missing"):
        run.read(lambda tx: consents.demand(tx, shopper_id))
    assert give(run, shopper_id) == standing(run, shopper_id)


def test_both_texts_say_the_same_things_in_as_many_paragraphs():
    english, arabic = (consents.face_text(language).split("\n\n") for language in consents.LANGUAGES)
    assert len(english) == len(arabic) == 9
    assert "128" in english[2]
    assert "128" in arabic[2]


def test_a_changed_text_needs_a_new_version():
    """If this fails you changed the words: give FACE_VERSION a new value and put the new hashes here."""
    assert consents.FACE_VERSION == "2026-11-1"
    assert [consents.text_sha256(language)[:16] for language in consents.LANGUAGES] == [
        "a1ee5adc25493cc4",
        "b95ee17f58d113d0",
    ]


def test_a_consent_given_by_several_taps_at_once_is_one_consent(run):
    shopper_id, barrier = a_shopper(run), Barrier(8)

    def tap(_):
        barrier.wait()
        return give(run, shopper_id)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(tap, range(8))) == {standing(run, shopper_id)}
