"""The step before admission (安检): phone and bag into a locker, the person is checked, then a person lets them in."""

import unicodedata

from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.records.entry import Admission
from appliance.records.journal import append
from appliance.records.sitting import Sitting
from appliance.records.waiting import Ticket

SECURITY = "security_check"
"""Kind of a case that waits for nothing but the security check."""
NOTHING = ("0", "无")
"""What is typed when nothing was left."""
LONGEST = 12
"""Characters of a locker's number."""


def free_locker(session: Session, locker: str, candidate: str) -> str:
    """The locker as it is kept: width and case evened out; empty = nothing was left, which is said with a 0.

    Raises Refused `locker_missing` when nothing was typed, Refused `bad_locker`, and Conflict `locker_taken` while
    another person of a sitting that is not over has it.
    """
    if not locker.strip():
        raise Refused(
            "locker_missing",
            N_("The locker number is missing."),
            N_("Type the number on the locker's key, or 0 if nothing was left."),
        )
    plain = "".join(unicodedata.normalize("NFKC", locker).split()).upper().strip("#号柜箱")
    if plain in NOTHING:
        return ""
    plain = plain.lstrip("0") if plain.isdecimal() else plain
    if len(plain) > LONGEST or not (plain.isascii() and plain.replace("-", "").isalnum()):
        raise Refused(
            "bad_locker", N_("This is no locker number."), N_("Type the number on the locker's key.")
        )
    taken = session.exec(
        select(Ticket.number)
        .join(Admission, col(Admission.id) == col(Ticket.admission))
        .join(Sitting, col(Sitting.id) == col(Admission.sitting))
        .where(
            Admission.locker == plain,
            Admission.candidate != candidate,
            col(Sitting.state).in_(("planned", "running")),
        )
    ).first()
    if taken:
        raise Conflict(
            "locker_taken",
            N_("Locker {locker} was given to queue ticket {ticket}."),
            N_("Choose another locker."),
            locker=plain,
            ticket=taken,
        )
    return plain


def correct_locker(
    session: Session, box: Box, sitting: str, candidate: str, locker: str, who: Who
) -> Admission:
    """Note another locker for somebody inside: it was typed wrongly, or they moved. Raises as `free_locker`."""
    admission = session.exec(
        select(Admission).where(Admission.sitting == sitting, Admission.candidate == candidate)
    ).first()
    if admission is None:
        raise NotFound("not_inside", N_("This person has not been let in."), N_("Search again."))
    before, admission.locker = admission.locker, free_locker(session, locker, candidate)
    if admission.locker != before:
        session.add(admission)
        session.flush()
        body = {"admission": admission.id, "locker": admission.locker, "before": before}
        append(session, "locker.corrected", candidate, who.actor, body, at=box.now())
    return admission
