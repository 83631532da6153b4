"""Queue tickets (候考号): their numbers, whom to call next, how long it may take."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

State = Literal["waiting", "called", "seated", "skipped", "held"]


class Waiting(NamedTuple):
    """One ticket as the queue sees it. `skips`: how often it was called without anybody coming."""

    ticket: str
    number: str
    state: State
    priority: int = 0
    skips: int = 0


def letter(sitting_number: int) -> str:
    """The letter of a sitting's tickets: A for the day's first, B for the second ... AA after Z."""
    if sitting_number < 1:
        raise ValueError("sittings are numbered from 1")
    text, left = "", sitting_number
    while left:
        left, place = divmod(left - 1, 26)
        text = chr(ord("A") + place) + text
    return text


def number(sitting_number: int, place: int) -> str:
    """`A001`, `A002` ... for the `place`-th ticket of a sitting, from 1."""
    if place < 1:
        raise ValueError("tickets are numbered from 1")
    return f"{letter(sitting_number)}{place:03d}"


def place(number: str) -> int:
    """The running number inside a ticket's number; 0 when there is none."""
    digits = number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isdecimal() else 0


def next_number(sitting_number: int, given: Iterable[str]) -> str:
    """The number of the next ticket; numbers are never given twice, not even after a ticket was withdrawn."""
    return number(sitting_number, max((place(one) for one in given), default=0) + 1)


def order(tickets: Iterable[Waiting]) -> list[Waiting]:
    """The tickets that may be called, first one first: priority, then fewest skips, then running number."""
    ready = [one for one in tickets if one.state == "waiting"]
    return sorted(ready, key=lambda one: (-one.priority, one.skips, place(one.number), one.number))


def next_to_call(tickets: Iterable[Waiting]) -> Waiting | None:
    """Whom to call now; None when nobody waits."""
    waiting = order(tickets)
    return waiting[0] if waiting else None


def estimate_s(ahead: int, places: int, seconds_each: Sequence[float]) -> float | None:
    """Rough waiting time in seconds; None without any experience of this day (`seconds_each` empty)."""
    if not seconds_each or places < 1:
        return None
    middle = sorted(seconds_each)[len(seconds_each) // 2]
    return (ahead // places + 1) * middle
