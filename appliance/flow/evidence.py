"""Evidence of what happened at a seat: what its page showed, or a camera's still; sealed, its hash in the journal.

The box composes what a page shows, so the box can say what stood there without asking the station: which screen, the
time left, which questions were answered, the message over the paper. The answers themselves are not part of it.
"""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.records.base import instant
from appliance.records.journal import append
from appliance.records.seating import SeatTaking
from appliance.records.site import Station
from appliance.records.theory import Answer, Attempt, Paper
from appliance.records.violations import Evidence


class ShownScreen(msgspec.Struct, kw_only=True):
    """What the box had a seat's page show at `at`. `state`: of the attempt; empty when nobody has one here."""

    at: datetime
    seat: str
    sitting: str
    candidate: str
    attempt: str = ""
    state: str = ""
    deadline: datetime | None = None
    paused_at: datetime | None = None
    questions: int = 0
    answered: list[int] = []
    """Positions with an answer."""
    paper: str = ""
    """SHA-256 of the paper shown."""
    message: str = ""
    hand_at: datetime | None = None
    station_seen_at: datetime | None = None
    """Last sign of life of the station: what was shown later than this is not known."""


class KeptFile(msgspec.Struct, kw_only=True):
    """A sealed file: `camera` empty for a screen; `at`: of the picture itself, or when the screen was asked for."""

    kind: str
    camera: str = ""
    sha256: str
    at: datetime


def holder(session: Session, sitting: str, seat: str) -> SeatTaking:
    """Who sits, or sat last, at a seat of a sitting."""
    taking = session.exec(
        select(SeatTaking)
        .where(SeatTaking.sitting == sitting, SeatTaking.seat == seat)
        .order_by(col(SeatTaking.taken_at).desc())
    ).first()
    if taking is None:
        raise NotFound("nobody_here", N_("Nobody was at this seat in this sitting."), N_("Reload the page."))
    return taking


def require_holder(session: Session, sitting: str, seat: str, candidate: str) -> SeatTaking:
    """The seat's holder. Raises Refused when it is not the candidate the page was about: seats change hands."""
    taking = holder(session, sitting, seat)
    if taking.candidate != candidate:
        raise Refused(
            "somebody_else",
            N_("Somebody else has this seat now."),
            N_("Nothing was recorded. Go back to the room and look for the candidate's seat."),
        )
    return taking


def attempt_at(session: Session, sitting: str, candidate: str) -> Attempt | None:
    """The candidate's attempt at a sitting, if there is one."""
    return session.exec(
        select(Attempt).where(Attempt.sitting == sitting, Attempt.candidate == candidate)
    ).first()


def shown_screen(session: Session, box: Box, sitting: str, seat: str) -> ShownScreen:
    """What the page at this seat shows now, as far as the box knows."""
    taking = holder(session, sitting, seat)
    found = ShownScreen(at=box.now(), seat=seat, sitting=sitting, candidate=taking.candidate)
    if attempt := attempt_at(session, sitting, taking.candidate):
        found.attempt, found.state, found.deadline = attempt.id, attempt.state, attempt.deadline
        found.message, found.hand_at, found.paused_at = attempt.message, attempt.hand_at, attempt.paused_at
        rows = select(Answer.position).where(Answer.attempt == attempt.id, Answer.value != "")
        found.answered = sorted(session.exec(rows))
        if paper := session.get(Paper, attempt.paper or ""):
            found.questions, found.paper = len(paper.choices), paper.body
    if station := session.get(Station, seat):
        found.station_seen_at = station.heartbeat_at
    return found


def keep_evidence(
    session: Session,
    box: Box,
    sitting: str,
    seat: str,
    files: list[KeptFile],
    who: Who,
    candidate: str,
) -> list[Evidence]:
    """Note sealed files about `candidate`, who still sits there, or it is Refused."""
    taking = require_holder(session, sitting, seat, candidate)
    kept = []
    for file in files:
        one = Evidence(
            id=new_id(),
            sitting=sitting,
            candidate=taking.candidate,
            seat=seat,
            kind=file.kind,
            camera=file.camera,
            sha256=file.sha256,
            taken_at=file.at,
            taken_by=who.account,
        )
        session.add(one)
        session.flush()
        body = {"evidence": one.id, "sitting": sitting, "seat": seat, "kind": file.kind}
        body |= {"sha256": file.sha256, "taken_at": instant(file.at)}
        body |= {"camera": file.camera} if file.camera else {}
        append(session, "evidence.kept", taking.candidate, who.actor, body, at=box.now())
        kept.append(one)
    return kept


def evidence_of(session: Session, evidence_id: str) -> Evidence:
    """One piece of evidence, or a clear error."""
    found = session.get(Evidence, evidence_id)
    if found is None:
        raise NotFound("no_evidence", N_("There is no such evidence."), N_("Reload the page."))
    return found
