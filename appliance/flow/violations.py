"""Violations as people look at them: the list of a span, one case beside its evidence. No writes."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.decide_violation import decisions_of, violation_of
from appliance.flow.evidence import attempt_at, holder
from appliance.flow.record_violation import words_digest
from appliance.flow.seat_watch import Shot, attempt_portrait, capture_picture, shots_near
from appliance.intake.catalogue import trade_name
from appliance.intake.violations import BrokenRule, broken_rule
from appliance.records.accounts import Account
from appliance.records.base import instant
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Evidence, Violation, ViolationCase

MOST = 200
SHOTS = 6
"""Captures of the seat beside a violation; the inspector sees all."""


class EvidenceLine(msgspec.Struct, kw_only=True):
    """One piece of evidence. `kind`: screen or camera."""

    id: str
    kind: str
    camera: str
    taken_at: datetime
    sha256: str


class CaseLine(msgspec.Struct, kw_only=True):
    """A case of the exam."""

    id: str
    attempt: str
    kind: str
    name: str
    seat: str
    happened_at: datetime
    until: datetime | None
    pictured: bool
    state: str


class DecisionLine(msgspec.Struct, kw_only=True):
    """One decision; the last of a list is in force."""

    id: str
    decision: str
    reason: str
    at: datetime
    by: str
    second: str


class AtSeat(msgspec.Struct, kw_only=True):
    """Whoever sits at a seat, and what there is about them that no record holds yet."""

    candidate: str
    name: str
    number: str
    state: str
    evidence: list[EvidenceLine]
    cases: list[CaseLine]


class ViolationLine(msgspec.Struct, kw_only=True):
    """One violation in the list."""

    id: str
    number: int
    sitting: str
    sitting_number: int
    subject: str
    trade: str
    starts_at: datetime
    released: bool
    seat: str
    name: str
    rule: BrokenRule
    at: datetime
    """When it happened, as those who recorded it wrote."""
    recorded_at: datetime
    decision: str


class ViolationFile(msgspec.Struct, kw_only=True):
    """One violation with everything that belongs to it.

    `altered`: what was written down, or its time, is no longer what the journal holds.
    """

    line: ViolationLine
    candidate: str
    attempt: str
    """Empty for somebody who has not signed in."""
    number: str
    seen: str
    taken: str
    told: str
    told_at: datetime
    said: str
    recorded_at: datetime
    recorded_by: str
    second: str
    staff: tuple[str, str]
    """Accounts of those two: they do not decide."""
    evidence: list[EvidenceLine]
    cases: list[CaseLine]
    shots: list[Shot]
    """What the seat's camera saw nearest to it."""
    portrait: bool
    """There is a photograph to compare them with."""
    decisions: list[DecisionLine]
    altered: bool
    writing: bool
    """The candidate still writes: a record alone stops nobody."""


def _evidence(one: Evidence) -> EvidenceLine:
    return EvidenceLine(id=one.id, kind=one.kind, camera=one.camera, taken_at=one.taken_at, sha256=one.sha256)


def _case(one: ExamCase, name: str = "") -> CaseLine:
    return CaseLine(
        id=one.id,
        attempt=one.attempt,
        kind=one.kind,
        name=name,
        seat=one.seat or "",
        happened_at=one.happened_at,
        until=one.until,
        pictured=bool(one.picture),
        state=one.state,
    )


def at_seat(session: Session, box: Box, sitting: str, seat: str) -> AtSeat:
    """Who sits there, evidence kept and cases open."""
    taking = holder(session, sitting, seat)
    candidate = session.get_one(Candidate, taking.candidate)
    attempt = attempt_at(session, sitting, candidate.id)
    loose = select(Evidence).where(
        Evidence.sitting == sitting, Evidence.candidate == candidate.id, col(Evidence.violation).is_(None)
    )
    cases = select(ExamCase).where(
        ExamCase.sitting == sitting, ExamCase.candidate == candidate.id, ExamCase.state == "open"
    )
    return AtSeat(
        candidate=candidate.id,
        name=candidate.name,
        number=candidate.number_masked,
        state=attempt.state if attempt else "",
        evidence=[_evidence(one) for one in session.exec(loose.order_by(col(Evidence.taken_at)))],
        cases=[_case(one) for one in session.exec(cases.order_by(col(ExamCase.happened_at)))],
    )


def _line(violation: Violation, sitting: Sitting, candidate: Candidate) -> ViolationLine:
    return ViolationLine(
        id=violation.id,
        number=violation.number,
        sitting=sitting.id,
        sitting_number=sitting.number,
        subject=sitting.subject,
        trade=trade_name(sitting.trade),
        starts_at=sitting.starts_at,
        released=sitting.state == "released",
        seat=violation.seat,
        name=candidate.name,
        rule=broken_rule(violation.rule),
        at=violation.happened_at,
        recorded_at=violation.recorded_at,
        decision=violation.decision,
    )


