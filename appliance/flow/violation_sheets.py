"""Facts of two sheets: the record of a violation (违纪登记表) and the receipt for what was taken (暂扣单)."""

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.decide_violation import decisions_of, violation_of
from appliance.flow.note_case import KINDS
from appliance.flow.sheets import heading
from appliance.flow.start_sitting import sitting_of
from appliance.intake.violations import DECISIONS, TOLD, broken_rule
from appliance.records.accounts import Account
from appliance.records.cases import ExamCase
from appliance.records.roster import Candidate, RosterRow
from appliance.records.violations import Evidence, Violation, ViolationCase
from appliance.wire import sheets as wire


def _person(session: Session, violation: Violation) -> tuple[Candidate, str, str]:
    """Candidate, admission ticket number and employer."""
    row = session.exec(
        select(RosterRow).where(
            RosterRow.sitting == violation.sitting, RosterRow.candidate == violation.candidate
        )
    ).first()
    candidate = session.get_one(Candidate, violation.candidate)
    return candidate, row.ticket_number if row else "", row.employer if row else ""


def violation_sheet_facts(session: Session, box: Box, violation_id: str, by: str = "") -> wire.ViolationSheet:
    """违纪登记表 of one violation, with the decisions made so far."""
    found = violation_of(session, violation_id)
    candidate, ticket, employer = _person(session, found)
    rule = broken_rule(found.rule)
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
    return wire.ViolationSheet(
        heading=heading(session, box, sitting_of(session, found.sitting), by),
        number=found.number,
        name=candidate.name,
        id_number=candidate.number_masked,
        ticket_number=ticket,
        employer=employer,
        seat=found.seat,
        happened_at=found.happened_at,
        rule_zh=rule.zh,
        rule_en=rule.en,
        article=rule.article,
        seen=found.seen,
        taken=found.taken,
        told=TOLD[found.told],
        told_at=found.told_at,
        said=found.said,
        recorded_by=names.get(found.recorded_by, ""),
        second=names.get(found.second_by, ""),
        evidence=[
            wire.ViolationEvidence(kind=one.kind, at=one.taken_at, sha256=one.sha256) for one in evidence
        ],
        cases=[wire.ViolationEvidence(kind=KINDS[one.kind], at=one.happened_at) for one in cases],
        decisions=[
            wire.ViolationDecided(
                decision=DECISIONS[one.decision],
                reason=one.reason,
                at=one.decided_at,
                by=names.get(one.decided_by, ""),
                second=names.get(one.second_by, ""),
            )
            for one in decisions_of(session, found.id)
        ],
    )


def receipt_facts(session: Session, box: Box, violation_id: str, by: str = "") -> wire.TakenReceipt:
    """暂扣单 of one violation; NotFound when nothing was taken."""
    found = violation_of(session, violation_id)
    if not found.taken:
        raise NotFound("nothing_taken", N_("Nothing was taken into keeping."), N_("Go back."))
    candidate, ticket, _employer = _person(session, found)
    names = {row.id: row.name for row in session.exec(select(Account))}
    return wire.TakenReceipt(
        heading=heading(session, box, sitting_of(session, found.sitting), by),
        number=found.number,
        name=candidate.name,
        id_number=candidate.number_masked,
        ticket_number=ticket,
        seat=found.seat,
        taken=found.taken,
        at=found.recorded_at,
        recorded_by=names.get(found.recorded_by, ""),
        second=names.get(found.second_by, ""),
    )
