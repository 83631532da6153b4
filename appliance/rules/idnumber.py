"""The 18-character resident identity number (GB 11643; check character ISO 7064 MOD 11-2).

The six-digit place code is not checked: codes are retired and reissued over the decades, and test holders
carry 999999.
"""

import re
from datetime import date
from typing import Literal

Sex = Literal["male", "female"]

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"

_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WIDE = (
    {ord("\uff10") + i: str(i) for i in range(10)}
    | {first + i: one for first in (0x61, 0xFF21, 0xFF41) for i, one in enumerate(_CAPITALS)}
    | {ord("\u00d7"): "X"}
)
"""Full-width digits and letters, small letters, and the sign × that is typed for X."""
_DROPPED = dict.fromkeys(
    [ord(c) for c in " \t\r\n\u00a0\u3000\u200b\u200e\u200f\ufeff'`\u2018\u2019\uff07-\u2010\u2013\uff0d"]
)


def normalise(text: str) -> str:
    """The number as it is stored: half-width digits and capital letters, no blanks, apostrophes or hyphens."""
    return text.translate(_DROPPED).translate(_WIDE)


def check_character(first17: str) -> str:
    """The check character that belongs to the first 17 digits."""
    return CHECKS[sum(int(d) * w for d, w in zip(first17, WEIGHTS, strict=True)) % 11]


def fault(number: str, today: date | None = None) -> str:
    """Why `number` (already normalised) cannot be one, as a stable code; empty when it can.

    `bad_shape`: not 17 digits and a digit or X. `bad_birth`: no such day, before 1880, or after `today` when
    that is given. `bad_check_digit`: the last character does not belong to the others.
    """
    if not _SHAPE.fullmatch(number):
        return "bad_shape"
    born = birth(number)
    if born is None or born.year < 1880 or (today is not None and born > today):
        return "bad_birth"
    return "" if check_character(number[:17]) == number[17] else "bad_check_digit"


def birth(number: str) -> date | None:
    """The day of birth in the number; None when there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex(number: str) -> Sex:
    """Odd 17th digit = male, even = female."""
    return "male" if int(number[16]) % 2 else "female"


def place(number: str) -> str:
    """The six-digit place code."""
    return number[:6]


def born_where_and_when(number: str) -> str:
    """Place code and day of birth: what twins share, and hardly anybody else with the same surname."""
    return number[:14]


def last_four(number: str) -> str:
    """What the candidate types at the seat."""
    return number[-4:]


def mask(number: str) -> str:
    """`3709**********1234`: first and last four shown; shorter texts show the last quarter at most."""
    if len(number) < 12:
        return "*" * len(number)
    return number[:4] + "*" * (len(number) - 8) + number[-4:]


def age_on(number: str, day: date) -> int:
    """Full years on `day`."""
    born = birth(number)
    if born is None:
        raise ValueError("no such day of birth")
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
