"""What belongs into an evidence package besides the recordings: sealed pictures, sheets, and the journal's words. No
writes.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlmodel import Session, col, or_, select

from appliance.base.i18n import _, translate
from appliance.base.journal_words import actor_word, kind_word
from appliance.flow.box import Box
from appliance.flow.marks import Mark, marks_of
from appliance.flow.note_case import KINDS
from appliance.flow.seen import AROUND, LATER, Seen, belongs
from appliance.flow.violation_sheets import violation_sheet_facts
from appliance.records.accounts import Account
from appliance.records.base import instant, moment
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal, JournalHead
from appliance.records.theory import Attempt
from appliance.records.violations import Evidence, Violation, ViolationCase
from appliance.wire.evidence import Photo, RecordLine
from appliance.wire.sheets import ViolationSheet

SAME = timedelta(seconds=1)
"""An entry written sooner after what it tells of has no second time on paper."""


PORTRAYED = ("candidate", "case")
"""What is about one person, whose photographs belong to it: a seat or a room is nobody's."""

TIES = frozenset(
    (
        "tap.decided",
        "face.compared",
        "card.photographed",
        "case.opened",
        "case.decided",
        "admission.granted",
        "ticket.issued",
        "seat.taken",
        "seat.left",
        "lease.granted",
        "seat_check.passed",
        "seat_check.handed_over",
        "seat_check.decided",
        "rules.accepted",
        "attempt.started",
    )
)
"""Kinds that tie a person to a seat: they belong to a package about one, however short its time."""

MATTERS = ("case.", "exam_case.", "violation.")
"""What the kinds of entries about a case or a violation begin with: not each of them is a mark."""


class Sealed(msgspec.Struct, kw_only=True):
    """A sealed file to be taken along. `name`: its SHA-256 in the box's store; `path`: without its ending."""

    name: str
    path: str
    kind: Literal["still", "screen"]
    at: datetime
    camera: str = ""
    photo: Photo | Literal[""] = ""
    """Of the candidate's photographs: which."""


class Facts(msgspec.Struct, kw_only=True):
    """Everything of one matter between two times, and the journal's head when it was read."""

    sealed: list[Sealed]
    violations: list[ViolationSheet]
    lines: list[RecordLine]
    marks: list[Mark]
    """What each line was made of."""
    names: dict[str, str]
    """What lanes and accounts are called."""
    people: dict[str, str]
    """Whose entry it is, where several are concerned: by subject, and by tap."""
    journal_seq: int
    journal_hash: str


def package_facts(session: Session, box: Box, seen: Seen, start: datetime, end: datetime, by: str) -> Facts:
    """Of the candidates a time line is about."""
    people = [seen.candidate] if seen.candidate else list(seen.names)
    names = actors(session, box)
    head = session.exec(select(JournalHead).where(JournalHead.id == 1)).one()
    found = select(Violation.id, Violation.seat).where(
        or_(
            Violation.id == seen.id,
            col(Violation.id).in_(select(ViolationCase.violation).where(ViolationCase.case == seen.id)),
            col(Violation.candidate).in_(people)
            & (col(Violation.happened_at) >= start)
            & (col(Violation.happened_at) <= end),
        )
    )
    violations = [one for one, seat in session.exec(found) if belongs(seen, seat)]
    sheets = [violation_sheet_facts(session, box, one, by) for one in violations]
    found_marks = _marks(session, seen, start, end)
    if seen.sort in PORTRAYED:
        matters = {*violations, seen.id}
        known = {one.seq for one in found_marks}
        found_marks += [one for one in _ties(session, box, seen, matters, start, end) if one.seq not in known]
        found_marks.sort(key=lambda one: (one.seq, one.at))
    return Facts(
        sealed=_photos(session, seen, start, end) + _sealed(session, seen, people, start, end),
        violations=sheets,
        lines=_lines(session, found_marks, names),
        marks=found_marks,
        names=names,
        people={} if seen.sort in PORTRAYED else seen.names | seen.taps,
        journal_seq=head.seq,
        journal_hash=head.hash,
    )


def _photos(session: Session, seen: Seen, start: datetime, end: datetime) -> list[Sealed]:
    """Who a film shows: the photographs of each face check of that visit, as the candidate's record has them."""
    if seen.sort not in PORTRAYED:
        return []
    visits = [one for one in seen.visits if one.start < end and start < one.end]
    found: dict[str, Sealed] = {}
    for check in session.exec(
        select(FaceCheck)
        .join(Tap, col(Tap.id) == col(FaceCheck.tap))
        .where(Tap.candidate == seen.candidate)
        .order_by(col(FaceCheck.happened_at))
    ):
        if not any(one.start <= check.happened_at <= one.end for one in visits):
            continue
        held: Photo = "roster" if check.reference == "roster" else "chip"
        pictures: list[tuple[Photo, str]] = [(held, check.reference_photo), ("live", check.live_photo)]
        for which, name in pictures:
            if name and name not in found:
                found[name] = Sealed(name=name, path=which, kind="still", at=check.happened_at, photo=which)
    return list(found.values())


