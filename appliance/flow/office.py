"""What the exam office looks at: rosters, the day's results and what still holds them. No writes."""

from collections import Counter
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlmodel import Session, col, func, select

from appliance.flow.box import Box
from appliance.flow.earlier_days import EarlierDay, earlier_days
from appliance.flow.enrol import Person, SittingPlan
from appliance.flow.load_roster import Line, roster_of
from appliance.flow.paper_proof import without_mark
from appliance.flow.today import Today, coming, today
from appliance.flow.verdict import blockers, captures_waiting, scored_on
from appliance.flow.voided import at_stake, voided_sittings
from appliance.intake.catalogue import trade_name
from appliance.records.accounts import Account
from appliance.records.entry import Case
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.sync import Parcel
from appliance.records.theory import Attempt, Mark
from appliance.records.verdict import Release, Verdict
from appliance.records.violations import Violation
from appliance.rules.idnumber import mask
from appliance.wire.ops import SittingLine


class RosterLine(msgspec.Struct, kw_only=True):
    """One roster. `rejected`: rows that could not be taken."""

    id: str
    source: str
    state: str
    file_name: str
    rows: int
    accepted: int
    rejected: int
    loaded_by: str
    loaded_by_id: str
    loaded_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None


class VerdictLine(msgspec.Struct, kw_only=True):
    """One candidate's verdict. `passed` None: a violation waits for its decision (`code` violation_open)."""

    name: str
    number: str
    theory: Decimal | None
    practical: Decimal | None
    passed: bool | None
    code: str
    held: bool
    released: bool
    superseded: bool = False
    """A later result of the same day counts instead."""
    attempt: str
    """The practical attempt, for its score sheet; empty when there is none."""


class Office(msgspec.Struct, kw_only=True):
    """The day. `blockers`: codes; `scored`: the reader signed a score sheet and may not release."""

    today: Today
    rosters: list[RosterLine]
    rooms: list[tuple[str, str, str]]
    blockers: list[str]
    without_mark: list[tuple[str, str]]
    """Name and masked number of those whose paper was altered and is not marked."""
    cases_open: int
    captures_waiting: int
    """Pictures of the day's seats nobody has looked at yet."""
    verdicts: list[VerdictLine]
    released_at: datetime | None
    released_by: str
    all_released: bool
    """Nothing of the day is left to release: every sitting and every verdict that may go is out."""
    scored: bool
    earlier: list[EarlierDay]
    """Days before today with something left to release."""
    coming: list[SittingLine]
    """Sittings of the days after today."""
    rosters_of: dict[str, list[str]]
    """Sitting -> the confirmed rosters its candidates stand on."""
    refused: list[tuple[int, str]]
    """Parcels the province refused: number and its reason. What follows them waits."""


class PlannedLine(msgspec.Struct, kw_only=True):
    """One sitting a roster asks for. `people`: how many of the roster; `clock` durations in seconds."""

    subject: str
    trade_name: str
    room_name: str
    starts_at: datetime
    duration_s: int
    people: int


class RosterPerson(msgspec.Struct, kw_only=True):
    """One row that was taken; the number masked."""

    row: int
    name: str
    number: str
    ticket_number: str
    subject: str
    starts_at: datetime
    resit: bool
    passed: bool
    """This subject of this trade was passed in an earlier sitting."""


class RosterReport(msgspec.Struct, kw_only=True):
    """A roster row by row: what was taken, what not and why, and what was dropped."""

    line: RosterLine
    sha256: str
    rejections: list[dict[str, str | int]]
    dropped: dict[str, int]
    enrolled: int
    planned: list[PlannedLine]
    people: list[RosterPerson]


def _names(session: Session) -> dict[str, str]:
    return {row.id: row.name for row in session.exec(select(Account))}


