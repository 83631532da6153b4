"""A person decides what the machine could not: let in or send away, with a reason, and a second person where needed.

Where the site has a security check, whoever lets in has made it, and notes the locker.
"""

from sqlmodel import Session

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.absence import come_back, open_absence
from appliance.flow.accounts import Who, second_person
from appliance.flow.admit import TapResult, grant, refusal_now
from appliance.flow.box import Box
from appliance.flow.security_check import SECURITY, free_locker
from appliance.flow.supersede import SUPERSEDED
from appliance.records.accounts import Account
from appliance.records.entry import Case, Tap
from appliance.records.journal import append
from appliance.rules.admission import SECOND_PERSON, SENTENCES


def decide_case(
    session: Session,
    box: Box,
    case_id: str,
    decision: str,
    reason: str,
    who: Who,
    second_login: str = "",
    locker: str = "",
) -> Case:
    """`decision`: admit or refuse. Deciding again with the same decision changes nothing."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound("no_case", N_("There is no such case."), N_("Reload the page."))
    if case.state == "decided":
        if case.decision == decision:
            return case
        if case.decision == SUPERSEDED:
            raise Conflict(
                "case_superseded",
                N_("The card was put down again: this case is over."),
                N_("Decide on the newest card of this person."),
            )
        by_whom = session.get(Account, case.decided_by)
        raise Conflict(
            "case_decided",
            N_("{name} has let this person in already.")
            if case.decision == "admit"
            else N_("{name} has sent this person away already."),
            N_("Put the card down once more if that was wrong."),
            name=by_whom.name if by_whom else case.decided_by,
        )
    if decision not in ("admit", "refuse"):
        raise Refused("bad_decision", N_("Choose to let in or to send away."))
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    second = ""
    if decision == "admit":
        if case.kind in SECOND_PERSON:
            second = second_person(session, who, second_login, ("entry", "chief")).id
        _admit(session, box, case, reason, who, second, locker)
    case.state, case.decision, case.decided_by = "decided", decision, who.account
    case.reason, case.decided_at = reason.strip(), box.now()
    session.add(case)
    session.flush()
    body = {"case": case.id, "decision": decision, "reason": case.reason, "second": second}
    append(session, "case.decided", case.candidate or case.id, who.actor, body, at=box.now())
    return case


def _admit(session: Session, box: Box, case: Case, reason: str, who: Who, second: str, locker: str) -> None:
    tap = session.get(Tap, case.tap) if case.tap else None
    if tap is None or not tap.sitting or not tap.candidate:
        raise Refused("not_an_entry_case", N_("This case is not one of the entrance."))
    # What was true at the tap may have changed: the room filled up, a suspension came, the time ran out.
    if refused := refusal_now(session, box, tap):
        sentence, what_next = SENTENCES[refused.code]
        raise Refused(refused.code, sentence, what_next)
    by = {"decided_by": who.account, "second_by": second, "reason": reason.strip()}
    how = "machine" if case.kind == SECURITY else "review"
    if open_absence(session, tap.sitting, tap.candidate):
        come_back(session, box, tap, how, who.actor, **by)
        return
    if SECURITY in tap.doubts.split():
        by["locker"] = free_locker(session, locker, tap.candidate)
    answer = TapResult(tap=tap.id, result="admit", code="admitted")
    grant(session, box, tap, how, who.actor, answer, **by)