def _sealed(session: Session, seen: Seen, people: list[str], start: datetime, end: datetime) -> list[Sealed]:
    found = []
    captures = select(Capture).join(Attempt, col(Attempt.id) == col(Capture.attempt))
    for shot in session.exec(
        captures.where(
            col(Attempt.candidate).in_(people), Capture.happened_at >= start, Capture.happened_at <= end
        )
    ):
        if shot.picture and belongs(seen, shot.seat):
            found.append(Sealed(name=shot.picture, path="seat", kind="still", at=shot.happened_at))
    for case in session.exec(
        select(ExamCase).where(
            col(ExamCase.candidate).in_(people), ExamCase.happened_at >= start, ExamCase.happened_at <= end
        )
    ):
        if case.picture and belongs(seen, case.seat or ""):
            found.append(Sealed(name=case.picture, path="case", kind="still", at=case.happened_at))
    for kept in session.exec(
        select(Evidence).where(
            col(Evidence.candidate).in_(people), Evidence.taken_at >= start, Evidence.taken_at <= end
        )
    ):
        if not belongs(seen, kept.seat):
            continue
        screen = kept.kind == "screen"
        path, kind = ("screen", "screen") if screen else ("evidence", "still")
        found.append(
            Sealed(name=kept.sha256, path=path, kind=kind, at=kept.taken_at, camera=kept.camera)  # type: ignore[arg-type]
        )
    alone = {one.name: one for one in sorted(found, key=lambda one: (one.at, one.name), reverse=True)}
    return sorted(alone.values(), key=lambda one: (one.at, one.name))


def _marks(session: Session, seen: Seen, start: datetime, end: datetime) -> list[Mark]:
    # What happened then may be written long after: deductions when the sheet is signed, a case when it is seen.
    until = max([end, *(visit.end + LATER for visit in seen.visits)])
    subjects = seen.subjects or seen.tapped
    found = [
        one
        for one in marks_of(session, subjects, start - AROUND, until, answers=seen.sort != "room")
        if start <= one.at <= end and belongs(seen, one.seat)
    ]
    if seen.taps:  # a lane's are what came of the cards put down there
        found = [one for one in found if one.body.get("tap") in seen.taps]
    return sorted(found, key=lambda one: (one.seq, one.at))


def _ties(
    session: Session, box: Box, seen: Seen, matters: set[str], start: datetime, end: datetime
) -> list[Mark]:
    """What ties this person to the seat in the visits of this time, and every entry of a violation or case."""
    visits = [
        (one.start - AROUND, one.end + AROUND)
        for one in seen.visits
        if (one.start < end and start < one.end) or (seen.at and one.start <= seen.at <= one.end)
    ]
    since = min((first for first, _last in visits), default=start - AROUND)
    rows = session.exec(
        select(Journal)
        .where(
            Journal.subject == seen.candidate,
            or_(
                col(Journal.kind).in_(TIES) & (Journal.at >= instant(since)),
                *(col(Journal.kind).startswith(one) for one in MATTERS),
            ),
        )
        .order_by(col(Journal.seq))
    )
    # Marks know when a deed was and what was seen; what is no mark on the time line is told by its entry alone.
    until = box.now() + LATER
    told = {one.seq: one for one in marks_of(session, [seen.candidate], since, until, answers=False)}
    every = {row.seq: _plain(row) for row in rows} | told
    return [
        one
        for one in every.values()
        if matters & {one.body.get("violation"), one.body.get("case")}
        or (one.kind in TIES and any(first <= one.at <= last for first, last in visits))
    ]


def _plain(row: Journal) -> Mark:
    body = msgspec.json.decode(row.body)
    at, seat = moment(row.at), str(body.get("seat", "")) or row.actor.partition("seat:")[2]
    return Mark(
        at=at, recorded=at, seq=row.seq, kind=row.kind, sort="seat", subject=row.subject, seat=seat, body=body
    )


def _lines(session: Session, marks: list[Mark], names: dict[str, str]) -> list[RecordLine]:
    rows = session.exec(select(Journal).where(col(Journal.seq).in_([one.seq for one in marks])))
    entries = {row.seq: row for row in rows}
    return [
        RecordLine(
            seq=one.seq,
            at=moment(entries[one.seq].at),
            happened=one.at if abs(one.at - moment(entries[one.seq].at)) >= SAME else None,
            what=mark_title(one),
            more=mark_words(one),
            actor=actor_word(entries[one.seq].actor, names),
            hash=entries[one.seq].hash,
        )
        for one in marks
    ]


def actors(session: Session, box: Box) -> dict[str, str]:
    """What lanes and accounts are called."""
    names = {lane.code: lane.name for lane in box.settings.lanes}
    return names | {row.id: row.name for row in session.exec(select(Account))}


def mark_title(mark: Mark) -> str:
    """What a mark is. One loss of a score sheet is more than the sheet."""
    if mark.points or mark.veto:
        return _("Veto item") if mark.veto else _("Points taken off: {points}").format(points=mark.points)
    return kind_word(mark.kind)


def mark_words(mark: Mark) -> str:
    """What a mark says besides what it is."""
    if mark.position:
        return _("Question {number}").format(number=mark.position)
    if mark.points or mark.veto:
        return _("Task {task}: {text}").format(task=mark.task, text=mark.text)
    if mark.sort == "deduction":
        return _("Task {task}: deductions {count}, points left {points}").format(
            task=mark.task, count=mark.deductions, points=mark.lost
        )
    if mark.noticed or mark.found:
        return "; ".join(translate(KINDS[one]) for one in [mark.noticed, *mark.found] if one in KINDS)
    return mark.text
