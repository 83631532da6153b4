"""Times of a sitting: admission window, phases, deadlines. Instants are aware; nothing here reads a clock."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

Entry = Literal["too_early", "open", "too_late"]
Phase = Literal["before", "admission", "running", "entry_closed", "over"]


def window(starts_at: datetime, opens_before_s: int, closes_after_s: int) -> tuple[datetime, datetime]:
    """When admission opens and when entry closes."""
    return starts_at - timedelta(seconds=opens_before_s), starts_at + timedelta(seconds=closes_after_s)


def entry(now: datetime, opens_at: datetime, closes_at: datetime) -> Entry:
    """Whether somebody may enter now. The opening instant is open, the closing instant is closed."""
    if now < opens_at:
        return "too_early"
    return "open" if now < closes_at else "too_late"


def resumed_end(ends_at: datetime, paused_at: datetime, now: datetime, given_back: bool) -> datetime:
    """When an exam ends that stood still from `paused_at` until `now`: so much later, when time is given back."""
    return ends_at + max(now - paused_at, timedelta(0)) if given_back else ends_at


def lost_seconds(
    gone: datetime, back: datetime, pauses: Iterable[tuple[datetime, datetime | None]] = ()
) -> int:
    """Whole seconds a station was away while its exam ran: what fell into a pause was not lost.

    `gone`: the last sign of life. `pauses`: from and until (None = still on).
    """
    lost, at = timedelta(0), gone
    for began, ended in sorted(pauses, key=lambda one: one[0]):
        lost += max(min(began, back) - at, timedelta(0))
        at = max(at, min(ended or back, back))
    return int((lost + max(back - at, timedelta(0))).total_seconds())


def many_lost(lost: int, of: int, share: float, least: int) -> bool:
    """Whether so many stations of one room are away that it is the room's fault, not theirs.

    `of`: stations at which somebody writes; both a number and a share of them have to be away.
    """
    return of > 0 and lost >= max(least, 1) and lost >= of * share


def remaining(now: datetime, ends_at: datetime) -> int:
    """Whole seconds left, never below 0."""
    return max(0, int((ends_at - now).total_seconds()))


def phase(
    now: datetime,
    opens_at: datetime,
    closes_at: datetime,
    started_at: datetime | None,
    ends_at: datetime | None,
) -> Phase:
    """Where a sitting stands as people see it; `started_at` and `ends_at` are None before the start."""
    if ends_at is not None and now >= ends_at:
        return "over"
    if started_at is not None and now >= started_at:
        return "running" if now < closes_at else "entry_closed"
    return "before" if now < opens_at else "admission"


def faults(
    opens_before_s: int, closes_after_s: int, duration_s: int | None, earliest_leave_s: int
) -> list[str]:
    """What is wrong with a sitting's settings, as codes; `duration_s` None = not known yet.

    Latest entry and earliest leaving may not overlap, or a paper could leave before the last candidate came.
    """
    found = []
    if opens_before_s < 0 or closes_after_s < 0 or earliest_leave_s < 0:
        found.append("negative")
    if duration_s is not None and closes_after_s > duration_s:
        found.append("entry_after_end")
    if 0 < earliest_leave_s < closes_after_s:
        found.append("leaving_before_entry_closes")
    return found
