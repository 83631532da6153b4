"""Where a candidate stands: read by the station page every few seconds."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, func, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.exam_now import exam_now
from appliance.flow.rules_of import rules_of
from appliance.flow.voided import in_question
from appliance.flow.watched import capture_due, check_state, cleared
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Lease, Mark, Paper
from appliance.rules.exam_rules import result_shown
from appliance.rules.timing import resumed_end
from appliance.wire import station as wire

PHASES: dict[str, wire.Phase] = {
    "seated": "rules",
    "ready": "waiting",
    "running": "running",
    "handed_in": "handed_in",
    "marked": "handed_in",
}


class Standing(msgspec.Struct, kw_only=True):
    """An attempt seen from the seat that holds (or held) its lease."""

    attempt: str
    lease: int
    newest_lease: int
    seat: str
    room: str
    """Name of the room the seat is in."""
    goes_on_at: str
    """The seat the candidate was moved to; empty = none but this one."""
    sitting: str
    candidate: str
    state: str
    name: str
    masked_number: str
    trade: str
    questions: int
    starts_at: datetime
    deadline: datetime
    saved_n: int
    answered: int
    message: str
    message_id: str
    handed_in: str
    key: bytes
    """Opens the paper; empty until it runs, and while a face check stands before it."""
    page: str
    """Address of the province's page, where that is answered on; empty = our own."""
    points: str
    capture_due: int = 0
    """Number of the random capture the page shall take now."""
    face_check: str = ""
    """What stands between this seat and the exam: due, looking, hand."""
    around: wire.ExamNow


def lease_of(session: Session, token_hash: str) -> Lease:
    """The lease behind a seat's cookie."""
    lease = session.exec(select(Lease).where(Lease.token_hash == token_hash)).first()
    if lease is None:
        raise Refused(
            "seat_sign_in_first", N_("Please sign in at this seat."), N_("Type the last four characters.")
        )
    return lease


def standing(session: Session, box: Box, token_hash: str) -> Standing:
    """Where the attempt of this cookie stands."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    sitting = session.get_one(Sitting, attempt.sitting)
    candidate = session.get_one(Candidate, attempt.candidate)
    paper = session.get(Paper, attempt.paper) if attempt.paper else None
    answered = session.exec(
        select(func.count()).select_from(Answer).where(Answer.attempt == attempt.id, Answer.value != "")
    ).one()
    mark = session.exec(
        select(Mark).where(Mark.attempt == attempt.id).order_by(col(Mark.marked_at).desc())
    ).first()
    shown = (
        mark is not None and _result_shown(session, box, sitting) and not in_question(session, box, attempt)
    )
    return Standing(
        attempt=attempt.id,
        lease=lease.number,
        newest_lease=attempt.lease,
        seat=lease.seat,
        room=session.get_one(Room, session.get_one(Seat, lease.seat).room).name,
        goes_on_at=_moved_to(session, attempt, lease.seat),
        sitting=sitting.id,
        candidate=candidate.id,
        state=attempt.state,
        name=candidate.name,
        masked_number=candidate.number_masked,
        trade=sitting.trade,
        questions=len(paper.choices) if paper else 0,
        starts_at=sitting.started_at or sitting.starts_at,
        deadline=end_shown(box, attempt, sitting),
        saved_n=lease.n,
        answered=answered,
        message=attempt.message,
        message_id=attempt.message_id,
        handed_in=attempt.handed_in,
        key=_key(session, box, attempt, lease.number, paper),
        page=sitting.page,
        points=f"{mark.points.normalize():f}" if mark and shown else "",
        capture_due=capture_due(session, box, attempt, lease.number),
        face_check=check_state(session, box, attempt, lease.number),
        around=exam_now(session, attempt, sitting),
    )


def _moved_to(session: Session, attempt: Attempt, seat: str) -> str:
    """The other seat this candidate is bound to by now."""
    bound = select(SeatTaking.seat).where(
        SeatTaking.sitting == attempt.sitting,
        SeatTaking.candidate == attempt.candidate,
        SeatTaking.seat != seat,
        col(SeatTaking.released_at).is_(None),
    )
    return session.exec(bound).first() or ""


def _key(session: Session, box: Box, attempt: Attempt, lease: int, paper: Paper | None) -> bytes:
    if paper is None or not paper.opens or not cleared(session, box, attempt, lease):
        return b""
    return box.key.decrypt(paper.opens)


def end_shown(box: Box, attempt: Attempt, sitting: Sitting) -> datetime:
    """When it ends; while it stands still, when it would end if it went on now."""
    end = attempt.deadline or sitting.ends_at or sitting.starts_at
    if attempt.paused_at is None:
        return end
    return resumed_end(end, attempt.paused_at, box.now(), rules_of(sitting).time_lost == "given_back")


def _result_shown(session: Session, box: Box, sitting: Sitting) -> bool:
    states = session.exec(select(Attempt.state).where(Attempt.sitting == sitting.id).distinct()).all()
    return result_shown(rules_of(sitting), sitting.state, states, box.now(), sitting.closes_at)


def answers_of(session: Session, attempt: str) -> dict[int, str]:
    """The answers that count: position -> option key."""
    rows = session.exec(select(Answer).where(Answer.attempt == attempt))
    return {row.position: row.value for row in rows if row.value}


def bookmark_of(session: Session, attempt: str) -> wire.Bookmark | None:
    """The newest any seat of an attempt has told."""
    told = session.exec(select(Lease.bookmark).where(Lease.attempt == attempt, Lease.bookmark != "")).all()
    found = [msgspec.json.decode(one, type=wire.Bookmark) for one in told]
    return max(found, key=lambda one: one.at, default=None)


def times_of(session: Session, attempt: str) -> dict[int, datetime]:
    """When the answers that count were made, by the station's best time: position -> moment."""
    rows = session.exec(select(Answer).where(Answer.attempt == attempt))
    return {row.position: row.happened_at for row in rows if row.value}
