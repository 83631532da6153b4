"""Out for a moment and back (toilet): the desk notes that somebody left, the card and the face let them in again.

Without a noted absence a second card of the same person stays `already_inside`: anti-passback per sitting. Coming
back is no second admission and gives no second ticket; it opens the gate once.
"""

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.order_gate import order_gate
from appliance.records.entry import Absence, Admission, GateOrder, Tap
from appliance.records.journal import append
from appliance.records.sitting import Sitting


def open_absence(session: Session, sitting: str, candidate: str) -> Absence | None:
    """The absence of this person that has not ended."""
    return session.exec(
        select(Absence)
        .join(Admission, col(Admission.id) == col(Absence.admission))
        .where(
            Admission.sitting == sitting,
            Admission.candidate == candidate,
            col(Absence.returned_at).is_(None),
        )
    ).first()


def leave(session: Session, box: Box, sitting: str, candidate: str, reason: str, who: Who) -> Absence:
    """Note that somebody inside leaves for a moment. Noting it twice changes nothing."""
    admission = session.exec(
        select(Admission).where(Admission.sitting == sitting, Admission.candidate == candidate)
    ).first()
    if admission is None:
        raise NotFound("not_inside", N_("This person has not been let in."), N_("Search again."))
    if session.get_one(Sitting, sitting).state in ("ended", "released"):
        raise Refused("sitting_over", N_("This sitting is over."), N_("Nobody comes back to it."))
    if known := open_absence(session, sitting, candidate):
        return known
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    absence = Absence(
        id=new_id(), admission=admission.id, left_at=box.now(), reason=reason.strip(), noted_by=who.account
    )
    session.add(absence)
    session.flush()
    body = {"absence": absence.id, "admission": admission.id, "sitting": sitting, "reason": absence.reason}
    append(session, "absence.noted", candidate, who.actor, body, at=box.now())
    return absence


def withdraw(session: Session, box: Box, sitting: str, candidate: str, who: Who) -> None:
    """The absence was noted by mistake: this person never left. Without an open one nothing changes."""
    absence = open_absence(session, sitting, candidate)
    if absence is None:
        return
    absence.returned_at = box.now()
    session.add(absence)
    session.flush()
    body = {"absence": absence.id, "admission": absence.admission, "sitting": sitting}
    append(session, "absence.withdrawn", candidate, who.actor, body, at=box.now())


def come_back(session: Session, box: Box, tap: Tap, how: str, actor: str, **by: str) -> GateOrder:
    """End the absence with this tap and order the gate once. `how`: machine or review, as for an admission."""
    assert tap.sitting and tap.candidate
    absence = open_absence(session, tap.sitting, tap.candidate)
    if absence is None:
        raise Refused(
            "already_inside",
            N_("This person has already been admitted."),
            N_("Check who went in before; call the invigilator if it was somebody else."),
        )
    absence.returned_at, absence.returned_tap = box.now(), tap.id
    session.add(absence)
    session.flush()
    body = {"absence": absence.id, "sitting": tap.sitting, "tap": tap.id, "how": how, **by}
    append(session, "absence.ended", tap.candidate, actor, body, at=box.now())
    return order_gate(session, box, tap.lane, actor, absence=absence.id)


def order_of_return(session: Session, tap: str) -> GateOrder | None:
    """The order to the gate of somebody who came back with this tap."""
    return session.exec(
        select(GateOrder)
        .join(Absence, col(Absence.id) == col(GateOrder.absence))
        .where(Absence.returned_tap == tap)
    ).first()