def _line(roster: Roster, names: dict[str, str]) -> RosterLine:
    return RosterLine(
        id=roster.id,
        source=roster.source,
        state=roster.state,
        file_name=roster.file_name,
        rows=roster.rows,
        accepted=roster.accepted,
        rejected=len({one["row"] for one in msgspec.json.decode(roster.rejected)}),
        loaded_by=names.get(roster.loaded_by, ""),
        loaded_by_id=roster.loaded_by,
        loaded_at=roster.loaded_at,
        confirmed_by=names.get(roster.confirmed_by, ""),
        confirmed_at=roster.confirmed_at,
    )


def office(session: Session, box: Box, account: str) -> Office:
    """The day as the office sees it; `account`: the reader's id."""
    day = today(session, box)
    names = _names(session)
    release = session.exec(
        select(Release).where(Release.day == day.day).order_by(col(Release.released_at).desc())
    ).first()
    ids = [one.id for one in day.sittings]
    verdicts = _verdicts(session, box, day.day)
    ahead = coming(session, box)
    cases = session.exec(
        select(func.count()).select_from(Case).where(Case.state == "open", col(Case.sitting).in_(ids))
    ).one()
    rosters = session.exec(select(Roster).order_by(col(Roster.loaded_at).desc()).limit(20)).all()
    rooms = session.exec(select(Room).where(Room.kind != "waiting").order_by(col(Room.code))).all()
    return Office(
        today=day,
        rosters=[_line(one, names) for one in rosters],
        rooms=[(one.code, one.name, one.kind) for one in rooms],
        blockers=blockers(session, box, day.day),
        without_mark=without_mark(session, ids),
        cases_open=cases,
        captures_waiting=captures_waiting(session, box, ids),
        verdicts=verdicts,
        released_at=release.released_at if release else None,
        released_by=names.get(release.released_by, "") if release else "",
        all_released=release is not None
        and all(one.state == "released" for one in day.sittings)
        and all(one.released or one.held or one.code == "violation_open" for one in verdicts),
        scored=scored_on(session, box, day.day, account),
        earlier=earlier_days(session, box, account),
        coming=ahead,
        rosters_of=_rosters_of(session, [*ids, *(one.id for one in ahead)]),
        refused=list(
            session.exec(
                select(Parcel.number, Parcel.last_error)
                .where(Parcel.state == "refused")
                .order_by(col(Parcel.last_seq))
            )
        ),
    )


def _verdicts(session: Session, box: Box, day: str) -> list[VerdictLine]:
    marked = session.exec(
        select(Mark.marked_at, Attempt.candidate, Attempt.id)
        .join(Attempt, col(Attempt.id) == col(Mark.attempt))
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .join(Verdict, (col(Verdict.candidate) == col(Attempt.candidate)) & (col(Verdict.day) == day))
        .where(Sitting.subject == "practical", col(Sitting.trade) == col(Verdict.trade))
        .order_by(col(Mark.marked_at))
    ).all()
    rows = session.exec(
        select(Verdict, Candidate)
        .join(Candidate, col(Candidate.id) == col(Verdict.candidate))
        .where(Verdict.day == day)
        .order_by(col(Verdict.decided_at))
    ).all()
    newest = {(one.candidate, one.trade): one.id for one, _person in rows}
    accused = set(session.exec(select(Violation.candidate).where(Violation.decision == "")))
    stake = {who: {sat.trade for sat in at_stake(session, box, who).values()} for who in accused}
    found = []
    for one, person in rows:
        last = newest[one.candidate, one.trade] == one.id
        mine = [
            attempt for at, who, attempt in marked if who == one.candidate and (last or at <= one.decided_at)
        ]
        waits = one.trade in stake.get(one.candidate, ())  # one released before says nothing either
        found.append(
            VerdictLine(
                name=person.name,
                number=person.number_masked,
                theory=one.theory,
                practical=one.practical,
                passed=None if waits else one.passed,
                code="violation_open" if waits else one.code,
                held=one.held,
                released=one.release is not None,
                superseded=not last,
                attempt=mine[-1] if mine else "",
            )
        )
    return found


