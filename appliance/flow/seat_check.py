"""The face check at the seat (人脸复核): after the sign-in, before the pledge; the machine admits, people decide.

A check belongs to a lease: another seat, or a new sign-in after a crash, asks for a new one where the site wants that.
Whoever asked at the entrance to be checked by people is looked at by people here as well.
"""

from sqlmodel import Session, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.flow.accounts import Who, second_person
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.flow.dismiss_case import dismiss_case
from appliance.flow.seen_again import seen_again
from appliance.flow.watched import check_state, cleared, newest_check
from appliance.records.captures import Capture, SeatCheck
from appliance.records.cases import ExamCase
from appliance.records.journal import append
from appliance.records.theory import Attempt, Lease
from appliance.rules import seat_check as rules
from appliance.rules.captures import Seen
from appliance.rules.facecheck import Band


def require_checked(session: Session, box: Box, attempt: Attempt, lease: int) -> None:
    """Raises Refused `face_check_first` while the check is not passed."""
    if not cleared(session, box, attempt, lease):
        raise Refused(
            "face_check_first",
            N_("The face check at this seat comes first."),
            N_("Look into the camera, or raise your hand."),
        )


def _row(session: Session, box: Box, attempt: Attempt, lease: int) -> SeatCheck:
    found = newest_check(session, attempt.id, lease)
    if found is None or found.state == "passed":
        found = SeatCheck(id=new_id(), attempt=attempt.id, lease=lease, asked_at=box.now())
        session.add(found)
        session.flush()
    return found


def picture_taken(session: Session, box: Box, attempt: Attempt, lease: Lease, capture: Capture) -> None:
    """A picture for the check has come: exam-faces looks at it, or people do."""
    if check_state(session, box, attempt, lease.number) != "due":
        return
    row = _row(session, box, attempt, lease.number)
    row.state, row.capture, row.tries = "looking", capture.id, row.tries + 1
    session.add(row)
    session.flush()
    if capture.state == "by_people":
        _to_people(session, box, attempt, row, lease.seat, "by_people", capture.picture)


def no_camera(session: Session, box: Box, attempt: Attempt, lease: Lease) -> None:
    """The station has no camera: the invigilator looks instead."""
    if check_state(session, box, attempt, lease.number) == "due":
        row = _row(session, box, attempt, lease.number)
        _to_people(session, box, attempt, row, lease.seat, "camera_missing", "")


def looked(
    session: Session, box: Box, capture: Capture, seen: Seen, band: Band | str, compared: bool
) -> None:
    """exam-faces has looked: admit goes on, the rest is tried again or waits for a person."""
    row = session.exec(
        select(SeatCheck).where(SeatCheck.capture == capture.id, SeatCheck.state == "looking")
    ).first()
    if row is None:  # a person was quicker
        return
    attempt = session.get_one(Attempt, capture.attempt)
    state, code = rules.judge(seen, band, compared, row.tries)  # type: ignore[arg-type]
    if state == "hand":
        _to_people(session, box, attempt, row, capture.seat, code, capture.picture)
        return
    row.state, row.code = state, code
    if state == "passed":
        row.settled_at = box.now()
        _close(session, box, row)
        body = {"attempt": attempt.id, "lease": row.lease, "capture": capture.id}
        append(session, "seat_check.passed", attempt.candidate, "process:faces", body, at=box.now())
    session.add(row)
    session.flush()


def _close(session: Session, box: Box, row: SeatCheck) -> None:
    """A person asked for one more picture of a check in their hands, and that one fits: nothing is left to judge."""
    case = session.get(ExamCase, row.exam_case) if row.exam_case else None
    if case is None or case.state != "open":
        return
    case.state, case.decided_at, case.reason = "dismissed", box.now(), _("The next picture fitted.")
    session.add(case)
    session.flush()
    body = {"case": case.id, "reason": case.reason}
    append(session, "exam_case.dismissed", case.candidate, "process:faces", body, at=box.now())


def _to_people(
    session: Session, box: Box, attempt: Attempt, row: SeatCheck, seat: str, code: str, picture: str
) -> None:
    actor = f"seat:{seat}" if code in ("camera_missing", "by_people") else "process:faces"
    detail = {"code": code, "lease": row.lease}
    case = seen_again(
        session, box, attempt, "seat_face", box.now(), actor, seat=seat, picture=picture, detail=detail
    )
    row.state, row.code, row.exam_case = "hand", code, case.id
    session.add(row)
    session.flush()
    body = {"attempt": attempt.id, "lease": row.lease, "code": code, "case": case.id}
    append(session, "seat_check.handed_over", attempt.candidate, actor, body, at=box.now())


def ask_again(session: Session, box: Box, token_hash: str) -> None:
    """The page was started anew, or cut off for long: the same lease is checked once more where the site wants it."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    station = box.settings.station
    found = newest_check(session, attempt.id, lease.number)
    on = station.face_check and station.face_check_again and attempt.lease == lease.number
    if not on or attempt.state != "running" or found is None or found.state != "passed":
        return
    _row(session, box, attempt, lease.number)
    body = {"attempt": attempt.id, "lease": lease.number}
    append(session, "seat_check.asked", attempt.candidate, f"seat:{lease.seat}", body, at=box.now())


def decide_check(
    session: Session,
    box: Box,
    attempt_id: str,
    decision: str,
    reason: str,
    who: Who,
    second_login: str = "",
) -> SeatCheck:
    """The invigilator looked at the person: `admit` lets them go on, `again` asks for one more picture.

    Where the machine saw somebody else two people decide. `admit` of a check that was passed changes nothing.
    """
    attempt = session.get(Attempt, attempt_id)
    if attempt is None or not attempt.lease:
        raise NotFound("no_attempt", N_("There is no such attempt."), N_("Reload the page."))
    row = newest_check(session, attempt.id, attempt.lease)
    if row is not None and row.state == "passed" and decision == "admit":
        return row
    if check_state(session, box, attempt, attempt.lease) == "":
        raise Conflict("no_seat_check", N_("No face check waits at this seat."), N_("Reload the page."))
    if decision not in ("admit", "again"):
        raise Refused("bad_decision", N_("Choose to let go on or to look once more."))
    row = _row(session, box, attempt, attempt.lease)
    if decision == "again":
        row.state, row.tries = "due", 0
    else:
        if not reason.strip():
            raise Refused(
                "reason_missing", N_("Please give a reason."), N_("Write a few words and try again.")
            )
        if row.code in rules.SECOND_PERSON:
            row.second_by = second_person(session, who, second_login, ("invigilator", "chief")).id
        row.state, row.decided_by, row.reason = "passed", who.account, reason.strip()
        row.settled_at = box.now()
        case = session.get(ExamCase, row.exam_case) if row.exam_case else None
        if case is not None and case.state == "open":
            dismiss_case(session, box, case.id, reason, who)
    session.add(row)
    session.flush()
    body = {"attempt": attempt.id, "lease": row.lease, "decision": decision, "second": row.second_by}
    append(session, "seat_check.decided", attempt.candidate, who.actor, body, at=box.now())
    return row
