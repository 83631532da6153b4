"""What the station's camera owes the box now: a random capture, or a face check (read with every poll of a page)."""

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.captures import Capture, SeatCheck
from appliance.records.theory import Attempt
from appliance.rules import captures, seat_check

PENDING = ("due", "looking", "hand")
"""States of a face check that stand between a seat and its paper."""


def newest_due(box: Box, attempt: Attempt) -> int:
    """Number of the newest random moment that has come in this attempt; 0 = none yet.

    The moments are drawn from what nobody outside the box can know.
    """
    if attempt.started_at is None:
        return 0
    secret = box.key.index(f"captures:{attempt.id}")
    elapsed = (box.now() - attempt.started_at).total_seconds()
    return captures.due(secret, box.settings.captures.every, elapsed).number


def capture_due(session: Session, box: Box, attempt: Attempt, lease: int) -> int:
    """Number of the random capture this lease's page shall take now; 0 = none."""
    if not box.settings.captures.every or attempt.state != "running" or attempt.lease != lease:
        return 0
    if attempt.paused_at is not None:  # the room may be empty: nobody has to sit before the camera
        return 0
    number = newest_due(box, attempt)
    if not number:
        return 0
    taken = session.exec(
        select(Capture.id)
        .where(Capture.attempt == attempt.id, Capture.purpose == "random", Capture.number == number)
        .limit(1)
    ).first()
    return 0 if taken else number


def newest_check(session: Session, attempt: str, lease: int) -> SeatCheck | None:
    """The face check of this lease that counts."""
    return session.exec(
        select(SeatCheck)
        .where(SeatCheck.attempt == attempt, SeatCheck.lease == lease)
        .order_by(col(SeatCheck.asked_at).desc(), col(SeatCheck.id).desc())
    ).first()


def check_state(session: Session, box: Box, attempt: Attempt, lease: int) -> str:
    """due, looking or hand; empty when nothing stands between this lease and the exam."""
    station = box.settings.station
    if not station.face_check or attempt.lease != lease or attempt.state in ("handed_in", "marked"):
        return ""
    found = newest_check(session, attempt.id, lease)
    if found is not None:
        return found.state if found.state in PENDING else ""
    passed = session.exec(
        select(SeatCheck.id).where(SeatCheck.attempt == attempt.id, SeatCheck.state == "passed")
    ).first()
    return "due" if seat_check.wanted(station.face_check_again, passed is not None) else ""


def cleared(session: Session, box: Box, attempt: Attempt, lease: int) -> bool:
    """May this lease have what opens and reads the paper? A superseded one only with a check of its own that passed.

    A superseded seat whose page holds the paper already goes on by that.
    """
    if not box.settings.station.face_check or attempt.lease == lease:
        return not check_state(session, box, attempt, lease)
    found = newest_check(session, attempt.id, lease)
    return found is not None and found.state == "passed"
