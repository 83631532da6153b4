"""A room as it stands: every seat with who sits there and how far they are."""

from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, and_, col, func, or_, select

from appliance.flow.attempt_view import end_shown
from appliance.flow.box import Box
from appliance.flow.paper_state import PaperState, paper_state
from appliance.flow.pauses import pause_of_room
from appliance.flow.rules_of import rules_of
from appliance.flow.start_sitting import sitting_of
from appliance.flow.today import line
from appliance.records.cases import ExamCase
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking, SeatTries
from appliance.records.site import Seat, Station
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Lease, Paper
from appliance.rules.names import mask as mask_name
from appliance.rules.timing import many_lost
from appliance.wire.ops import SittingLine

STATES = {
    "seated": "bound",
    "ready": "ready",
    "running": "running",
    "handed_in": "handed_in",
    "marked": "handed_in",
}
STILL_HERE = ("seated", "ready", "running")
"""States of an attempt that has not been handed in."""
URGENT = ("hand", "broken", "lost", "sign_in_locked", "warned", "case", "not_begun")
"""Flags in the order in which they are told: a tile has room for the first alone, and a dead seat comes before what
can wait."""


class SeatTile(msgspec.Struct, kw_only=True):
    """One seat. `state`: free, bound, signed_in, ready, running, handed_in, lost or broken."""

    seat: str
    number: int
    row: int
    column: int
    spare: bool
    state: str
    candidate: str = ""
    """Masked name."""
    candidate_id: str = ""
    attempt: str = ""
    answered: int = 0
    questions: int = 0
    deadline: datetime | None = None
    """While it stands still, as it was when that began."""
    remaining_s: int | None = None
    """Left of the exam; in a pause whose time is given back it does not fall."""
    station_seen_s: float | None = None
    """Seconds since the station's last sign of life; None when it never reported."""
    flags: list[str] = []
    """What asks for attention, the most urgent first (URGENT)."""
    face: str = ""
    """The newest capture of the seat (media/capture)."""
    hand_at: datetime | None = None
    """Since when the hand is up."""
    paused: bool = False
    """The exam stands still here."""
    lost_s: int = 0
    """Seconds the station was gone that could be given back."""


class Board(msgspec.Struct, kw_only=True):
    """A sitting's room."""

    sitting: SittingLine
    now: datetime
    seats: list[SeatTile]
    held: int = 0
    """Places somebody holds now."""
    called: int = 0
    """Candidates called to a place, whatever became of them there."""
    signed_in: int = 0
    """Of those called: signed in at the station, or further."""
    ready: int = 0
    """Of those: accepted the rules and wait for the start."""
    papers: PaperState | None = None
    """Of a theory sitting that has not begun, or that the province shows itself."""
    paused_at: datetime | None = None
    """Since when the whole room stands still."""
    pause_reason: str = ""
    writing_lost: int = 0
    """Stations without a connection at which somebody writes."""
    many_lost: bool = False
    """So many that a pause of the whole room is offered (rules.timing)."""
    pass_code: str = ""
    """For signing in at a free seat; empty where the rules of the exam know none."""


def board(session: Session, box: Box, sitting_id: str) -> Board:
    """The room of a sitting as it stands."""
    sitting = sitting_of(session, sitting_id)
    now = box.now()
    answered = dict(
        session.exec(
            select(Answer.attempt, func.count())
            .join(Attempt, col(Attempt.id) == col(Answer.attempt))
            .where(Attempt.sitting == sitting.id, Answer.value != "")
            .group_by(col(Answer.attempt))
        ).all()
    )
    choices = {
        paper_id: len(text)
        for paper_id, text in session.exec(select(Paper.id, Paper.choices).where(Paper.sitting == sitting.id))
    }
    attempts = {
        row.candidate: row for row in session.exec(select(Attempt).where(Attempt.sitting == sitting.id))
    }
    stations = _stations(session, sitting.room)
    leased = _leased(session, sitting.id)
    taken = _taken(session, sitting.id)
    cases = set(
        session.exec(
            select(ExamCase.attempt)
            .where(ExamCase.sitting == sitting.id, ExamCase.state == "open")
            .distinct()
        )
    )
    locked = set(session.exec(select(SeatTries.seat).where(col(SeatTries.locked_until) > now)))
    tiles = []
    for seat in session.exec(select(Seat).where(Seat.room == sitting.room).order_by(col(Seat.number))):
        tile = SeatTile(
            seat=seat.id, number=seat.number, row=seat.row, column=seat.column, spare=seat.spare, state="free"
        )
        if seen := stations.get(seat.id):
            tile.station_seen_s = round((now - seen).total_seconds(), 1)
        tile.flags += ["sign_in_locked"] if seat.id in locked else []
        if seat.id in taken:
            taking = taken[seat.id]
            tile.flags += ["sign_in_locked"] if (taking.locked_until or now) > now else []
            tile.candidate, tile.candidate_id = mask_name(taking.name), taking.candidate
            if attempt := attempts.get(taking.candidate):
                _attempt(tile, attempt, answered.get(attempt.id, 0), choices.get(attempt.paper or "", 0))
                if attempt.state in STILL_HERE and leased.get(attempt.id, seat.id) != seat.id:
                    tile.state = "bound"  # moved, and not yet signed in here
                if tile.deadline:
                    left = end_shown(box, attempt, sitting) - now
                    tile.remaining_s = max(0, int(left.total_seconds()))
                tile.flags += ["case"] if attempt.id in cases else []
                tile.flags += ["not_begun"] if _time_runs_away(sitting, attempt) else []
        _itself(box, sitting, seat, tile)
        tile.flags.sort(key=URGENT.index)
        tiles.append(tile)
    found = Board(sitting=line(session, box, sitting), now=now, seats=tiles)
    found.papers = _papers(session, sitting)
    _stillness(session, box, found)
    found.pass_code = sitting.pass_code if rules_of(sitting).sign_in == "code" else ""
    return _counted(found, taken, attempts)


