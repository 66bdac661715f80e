from __future__ import annotations

import pytest

from backend.errors import Refusal
from backend.identity.passwords import refuse_weak

COMMON = ("password", "Password123!", "12345678", "qwertyuiop", "aaaaaaaa", "abababab", "iloveyou2024")


@pytest.mark.parametrize("password", [*COMMON, "amal.saleh", "amal.saleh1", "HELAS.LAMA", "السلام عليكم"])
def test_a_password_that_anybody_would_try_is_refused(password):
    with pytest.raises(Refusal, match="password_common"):
        refuse_weak(password, login="helas.lama" if password == "HELAS.LAMA" else "amal.saleh")


@pytest.mark.parametrize("password", ["", "kzq81-v", "1234567"])
def test_a_short_password_is_refused(password):
    with pytest.raises(Refusal, match="password_too_short") as refused:
        refuse_weak(password, login="amal")
    assert refused.value.facts == {"chars_min": 8}


@pytest.mark.parametrize(
    "password", ["kzq81-vw", "تفاح أزرق يطير", "summer rain on tin roofs", "🦊🦊 tea 94 lamps"]
)
def test_an_ordinary_password_is_accepted(password):
    refuse_weak(password, login="amal")


def test_an_endless_password_is_refused():
    with pytest.raises(Refusal, match="password_too_long"):
        refuse_weak("kzq81-vw" * 30, login="amal")
