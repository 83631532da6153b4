"""Recording a violation (违纪登记表): the rule, two of the staff, what was seen and taken, what the candidate was told.

Recording decides nothing: two people who had no part in it decide later (flow/decide_violation.py).
"""

import hashlib
from datetime import datetime

import msgspec
from sqlmodel import Session, col, func, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.flow.evidence import attempt_at, require_holder
from appliance.flow.start_sitting import sitting_of
from appliance.flow.verdict import decide_days
from appliance.intake.violations import TOLD, broken_rule
from appliance.records.base import instant
from appliance.records.cases import ExamCase
from appliance.records.journal import append
from appliance.records.verdict import Verdict
from appliance.records.violations import Evidence, Violation, ViolationCase

LONGEST = 500
STAFF = ("invigilator", "chief")


class Seen(msgspec.Struct, kw_only=True):
    """What two of the staff put down. `id` is given by the page: sent twice, it is recorded once."""

    id: str
    sitting: str
    seat: str
    candidate: str
    """Whom the page showed: seats change hands."""
    rule: str
    seen: str
    taken: str = ""
    told: str = "signed"
    said: str = ""
    happened_at: datetime | None = None
    """None = now."""
    evidence: list[str] = []
    cases: list[str] = []


def record_violation(session: Session, box: Box, form: Seen, who: Who, second_login: str) -> Violation:
    """Record it for whoever sits, or sat, at the seat; after the release too: the decision then amends the verdict."""
    if known := session.get(Violation, form.id):
        return known
    _require_whole(form)
    broken_rule(form.rule)
    sitting = sitting_of(session, form.sitting)
    second = second_person(session, who, second_login, STAFF)
    taking = require_holder(session, sitting.id, form.seat, form.candidate)
    attempt = attempt_at(session, sitting.id, taking.candidate)
    before = select(func.count()).select_from(Violation).where(Violation.sitting == sitting.id)
    now = box.now()
    violation = Violation(
        id=form.id,
        number=session.exec(before).one() + 1,
        sitting=sitting.id,
        candidate=taking.candidate,
        attempt=attempt.id if attempt else None,
        seat=form.seat,
        rule=form.rule,
        seen=form.seen.strip(),
        taken=form.taken.strip(),
        told=form.told,
        told_at=now,
        said=form.said.strip(),
        happened_at=min(form.happened_at or now, now),
        recorded_at=now,
        recorded_by=who.account,
        second_by=second.id,
    )
    session.add(violation)
    session.flush()
    evidence, cases = (
        _evidence(session, violation, form.evidence),
        _cases(session, violation, form.cases, who),
    )
    body = {
        "violation": violation.id,
        "number": violation.number,
        "sitting": sitting.id,
        "attempt": violation.attempt or "",
        "seat": violation.seat,
        "rule": violation.rule,
        "happened_at": instant(violation.happened_at),
        "taken": bool(violation.taken),
        "told": violation.told,
        "words_sha256": words_digest(violation),
        "second": second.id,
        "evidence": evidence,
        "cases": cases,
    }
    append(session, "violation.recorded", violation.candidate, who.actor, body, at=now)
    _hold_verdict(session, box, violation, sitting.trade, who.actor)
    return violation


def _hold_verdict(session: Session, box: Box, violation: Violation, trade: str, actor: str) -> None:
    """A verdict that was reached before, and is not released, says nothing until this is decided."""
    reached = select(Verdict.id).where(
        Verdict.candidate == violation.candidate, Verdict.trade == trade, col(Verdict.release).is_(None)
    )
    if session.exec(reached).first() is not None:
        decide_days(session, box, violation.candidate, trade, actor)


def not_recorded(session: Session, violation_id: str) -> bool:
    """Is the id the page gave still new?"""
    return session.get(Violation, violation_id) is None


def words_digest(violation: Violation) -> str:
    """SHA-256 (hex) of what was written down in words: the journal holds it in place of the words."""
    return hashlib.sha256("\n".join((violation.seen, violation.taken, violation.said)).encode()).hexdigest()


def _require_whole(form: Seen) -> None:
    if not 0 < len(form.seen.strip()) <= LONGEST:
        raise Refused(
            "seen_missing",
            N_("What was seen takes 1 to {count} characters."),
            N_("Write down in a few words what you saw."),
            count=LONGEST,
        )
    if form.told not in TOLD:
        raise Refused("told_missing", N_("Say what the candidate did when told."), N_("Choose one of three."))
    if len(form.taken) > LONGEST or len(form.said) > LONGEST:
        raise Refused("too_long", N_("At most {count} characters."), N_("Shorten it."), count=LONGEST)


def _evidence(session: Session, violation: Violation, ids: list[str]) -> list[dict[str, str]]:
    """Bind evidence of this candidate in this sitting; what belongs to another record stays there."""
    rows = session.exec(
        select(Evidence)
        .where(
            col(Evidence.id).in_(ids),
            Evidence.sitting == violation.sitting,
            Evidence.candidate == violation.candidate,
            col(Evidence.violation).is_(None),
        )
        .order_by(col(Evidence.taken_at), col(Evidence.id))
    ).all()
    for one in rows:
        one.violation = violation.id
        session.add(one)
    session.flush()
    return [{"evidence": one.id, "sha256": one.sha256} for one in rows]


def _cases(session: Session, violation: Violation, ids: list[str], who: Who) -> list[str]:
    """Cases of this candidate the violation rests on: they are decided by it."""
    rows = session.exec(
        select(ExamCase)
        .where(
            col(ExamCase.id).in_(ids),
            ExamCase.sitting == violation.sitting,
            ExamCase.candidate == violation.candidate,
        )
        .order_by(col(ExamCase.happened_at), col(ExamCase.id))
    ).all()
    for one in rows:
        session.add(ViolationCase(violation=violation.id, case=one.id))
        if one.state == "open":
            one.state, one.decided_by, one.decided_at = "violation", who.account, violation.recorded_at
            session.add(one)
    session.flush()
    return [one.id for one in rows]
