"""Which six digits people choose: rules instead of a list, so that a reader can check them.

Markert et al. (IEEE S&P 2020): a short refused list helps little, a tenth of the space is the balance.
"""

from __future__ import annotations

import calendar
from itertools import pairwise

YEARS = range(1930, 2030)
# A phone's keypad: places of the digits, so that lines and walks over it can be told.
KEYPAD = {"1": (0, 0), "2": (1, 0), "3": (2, 0), "4": (0, 1), "5": (1, 1), "6": (2, 1)}
KEYPAD |= {"7": (0, 2), "8": (1, 2), "9": (2, 2), "0": (1, 3)}
COLUMNS = ("147", "258", "369", "2580", "123", "456", "789", "159", "357")
# Chosen often and caught by none of the rules: keypad corners, famous constants, numbers with a meaning.
CHOSEN = frozenset(
    {"134679", "124578", "235689", "142536", "246810", "135790", "521314", "786110"}
    | {"142857", "314159", "271828", "141421", "161803", "173205"}
)


def guessable(pin: str) -> bool:
    """pin: six ASCII digits."""
    return any(rule(pin) for rule in RULES)


def repeats(pin: str) -> bool:
    """121212, 123123, 111111, 112112; and no more than two different digits."""
    return pin == pin[:2] * 3 or pin == pin[:3] * 2 or len(set(pin)) <= 2


def doubled(pin: str) -> bool:
    """112233, 111222."""
    return pin[0::2] == pin[1::2] or (len(set(pin[:3])) == 1 and len(set(pin[3:])) == 1)


def four_alike(pin: str) -> bool:
    """111123, 511115: four or more of one digit side by side."""
    return any(digit * 4 in pin for digit in set(pin))


def runs(pin: str) -> bool:
    """123456, 890123, 654321, and steps of any size: 024680, 135791; two runs of three: 123789."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    return len(steps) == 1 or (_run(pin[:3]) and _run(pin[3:]))


def long_run(pin: str) -> bool:
    """A run of four or more inside: 912345, 543217."""
    return any(_run(pin[at : at + 4]) for at in range(3))


def mirrored(pin: str) -> bool:
    """123321."""
    return pin == pin[::-1]


def dated(pin: str) -> bool:
    """DDMMYY, MMDDYY, YYMMDD."""
    first, second, third = pin[:2], pin[2:4], pin[4:]
    return _day(first, second) or _day(second, first) or _day(third, second)


def with_year(pin: str) -> bool:
    """A year inside which somebody living may have been born or married: 198407, 071984, 919845."""
    return any(int(pin[at : at + 4]) in YEARS for at in range(3))


def keypad_lines(pin: str) -> bool:
    """147258, 369147: two lines of the keypad, either way."""
    lines = {line[:3] for line in COLUMNS} | {line[:3][::-1] for line in COLUMNS} | {"580", "085"}
    return pin[:3] in lines and pin[3:] in lines


def keypad_walk(pin: str) -> bool:
    """258963, 125478: every step goes to a neighbouring key, never staying, never crossing the pad."""
    places = [KEYPAD[digit] for digit in pin]
    return all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in pairwise(places))


def chosen(pin: str) -> bool:
    return pin in CHOSEN


RULES = (
    repeats,
    doubled,
    four_alike,
    runs,
    long_run,
    mirrored,
    dated,
    with_year,
    keypad_lines,
    keypad_walk,
    chosen,
)


def _run(digits: str) -> bool:
    """Up or down by one, 0 standing before 1 and after 9."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps in ({1}, {9})


def _month(two: str) -> bool:
    return 1 <= int(two) <= 12


def _day(day: str, month: str) -> bool:
    """In a leap year."""
    return _month(month) and 1 <= int(day) <= calendar.monthrange(2000, int(month))[1]
