"""Something was noticed during an attempt: a case for a person to judge (records.cases). The exam's clock runs on."""

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.records.cases import ExamCase
from appliance.records.journal import append
from appliance.records.theory import Attempt

KINDS: dict[str, str] = {
    "page_left": N_("Left the exam page"),
    "focus_lost": N_("Another window was in front of the exam page"),
    "fullscreen_left": N_("The exam page was no longer on the whole screen"),
    "page_reloaded": N_("The exam page was loaded anew, and was away for long"),
    "absent": N_("Nobody in front of the camera"),
    "several_faces": N_("Several people in front of the camera"),
    "covered": N_("Face or camera covered"),
    "mismatch": N_("The face does not match the roster photo"),
    "looking_away": N_("Looking away from the screen"),
    "camera_missing": N_("The station's camera gives no picture"),
    "seat_face": N_("Face check at the seat: a person has to compare"),
    "device": N_("A phone or another device in the picture"),
}
"""Kind -> what was noticed."""


def note_case(
    session: Session,
    box: Box,
    attempt: Attempt,
    kind: str,
    happened_at: datetime,
    actor: str,
    *,
    case_id: str = "",
    until: datetime | None = None,
    seat: str | None = None,
    picture: str = "",
    detail: dict[str, Any] | None = None,
) -> ExamCase:
    """Keep a case of `attempt`, or say of one that is kept already (same `case_id`) until when it lasted.

    `picture`: SHA-256 of a sealed file. Refused when `case_id` is another attempt's, or `kind` unknown.
    """
    if kind not in KINDS:
        raise Refused("bad_case", N_("There is no such kind of case."))
    known = session.get(ExamCase, case_id) if case_id else None
    if known is not None:
        if known.attempt != attempt.id:
            raise Refused("bad_case", N_("This case belongs to another attempt."))
        if until is not None and known.until is None:
            known.until = max(until, known.happened_at)
            session.add(known)
            session.flush()
            append(session, "exam_case.ended", known.candidate, actor, {"case": known.id}, at=box.now())
        return known
    case = ExamCase(
        id=case_id or new_id(),
        sitting=attempt.sitting,
        attempt=attempt.id,
        candidate=attempt.candidate,
        seat=seat,
        kind=kind,
        happened_at=happened_at,
        until=max(until, happened_at) if until else None,
        picture=picture,
        detail=msgspec.json.encode(detail or {}).decode(),
    )
    session.add(case)
    session.flush()
    body = {"case": case.id, "attempt": attempt.id, "kind": kind} | ({"picture": picture} if picture else {})
    append(session, "exam_case.opened", case.candidate, actor, body, at=box.now())
    return case