def _rosters_of(session: Session, sittings: list[str]) -> dict[str, list[str]]:
    rows = session.exec(
        select(RosterRow.sitting, RosterRow.roster)
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .where(col(RosterRow.sitting).in_(sittings), Roster.state == "active")
        .distinct()
        .order_by(col(RosterRow.roster))
    )
    found: dict[str, list[str]] = {}
    for sitting, roster in rows:
        found.setdefault(sitting, []).append(roster)
    return found


def _enrolled(session: Session, roster: Roster) -> list[Line]:
    """The rows of a roster in force, as they stand in the tables; numbers stay masked."""
    rows = session.exec(
        select(RosterRow, Candidate, Sitting)
        .join(Candidate, col(Candidate.id) == col(RosterRow.candidate))
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .where(RosterRow.roster == roster.id)
        .order_by(col(RosterRow.row))
    )
    return [
        Line(
            plan=SittingPlan(
                subject=sitting.subject,
                trade=sitting.trade,
                room=sitting.room,
                starts_at=sitting.starts_at,
                duration_s=sitting.duration_s,
            ),
            person=Person(
                row=row.row,
                name=person.name,
                number=person.number_masked,
                kind=row.kind,
                ticket_number=row.ticket_number,
            ),
        )
        for row, person, sitting in rows
    ]


def _planned(session: Session, lines: list[Line]) -> list[PlannedLine]:
    rooms = {row.code: row.name for row in session.exec(select(Room))}
    counts = Counter(one.plan for one in lines)
    return [
        PlannedLine(
            subject=plan.subject,
            trade_name=trade_name(plan.trade),
            room_name=rooms.get(plan.room, plan.room),
            starts_at=plan.starts_at,
            duration_s=plan.duration_s,
            people=count,
        )
        for plan, count in sorted(counts.items(), key=lambda pair: (pair[0].starts_at, pair[0].subject))
    ]


def _passed_before(session: Session, box: Box, roster: Roster, one: Line) -> bool:
    """Has this line's person passed its subject of its trade before the sitting it asks for?"""
    number = col(Candidate.number_index) == box.key.index(one.person.number)
    if roster.state != "pending":  # its lines are in the tables and show no number
        row = select(RosterRow.candidate).where(
            RosterRow.roster == roster.id, RosterRow.row == one.person.row
        )
        number = col(Candidate.id).in_(row)
    passed = session.exec(
        select(Mark.passed, Attempt.sitting, Attempt.candidate)
        .join(Attempt, col(Attempt.id) == col(Mark.attempt))
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .join(Candidate, col(Candidate.id) == col(Attempt.candidate))
        .where(
            number,
            Sitting.trade == one.plan.trade,
            Sitting.subject == one.plan.subject,
            col(Sitting.starts_at) < one.plan.starts_at,
        )
        .order_by(col(Mark.marked_at).desc(), col(Mark.version).desc())
    ).first()
    if passed is None or not passed[0]:
        return False
    gone = voided_sittings(session, box, passed[2]) | at_stake(session, box, passed[2])
    return passed[1] not in gone


def roster_report(session: Session, box: Box, roster_id: str, waiting: list[Line]) -> RosterReport:
    """One roster row by row; `waiting`: its sealed lines while it waits for the second person."""
    roster = roster_of(session, roster_id)
    lines = waiting if roster.state == "pending" else _enrolled(session, roster)
    enrolled = session.exec(
        select(func.count()).select_from(RosterRow).where(RosterRow.roster == roster.id)
    ).one()
    return RosterReport(
        line=_line(roster, _names(session)),
        sha256=roster.file_sha256,
        rejections=msgspec.json.decode(roster.rejected),
        dropped=msgspec.json.decode(roster.dropped),
        enrolled=enrolled,
        planned=_planned(session, lines),
        people=[
            RosterPerson(
                row=one.person.row,
                name=one.person.name,
                number=one.person.number if "*" in one.person.number else mask(one.person.number),
                ticket_number=one.person.ticket_number,
                subject=one.plan.subject,
                starts_at=one.plan.starts_at,
                resit=one.person.kind == "resit",
                passed=_passed_before(session, box, roster, one),
            )
            for one in lines
        ],
    )
