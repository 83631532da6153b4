"""The code that opens sealed papers (启封码), as it is read out by telephone: 30 digits in six groups of five.

Digits only: they are said and heard without mistake. The last digit of each group is a check digit over the group's
place and its four digits (Damm 2004: it finds every single wrong digit and every two neighbours changed about), so the
page can say which group is wrong, and groups in the wrong order are found too. 24 digits carry the key: 79 bits, made
slow to try by argon2id (base/sealing.py).
"""

GROUPS, DIGITS = 6, 4
"""Groups of a code; digits of a group that carry the key."""

_TABLE = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
"""Damm's quasigroup of order 10."""


def check_digit(place: int, digits: str) -> str:
    """The check digit of the group at `place` (1 to 6)."""
    state = 0
    for digit in f"{place}{digits}":
        state = _TABLE[state][int(digit)]
    return str(state)


def written(key: str) -> str:
    """24 digits as the code is read out: `12349 56782 ...`."""
    if len(key) != GROUPS * DIGITS or not (key.isascii() and key.isdigit()):
        raise ValueError("a code has 24 digits")
    groups = [key[start : start + DIGITS] for start in range(0, len(key), DIGITS)]
    return " ".join(group + check_digit(place, group) for place, group in enumerate(groups, 1))


def digits_of(text: str) -> str:
    """The digits of what was typed; full-width ones count, everything else is left out."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


def wrong_groups(text: str) -> list[int]:
    """Places (1 to 6) of groups that cannot be right; empty = sound. For a code of full length."""
    digits, size = digits_of(text), DIGITS + 1
    groups = [digits[start : start + size] for start in range(0, len(digits), size)]
    return [
        place for place, group in enumerate(groups, 1) if check_digit(place, group[:DIGITS]) != group[DIGITS:]
    ]


def missing(text: str) -> int:
    """How many digits are missing (below 0: too many)."""
    return GROUPS * (DIGITS + 1) - len(digits_of(text))


def key_digits(text: str) -> str:
    """The 24 digits of a sound code."""
    digits, size = digits_of(text), DIGITS + 1
    return "".join(digits[start : start + DIGITS] for start in range(0, len(digits), size))
