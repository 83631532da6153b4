"""The day at a glance: every sitting with its counts."""

from collections import Counter
from datetime import datetime, time, timedelta

import msgspec
from sqlmodel import Session, and_, col, func, or_, select

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.voided import undecided_attempts, voided_attempts
from appliance.intake.catalogue import trade_name
from appliance.records.entry import Admission, Case
from appliance.records.roster import Roster, RosterRow
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.records.waiting import Ticket
from appliance.wire.ops import SittingLine


class Today(msgspec.Struct, kw_only=True):
    """All sittings of one local day."""

    day: str
    now: datetime
    sittings: list[SittingLine]
    cases_open: int


def day_bounds(box: Box, day: str = "") -> tuple[datetime, datetime]:
    """Start and end of a local day (default: today)."""
    try:
        date = datetime.strptime(day, "%Y-%m-%d").date() if day else box.today()
    except ValueError as error:
        raise Corrupt(
            "bad_day", N_("This is no day: {day}"), N_("Write it as 2026-11-21."), day=day
        ) from error
    start = datetime.combine(date, time(), tzinfo=box.zone)
    return start, start + timedelta(days=1)


def sittings_of_day(session: Session, box: Box, day: str = "") -> list[Sitting]:
    """Sittings of a local day in order of their start; today, also those that go on over midnight."""
    start, end = day_bounds(box, day)
    wanted = and_(col(Sitting.starts_at) >= start, col(Sitting.starts_at) < end)
    if not day:
        now = box.now()
        entering = and_(Sitting.state == "planned", Sitting.opens_at <= now, Sitting.closes_at > now)
        wanted = or_(wanted, entering, Sitting.state == "running")
    return list(
        session.exec(select(Sitting).where(wanted).order_by(col(Sitting.starts_at), col(Sitting.number)))
    )


def over_today(session: Session, box: Box) -> list[SittingLine]:
    """Today's sittings that are over, in order of their start; for pages that have nothing else to show."""
    return [
        line(session, box, one) for one in sittings_of_day(session, box) if one.state in ("ended", "released")
    ]


def coming(session: Session, box: Box, limit: int = 30) -> list[SittingLine]:
    """Sittings of the days after today."""
    _start, end = day_bounds(box)
    rows = session.exec(
        select(Sitting)
        .where(col(Sitting.starts_at) >= end)
        .order_by(col(Sitting.starts_at), col(Sitting.number))
        .limit(limit)
    )
    return [line(session, box, one) for one in rows]


def expected_of(session: Session, sitting: str) -> int:
    """Candidates of confirmed rosters expected at a sitting."""
    return session.exec(
        select(func.count())
        .select_from(RosterRow)
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .where(RosterRow.sitting == sitting, Roster.state == "active")
    ).one()


def line(session: Session, box: Box, sitting: Sitting) -> SittingLine:
    """One sitting with its counts."""
    tickets = Counter(session.exec(select(Ticket.state).where(Ticket.sitting == sitting.id)).all())
    attempts = Counter(session.exec(select(Attempt.state).where(Attempt.sitting == sitting.id)).all())
    rows = select(Attempt.id).join(Mark, col(Mark.attempt) == col(Attempt.id))
    passed = set(session.exec(rows.where(Attempt.sitting == sitting.id, col(Mark.passed))).all())
    if passed:
        passed -= voided_attempts(session, box, sitting.id) | undecided_attempts(session, box, sitting.id)
    arrived = session.exec(
        select(func.count()).select_from(Admission).where(Admission.sitting == sitting.id)
    ).one()
    return SittingLine(
        id=sitting.id,
        number=sitting.number,
        subject=sitting.subject,
        trade=sitting.trade,
        trade_name=trade_name(sitting.trade),
        room=sitting.room,
        room_name=session.get_one(Room, sitting.room).name,
        starts_at=sitting.starts_at,
        started_at=sitting.started_at,
        ends_at=sitting.ends_at,
        ended_at=sitting.ended_at,
        opens_at=sitting.opens_at,
        closes_at=sitting.closes_at,
        state=sitting.state,
        expected=expected_of(session, sitting.id),
        arrived=arrived,
        waiting=tickets["waiting"] + tickets["held"] + tickets["skipped"],
        called=tickets["called"],
        seated=attempts["seated"] + attempts["ready"],
        running=attempts["running"],
        handed_in=attempts["handed_in"] + attempts["marked"],
        marked=attempts["marked"],
        passed=len(passed),
    )


def today(session: Session, box: Box, day: str = "") -> Today:
    """The day's sittings; `day` as YYYY-MM-DD, default today."""
    start, _ = day_bounds(box, day)
    cases = session.exec(select(func.count()).select_from(Case).where(Case.state == "open")).one()
    return Today(
        day=start.strftime("%Y-%m-%d"),
        now=box.now(),
        sittings=[line(session, box, sitting) for sitting in sittings_of_day(session, box, day)],
        cases_open=cases,
    )
