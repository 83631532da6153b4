"""A person looked at a case of the exam and found nothing in it. What is something goes on by record_violation."""

from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.records.accounts import Account
from appliance.records.cases import ExamCase
from appliance.records.journal import append


def dismiss_case(
    session: Session, box: Box, case_id: str, reason: str, who: Who, alike: bool = False
) -> ExamCase:
    """Close the case, with a reason; `alike`: every open one of its kind of the same attempt, each in the journal.

    Dismissed once more it changes nothing.
    """
    case = session.get(ExamCase, case_id)
    if case is None:
        raise NotFound("no_case", N_("There is no such case."), N_("Reload the page."))
    if case.state == "dismissed":
        return case
    if case.state != "open":
        account = session.get(Account, case.decided_by)
        raise Conflict(
            "case_judged",
            N_("{name} has judged this case already."),
            N_("Reload the page."),
            name=account.name if account else case.decided_by,
        )
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    others = select(ExamCase).where(
        ExamCase.attempt == case.attempt,
        ExamCase.kind == case.kind,
        ExamCase.state == "open",
        ExamCase.id != case.id,
    )
    for one in [case, *(session.exec(others.order_by(col(ExamCase.happened_at))) if alike else ())]:
        one.state, one.decided_by, one.decided_at = "dismissed", who.account, box.now()
        one.reason = reason.strip()
        session.add(one)
        session.flush()
        body = {"case": one.id, "reason": one.reason}
        append(session, "exam_case.dismissed", one.candidate, who.actor, body, at=box.now())
    return case