def _time_runs_away(sitting: Sitting, attempt: Attempt) -> bool:
    """The sitting has started and this candidate, who was called, has not begun."""
    here = sitting.subject == "theory" and sitting.delivery == "own" and sitting.state == "running"
    return here and attempt.state in ("seated", "ready")


def _itself(box: Box, sitting: Sitting, seat: Seat, tile: SeatTile) -> None:
    """The seat and its station, whoever sits there: out of order, or without a connection."""
    if seat.state == "broken":
        tile.state = "broken"
        tile.flags.append("broken")
    elif sitting.subject == "theory" and tile.station_seen_s is not None:
        lost = timedelta(seconds=tile.station_seen_s) > timedelta(seconds=box.settings.station.lost_after)
        if lost and tile.state != "handed_in":
            tile.flags.append("lost")
            tile.state = "lost" if tile.state != "free" else "free"


def _stations(session: Session, room: str) -> dict[str, datetime | None]:
    """The last sign of life of the station at each seat."""
    rows = select(Station.seat, Station.heartbeat_at).join(Seat, col(Seat.id) == col(Station.seat))
    return dict(session.exec(rows.where(Seat.room == room)).all())


def _leased(session: Session, sitting: str) -> dict[str, str]:
    """The seat each attempt was signed in at last."""
    newest = and_(col(Attempt.id) == col(Lease.attempt), col(Attempt.lease) == col(Lease.number))
    rows = select(Lease.attempt, Lease.seat).join(Attempt, newest).where(Attempt.sitting == sitting)
    return dict(session.exec(rows).all())


def _papers(session: Session, sitting: Sitting) -> PaperState | None:
    """While there is something to say of them."""
    asked = sitting.state == "planned" or sitting.sealed or sitting.delivery != "own"
    return paper_state(session, sitting) if sitting.subject == "theory" and asked else None


class Sitter(msgspec.Struct):
    """Who sits at a seat, or sat there to the end."""

    candidate: str
    name: str
    locked_until: datetime | None
    released: bool


def _taken(session: Session, sitting: str) -> dict[str, Sitter]:
    """By seat. Columns, not rows of tables: a page of 500 seats is read every few seconds."""
    taken = select(SeatTaking.seat, SeatTaking.candidate, SeatTaking.locked_until, SeatTaking.released_at)
    here = or_(col(SeatTaking.released_at).is_(None), col(SeatTaking.reason) == "ended")
    names = dict(
        session.exec(
            select(Candidate.id, Candidate.name)
            .join(SeatTaking, col(SeatTaking.candidate) == col(Candidate.id))
            .where(SeatTaking.sitting == sitting)
        ).all()
    )
    rows = session.exec(taken.where(SeatTaking.sitting == sitting, here).order_by(col(SeatTaking.taken_at)))
    return {
        seat: Sitter(candidate, names[candidate], locked_until, released_at is not None)
        for seat, candidate, locked_until, released_at in rows
    }


def _stillness(session: Session, box: Box, found: Board) -> None:
    """The pause of the whole room, and whether one is to be offered."""
    if pause := pause_of_room(session, found.sitting.id):
        found.paused_at, found.pause_reason = pause.began_at, pause.reason
    writing = [one for one in found.seats if one.deadline is not None]
    found.writing_lost = sum("lost" in one.flags for one in writing)
    station = box.settings.station
    found.many_lost = many_lost(
        found.writing_lost, len(writing), station.many_lost_share, station.many_lost_least
    )


def _counted(found: Board, taken: dict[str, Sitter], attempts: dict[str, Attempt]) -> Board:
    """Called and signed in are two counts: who was called may still be on the way."""
    here = [attempts[one.candidate] for one in taken.values() if one.candidate in attempts]
    found.called = len(taken)
    found.held = sum(not one.released for one in taken.values())
    found.signed_in = sum(1 for one in here if one.lease)
    found.ready = sum(1 for one in here if one.state == "ready")
    return found


def _attempt(tile: SeatTile, attempt: Attempt, answered: int, questions: int) -> None:
    tile.attempt, tile.answered, tile.questions = attempt.id, answered, questions
    tile.state = STATES[attempt.state]
    if attempt.state == "seated" and attempt.lease:
        tile.state = "signed_in"
    if attempt.deadline and attempt.state == "running":
        tile.deadline = attempt.deadline
        tile.paused, tile.lost_s = attempt.paused_at is not None, attempt.lost_s
    tile.face = attempt.face
    if attempt.hand_at:
        tile.hand_at = attempt.hand_at
        tile.flags.append("hand")
    if attempt.message_id and attempt.state in STILL_HERE:
        tile.flags.append("warned")