def violation_list(session: Session, box: Box) -> list[ViolationLine]:
    """Undecided ones first, then the newest."""
    rows = session.exec(
        select(Violation, Sitting, Candidate)
        .join(Sitting, col(Sitting.id) == col(Violation.sitting))
        .join(Candidate, col(Candidate.id) == col(Violation.candidate))
        .order_by((col(Violation.decision) != ""), col(Violation.recorded_at).desc())
        .limit(MOST)
    )
    return [_line(*row) for row in rows]


def open_cases(session: Session, box: Box) -> list[CaseLine]:
    """Cases of the exam nobody has decided, oldest first."""
    rows = session.exec(
        select(ExamCase, Candidate.name)
        .join(Candidate, col(Candidate.id) == col(ExamCase.candidate))
        .where(ExamCase.state == "open")
        .order_by(col(ExamCase.happened_at))
        .limit(MOST)
    )
    return [_case(case, name) for case, name in rows]


def violation_case(session: Session, box: Box, violation_id: str) -> ViolationFile:
    """One violation with its evidence, cases and decisions."""
    found = violation_of(session, violation_id)
    candidate = session.get_one(Candidate, found.candidate)
    names = {row.id: row.name for row in session.exec(select(Account))}
    evidence = session.exec(
        select(Evidence).where(Evidence.violation == found.id).order_by(col(Evidence.taken_at))
    )
    cases = session.exec(
        select(ExamCase)
        .join(ViolationCase, col(ViolationCase.case) == col(ExamCase.id))
        .where(ViolationCase.violation == found.id)
        .order_by(col(ExamCase.happened_at))
    )
    running = select(Attempt.id).where(
        Attempt.sitting == found.sitting, Attempt.candidate == candidate.id, Attempt.state == "running"
    )
    lines = [_evidence(one) for one in evidence]
    kept = [_case(one) for one in cases]
    return ViolationFile(
        line=_line(found, session.get_one(Sitting, found.sitting), candidate),
        candidate=candidate.id,
        attempt=found.attempt or "",
        number=candidate.number_masked,
        seen=found.seen,
        taken=found.taken,
        told=found.told,
        told_at=found.told_at,
        said=found.said,
        recorded_at=found.recorded_at,
        recorded_by=names.get(found.recorded_by, ""),
        second=names.get(found.second_by, ""),
        staff=(found.recorded_by, found.second_by),
        evidence=lines,
        cases=kept,
        shots=shots_near(session, found.attempt or "", moments(found.happened_at, lines, kept), SHOTS),
        portrait=bool(found.attempt and attempt_portrait(session, found.attempt)[0]),
        decisions=[
            DecisionLine(
                id=one.id,
                decision=one.decision,
                reason=one.reason,
                at=one.decided_at,
                by=names.get(one.decided_by, ""),
                second=names.get(one.second_by, ""),
            )
            for one in decisions_of(session, found.id)
        ],
        altered=not _as_journaled(session, found),
        writing=session.exec(running).first() is not None,
    )


def violation_shot(session: Session, box: Box, violation_id: str, capture_id: str) -> tuple[str, str]:
    """Name of the sealed picture of one of a violation's captures, and whose it is; NotFound for any other."""
    found = violation_case(session, box, violation_id)
    if capture_id not in {one.id for one in found.shots}:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    return capture_picture(session, capture_id)[0], found.candidate


def violation_portrait(session: Session, violation_id: str) -> tuple[str, str]:
    """Name of the sealed photograph the captures beside a violation are compared with, and whose it is."""
    found = violation_of(session, violation_id)
    name = attempt_portrait(session, found.attempt)[0] if found.attempt else ""
    if not name:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    return name, found.candidate


def moments(
    happened_at: datetime, evidence: Iterable[EvidenceLine], cases: Iterable[CaseLine]
) -> list[datetime]:
    """When something happened that a violation rests on: what is to be seen in the recordings."""
    return [happened_at, *(one.taken_at for one in evidence), *(one.happened_at for one in cases)]


def _as_journaled(session: Session, violation: Violation) -> bool:
    rows = session.exec(
        select(Journal.body).where(
            Journal.subject == violation.candidate, Journal.kind == "violation.recorded"
        )
    )
    bodies = [msgspec.json.decode(body) for body in rows]
    happened = instant(violation.happened_at)
    kept = words_digest(violation), violation.rule, happened
    return any(  # entries of before do not say when it happened
        one["violation"] == violation.id
        and (one["words_sha256"], one["rule"], one.get("happened_at", happened)) == kept
        for one in bodies
    )
