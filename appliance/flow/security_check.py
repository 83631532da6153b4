"""The step before admission (安检): phone and bag into a locker, the person is checked, then a person lets them in."""

import unicodedata

from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, Refused
from appliance.base.i18n import N_
from appliance.records.entry import Admission
from appliance.records.sitting import Sitting
from appliance.records.waiting import Ticket

SECURITY = "security_check"
"""Kind of a case that waits for nothing but the security check."""
LONGEST = 12
"""Characters of a locker's number."""


def free_locker(session: Session, locker: str, candidate: str) -> str:
    """The locker as it is kept: width and case evened out; empty = nothing was left.

    Raises Refused `bad_locker`, and Conflict `locker_taken` while another person of a sitting that is not over has it.
    """
    plain = "".join(unicodedata.normalize("NFKC", locker).split()).upper().strip("#号柜箱")
    plain = plain.lstrip("0") if plain.isdecimal() else plain
    if len(plain) > LONGEST or (plain and not (plain.isascii() and plain.replace("-", "").isalnum())):
        raise Refused(
            "bad_locker", N_("This is no locker number."), N_("Type the number on the locker's key.")
        )
    if not plain:
        return ""
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
