"""More time for one, several or all: a reason and a second person."""

from datetime import timedelta

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Corrupt, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import Journal, append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt

LONGEST = 3600


def extend(
    session: Session,
    box: Box,
    attempt_ids: list[str],
    seconds: int,
    reason: str,
    who: Who,
    second_login: str,
    command: str,
) -> list[Attempt]:
    """Move the deadline of running attempts by `seconds` (1 to 3600).

    `command`: given by the page: sent twice, whoever has that time gets it once.
    """
    if not command:
        raise Corrupt("bad_form", N_("The form is not whole."), N_("Reload the page."))
    if not 0 < seconds <= LONGEST:
        raise Refused("bad_extension", N_("An extension is 1 to 60 minutes."), N_("Choose another length."))
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    second = second_person(session, who, second_login, ("invigilator", "chief"))
    attempts = [session.get_one(Attempt, attempt_id) for attempt_id in attempt_ids]
    for attempt in attempts:
        if _given(session, "attempt.extended", attempt.candidate, command):
            continue
        if attempt.state != "running" or attempt.deadline is None:
            raise Refused("not_running", N_("This exam is not running."), N_("Reload the page."))
        attempt.deadline += timedelta(seconds=seconds)
        attempt.lost_s = max(0, attempt.lost_s - seconds)  # what a dead station cost is given back with it
        session.add(attempt)
        session.flush()
        body = {
            "attempt": attempt.id,
            "command": command,
            "seconds": seconds,
            "reason": reason.strip(),
            "second": second.id,
            "deadline": attempt.deadline.isoformat(),
        }
        append(session, "attempt.extended", attempt.candidate, who.actor, body, at=box.now())
    return attempts


def extend_room(
    session: Session,
    box: Box,
    sitting_id: str,
    seconds: int,
    reason: str,
    who: Who,
    second_login: str,
    command: str,
) -> tuple[Sitting, int]:
    """More time for everybody who writes, and for who begins later: the sitting's own end moves with theirs.

    Returns the sitting and how many got it now; sent twice it is given once, and tells 0 the second time.
    """
    sitting = sitting_of(session, sitting_id)
    if _given(session, "sitting.extended", sitting.id, command):
        return sitting, 0
    running = select(Attempt.id).where(Attempt.sitting == sitting.id, Attempt.state == "running")
    writing = list(session.exec(running.order_by(col(Attempt.id))))
    if not writing or sitting.ends_at is None:
        raise Refused("nobody_writes", N_("Nobody is writing now."), N_("Reload the page."))
    extend(session, box, writing, seconds, reason, who, second_login, command)
    sitting.ends_at += timedelta(seconds=seconds)
    session.add(sitting)
    session.flush()
    body = {"command": command, "seconds": seconds, "ends_at": sitting.ends_at.isoformat()}
    append(session, "sitting.extended", sitting.id, who.actor, body, at=box.now())
    return sitting, len(writing)


def _given(session: Session, kind: str, subject: str, command: str) -> bool:
    """The journal says so: the entry is written with the new end, in one transaction."""
    rows = select(Journal.body).where(Journal.subject == subject, Journal.kind == kind)
    return any(msgspec.json.decode(body).get("command") == command for body in session.exec(rows))
