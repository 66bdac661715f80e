import re
from pathlib import Path

from admin_panel.refusal_words import REFUSALS
from admin_panel.words import WORDS
from backend.api.problems import PROBLEMS

PANEL = Path("admin_panel")
ARABIC = re.compile("[\u0600-\u06ff]")
PLACES = re.compile(r"{(\w+)}")
EXCEPT = {"other_language"}  # names each language in itself


def test_every_text_is_there_in_both_languages_with_the_same_places():
    for key, (english, arabic) in {**WORDS, **REFUSALS}.items():
        assert english, key
        assert key in EXCEPT or ARABIC.search(arabic), key
        assert key in EXCEPT or not ARABIC.search(english), key
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(arabic)), key


def test_every_word_a_page_asks_for_is_there_and_every_word_is_asked_for():
    sources = [*PANEL.glob("*.py"), *PANEL.glob("templates/staff/*.html")]
    text = "\n".join(path.read_text() for path in sources if not path.name.endswith("words.py"))
    asked = set(re.findall(r"\bt\('(\w+)'(?! ~)", text)) | set(re.findall(r"""say\([^,]+, "(\w+)\"""", text))
    assert asked <= set(WORDS)
    stems = tuple(re.findall(r"\bt\('(\w+)' ~", text))
    unused = {key for key in WORDS if not key.startswith(stems) and not re.search(rf"[\"']{key}[\"']", text)}
    assert unused == set()


def test_every_refusal_in_words_is_a_problem_of_the_api_or_of_a_form():
    forms = {
        "pickup_code_malformed",
        "reason_missing",
        "amount_unreadable",
        "file_missing",
        "other",
        "pieces_unreadable",
        "promotion_unreadable",
        "bundle_unreadable",
        "coupon_unreadable",
    }
    assert set(REFUSALS) - forms <= set(PROBLEMS)
