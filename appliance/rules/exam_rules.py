"""The rules of one exam a site may set: when a paper opens and ends, when one may leave, when the result is shown."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

Start = Literal["together", "entering"]
Result = Literal["at_once", "later", "never"]
SignIn = Literal["seat", "code"]
TimeLost = Literal["counts", "given_back"]


class ExamRules(msgspec.Struct, frozen=True, kw_only=True):
    """As a sitting keeps them from its planning on. Durations in seconds."""

    start: Start = "together"
    """together: everybody ends with the sitting, who comes late loses the time. entering: everybody has the whole
    time from opening the paper, but not past the latest end.
    """
    latest_end: int = 900
    """With `entering`: so long after the sitting's duration everybody ends."""
    earliest_leaving: int = 0
    """Nobody hands in earlier than so long after the start."""
    early_hand_in: bool = True
    """Whether candidates may hand in before the end at all."""
    sign_in: SignIn = "seat"
    """seat: at the seat one was called to, with the last four characters. code: also at a free seat, with ID or ticket
    number and the sitting's pass code.
    """
    result: Result = "at_once"
    """at_once: when nobody of the sitting writes any more; later: once released; never: not on the exam page."""
    time_lost: TimeLost = "given_back"
    """given_back: a pause moves the end, what a dead station cost is offered. counts: the clock runs on."""


def sitting_end(rules: ExamRules, started_at: datetime, duration_s: int) -> datetime:
    """When everybody without more time ends."""
    more = rules.latest_end if rules.start == "entering" else 0
    return started_at + timedelta(seconds=duration_s + more)


def attempt_end(
    rules: ExamRules, began_at: datetime, duration_s: int, ends_at: datetime, more_percent: int = 0
) -> datetime:
    """When an attempt begun at `began_at` ends. `ends_at`: the sitting's end; approved time comes on top."""
    own = began_at + timedelta(seconds=duration_s)
    end = min(own, ends_at) if rules.start == "entering" else ends_at
    return end + timedelta(seconds=duration_s * more_percent // 100)


def hand_in_from(rules: ExamRules, started_at: datetime, deadline: datetime) -> datetime:
    """From when a candidate may hand in; the deadline itself where nobody may early."""
    if not rules.early_hand_in:
        return deadline
    return min(started_at + timedelta(seconds=rules.earliest_leaving), deadline)


def result_shown(
    rules: ExamRules, sitting_state: str, states: Iterable[str], now: datetime, closes_at: datetime
) -> bool:
    """Whether the exam page shows a result now; never while others still sit or may still enter.

    `states`: of all attempts of the sitting.
    """
    if sitting_state == "released":
        return rules.result != "never"
    if rules.result != "at_once":
        return False
    if sitting_state == "ended":
        return True
    return now >= closes_at and not {"seated", "ready", "running"} & set(states)
