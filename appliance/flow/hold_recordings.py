"""Legal hold (录像封存): the recordings of a sitting stay, whatever their date, until two people lift it."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.retention import RecordingHold
from appliance.records.sitting import Sitting

HOLDERS = ("office", "inspector", "chief")
"""Who may ask that recordings be kept; lifting is for LIFTERS."""
LIFTERS = ("office", "chief")


def hold_of(session: Session, sitting: str) -> RecordingHold | None:
    """The hold a sitting is under now."""
    return session.exec(
        select(RecordingHold).where(RecordingHold.sitting == sitting, col(RecordingHold.lifted_at).is_(None))
    ).first()


def reason_given(reason: str) -> str:
    """The reason without blanks around it. Raises Refused for none."""
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    return reason.strip()


def allowed(who: Who, roles: Sequence[str]) -> None:
    """Raises Refused for an account that may not."""
    if who.role not in roles:
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )


def put_hold(
    session: Session, box: Box, sitting_id: str, reason: str, who: Who, second_login: str, command: str
) -> RecordingHold:
    """Keep a sitting's recordings from now on. A sitting on hold stays under the hold it has."""
    if known := session.get(RecordingHold, command):
        return known
    reason = reason_given(reason)
    allowed(who, HOLDERS)
    second = second_person(session, who, second_login, HOLDERS)
    if session.get(Sitting, sitting_id) is None:
        raise NotFound("no_sitting", N_("There is no such sitting."), N_("Reload the page."))
    if hold_of(session, sitting_id):
        raise Refused(
            "held_already", N_("The recordings of this sitting are on hold already."), N_("Reload the page.")
        )
    hold = RecordingHold(
        id=command,
        sitting=sitting_id,
        reason=reason,
        put_at=box.now(),
        put_by=who.account,
        second_by=second.id,
    )
    session.add(hold)
    session.flush()
    body = {"hold": hold.id, "reason": reason, "second": second.id}
    append(session, "hold.put", sitting_id, who.actor, body, at=hold.put_at)
    return hold


def lift_hold(
    session: Session, box: Box, hold_id: str, reason: str, who: Who, second_login: str
) -> RecordingHold:
    """The reason for keeping them is over: their own date counts again. Lifted twice it is lifted once."""
    hold = session.get(RecordingHold, hold_id)
    if hold is None:
        raise NotFound("no_hold", N_("There is no such hold."), N_("Reload the page."))
    if hold.lifted_at is not None:
        return hold
    reason = reason_given(reason)
    allowed(who, LIFTERS)
    second = second_person(session, who, second_login, LIFTERS)
    hold.lifted_at, hold.lifted_by, hold.lifted_second = box.now(), who.account, second.id
    hold.lifted_why = reason
    session.add(hold)
    body = {"hold": hold.id, "reason": reason, "second": second.id}
    append(session, "hold.lifted", hold.sitting, who.actor, body, at=hold.lifted_at)
    return hold
