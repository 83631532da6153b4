"""An invigilator speaks with a candidate: who may, that it began, that it ended and what was recorded of it.

The sound itself passes through web/talks.py; here are the facts. A conversation is open until `close_talk`.
"""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.flow.call import open_taking
from appliance.records.journal import append
from appliance.records.talk import Talk
from appliance.records.theory import Attempt

SIDES = ("room", "seat")


class Kept(msgspec.Struct, kw_only=True):
    """What was recorded of both sides: SHA-256 of the sealed file (empty = nothing) and when its sound began."""

    room: str = ""
    seat: str = ""
    room_began_at: datetime | None = None
    seat_began_at: datetime | None = None
    microphone: bool = True


def open_talk(session: Session, box: Box, attempt_id: str, who: Who) -> Talk:
    """Begin one. Whoever already speaks, and who is already spoken with, is told so."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound("no_attempt", N_("There is no such attempt."), N_("Reload the page."))
    if attempt.state not in ("seated", "ready", "running") or attempt.lease == 0:
        raise Refused(
            "nobody_at_the_page",
            N_("Nobody is signed in at this seat."),
            N_("Go to the seat, or wait until the candidate has signed in."),
        )
    open_ones = session.exec(select(Talk).where(col(Talk.closed_at).is_(None))).all()
    if any(one.attempt == attempt.id for one in open_ones):
        raise Conflict(
            "already_spoken_with",
            N_("Somebody is speaking with this candidate."),
            N_("Wait until that conversation is over."),
        )
    if any(one.opened_by == who.actor for one in open_ones):
        raise Conflict(
            "already_speaking",
            N_("You are speaking with another candidate."),
            N_("End that conversation first."),
        )
    taking = open_taking(session, attempt.sitting, attempt.candidate)
    if taking is None:
        raise Refused("not_seated", N_("This candidate has no seat now."), N_("Reload the page."))
    talk = Talk(
        id=new_id(),
        attempt=attempt.id,
        candidate=attempt.candidate,
        seat=taking.seat,
        opened_at=box.now(),
        opened_by=who.actor,
    )
    session.add(talk)
    session.flush()
    body = {"talk": talk.id, "attempt": attempt.id, "seat": talk.seat}
    append(session, "talk.opened", talk.candidate, who.actor, body, at=talk.opened_at)
    return talk


def close_talk(session: Session, box: Box, talk_id: str, why: str, actor: str, kept: Kept) -> Talk:
    """End one with what was recorded. Ending it twice changes nothing."""
    talk = session.get_one(Talk, talk_id)
    if talk.closed_at is not None:
        return talk
    talk.closed_at, talk.why, talk.microphone = box.now(), why, kept.microphone
    talk.room_sound, talk.seat_sound = kept.room, kept.seat
    talk.room_began_at, talk.seat_began_at = kept.room_began_at, kept.seat_began_at
    session.add(talk)
    session.flush()
    body = {
        "talk": talk.id,
        "attempt": talk.attempt,
        "why": why,
        "seconds": round((talk.closed_at - talk.opened_at).total_seconds(), 1),
        "room_sound": kept.room,
        "seat_sound": kept.seat,
        "microphone": kept.microphone,
    }
    append(session, "talk.closed", talk.candidate, actor, body, at=talk.closed_at)
    return talk


def open_talks(session: Session, before: datetime) -> list[str]:
    """Ids of those begun by then that nobody ended: after a kill their sound lies in the folder of web/talks.py."""
    left = select(Talk.id).where(col(Talk.closed_at).is_(None), Talk.opened_at <= before)
    return list(session.exec(left).all())


def attempt_of_seat(session: Session, token_hash: str) -> str:
    """The attempt this seat's cookie may speak for: only the newest seat of a candidate."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if attempt.lease != lease.number:
        raise Refused(
            "moved_seat", N_("This exam goes on at another seat."), N_("Hand in there, or raise your hand.")
        )
    return attempt.id


def talks_of(session: Session, candidate: str) -> list[Talk]:
    """A candidate's conversations, oldest first."""
    mine = select(Talk).where(Talk.candidate == candidate).order_by(col(Talk.opened_at))
    return list(session.exec(mine).all())


def sound_of(session: Session, talk_id: str, side: str) -> tuple[str, str]:
    """Name of the sealed file of one side (room, seat), and the candidate."""
    talk = session.get(Talk, talk_id)
    name = "" if talk is None else {"room": talk.room_sound, "seat": talk.seat_sound}.get(side, "")
    if talk is None or not name:
        raise NotFound("no_sound", N_("Nothing was recorded of this side."), N_("Reload the page."))
    return name, talk.candidate
