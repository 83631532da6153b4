"""The page tells how its camera is: a missing one is a case, and stands between a seat and its face check."""

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.flow.note_case import note_case
from appliance.flow.seat_check import no_camera
from appliance.flow.seen_again import open_case, seen_again
from appliance.records.cases import ExamCase
from appliance.records.theory import Attempt
from appliance.wire import station as wire

MOST = 20
"""Times one case counts a camera that comes and goes: a page gone mad must not fill the journal."""


def note_camera(session: Session, box: Box, token_hash: str, told: wire.CameraState) -> None:
    """Open the case of a camera that gives no picture, or end it; told again it changes nothing."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if attempt.lease != lease.number or attempt.state in ("handed_in", "marked"):
        return
    actor = f"seat:{lease.seat}"
    standing = _standing(session, attempt.id)
    if told.state == "ok":
        if standing is not None:
            note_case(
                session, box, attempt, standing.kind, box.now(), actor, case_id=standing.id, until=box.now()
            )
        return
    known = open_case(session, attempt.id, "camera_missing")
    enough = known is not None and msgspec.json.decode(known.detail).get("count", 1) >= MOST
    if box.settings.captures.every and standing is None and not enough:
        case = seen_again(
            session,
            box,
            attempt,
            "camera_missing",
            box.now(),
            actor,
            seat=lease.seat,
            detail={"cause": told.state},
        )
        case.until = None  # it lasts
        session.add(case)
        session.flush()
    no_camera(session, box, attempt, lease)


def _standing(session: Session, attempt: str) -> ExamCase | None:
    """The case of a camera that gives no picture now; one that a person closed stands until the picture is back."""
    return session.exec(
        select(ExamCase)
        .where(
            ExamCase.attempt == attempt,
            ExamCase.kind == "camera_missing",
            (ExamCase.picture == "") | (ExamCase.state == "open"),
            col(ExamCase.until).is_(None),
        )
        .order_by(col(ExamCase.happened_at).desc())
    ).first()
