"""Deciding on a violation: two people who did not record it. A correction is a new decision on top of the old one.

A decision moves the verdict at once; one taken after the release makes a new verdict, to be released by itself.
"""

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.flow.verdict import decide_days, withdraw_voided
from appliance.flow.voided import voided_sittings
from appliance.records.journal import append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Violation, ViolationDecision
from appliance.rules.violations import MEASURES, may_decide

DECIDERS = ("office", "chief")


def violation_of(session: Session, violation_id: str) -> Violation:
    """One violation, or a clear error."""
    found = session.get(Violation, violation_id)
    if found is None:
        raise NotFound("no_violation", N_("There is no such violation record."), N_("Reload the page."))
    return found


def decisions_of(session: Session, violation_id: str) -> list[ViolationDecision]:
    """Every decision on a violation, oldest first: the last one is in force."""
    rows = select(ViolationDecision).where(ViolationDecision.violation == violation_id)
    return list(session.exec(rows.order_by(col(ViolationDecision.decided_at), col(ViolationDecision.id))))


def decide_violation(
    session: Session,
    box: Box,
    violation_id: str,
    decision: str,
    reason: str,
    who: Who,
    second_login: str,
    command: str,
    on_top_of: str = "",
) -> ViolationDecision:
    """Decide, or correct what was decided. `on_top_of`: the decision the page showed; Refused when it is older.

    `command`: id of the decision, given by the page: sent twice it is one.
    """
    if known := session.get(ViolationDecision, command):
        return known
    violation = violation_of(session, violation_id)
    if decision not in MEASURES:
        raise Refused("bad_decision", N_("Choose what is decided."), N_("Choose one of the four."))
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    second = second_person(session, who, second_login, DECIDERS)
    for account in (who.account, second.id):
        if not may_decide(account, violation.recorded_by, violation.second_by):
            raise Refused(
                "recorded_yourself",
                N_("Who recorded this violation does not decide on it."),
                N_("Two others decide: the exam office and the head of the site."),
            )
    earlier = decisions_of(session, violation.id)
    newest = earlier[-1].id if earlier else ""
    if newest != on_top_of:
        raise Refused(
            "decided_meanwhile", N_("Somebody has decided on this meanwhile."), N_("Reload the page.")
        )
    return _keep(session, box, violation, newest, command, decision, reason.strip(), who, second.id)


def _keep(
    session: Session,
    box: Box,
    violation: Violation,
    newest: str,
    command: str,
    decision: str,
    reason: str,
    who: Who,
    second: str,
) -> ViolationDecision:
    made = ViolationDecision(
        id=command or new_id(),
        violation=violation.id,
        decision=decision,
        reason=reason,
        decided_at=box.now(),
        decided_by=who.account,
        second_by=second,
        amends=newest or None,
    )
    violation.decision = decision
    session.add(made)
    session.add(violation)
    session.flush()
    body = {"violation": violation.id, "decision": decision, "reason": reason, "second": second}
    body |= {"amends": newest, "id": made.id} if newest else {"id": made.id}
    kind = "violation.amended" if newest else "violation.decided"
    append(session, kind, violation.candidate, who.actor, body, at=made.decided_at)
    _verdicts(session, box, violation, who.actor)
    return made


def _verdicts(session: Session, box: Box, violation: Violation, actor: str) -> None:
    """Combine anew what the decision may have moved: the trade's verdict, if there is anything to combine."""
    trade = session.get_one(Sitting, violation.sitting).trade
    marked = session.exec(
        select(Attempt.id)
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .where(Attempt.candidate == violation.candidate, Sitting.trade == trade, Attempt.state == "marked")
    ).first()
    gone = voided_sittings(session, box, violation.candidate).values()
    if marked is not None or any(one.trade == trade for one in gone):
        decide_days(session, box, violation.candidate, trade, actor)
    if not violation.decision.startswith("void"):
        withdraw_voided(session, box, violation.candidate, trade, actor)
