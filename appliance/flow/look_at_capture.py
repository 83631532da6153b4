"""exam-faces and its work: which picture is next, and what came of looking at it. A person judges the cases."""

from typing import Literal

import msgspec
from sqlmodel import Session, case, col, func, select

from appliance.flow.box import Box
from appliance.flow.look import entrance_photo
from appliance.flow.seat_check import looked
from appliance.flow.seen_again import seen_again
from appliance.records.captures import Capture
from appliance.records.journal import append
from appliance.records.roster import Candidate
from appliance.records.theory import Attempt
from appliance.rules import captures
from appliance.rules.facecheck import Band, band
from appliance.wire.faceworker import Studied

ACTOR = "process:faces"


class Task(msgspec.Struct, frozen=True):
    """A picture to look at, and the photographs of the person it should show (names of sealed files)."""

    capture: str
    picture: str
    photos: dict[str, str]
    """Kind (entrance, roster) -> name."""


def next_capture(session: Session, _box: Box) -> Task | None:
    """The capture that waits longest; whoever waits for a face check at the seat comes first."""
    first = case((col(Capture.purpose) == "seat_check", 0), else_=1)
    found = session.exec(
        select(Capture)
        .where(Capture.state == "waiting")
        .order_by(first, col(Capture.recorded_at), col(Capture.id))
        .limit(1)
    ).first()
    if found is None:
        return None
    attempt = session.get_one(Attempt, found.attempt)
    photos = {
        "entrance": entrance_photo(session, attempt.sitting, attempt.candidate),
        "roster": session.get_one(Candidate, attempt.candidate).photo,
    }
    return Task(found.id, found.picture, {kind: name for kind, name in photos.items() if name})


def waiting(session: Session) -> int:
    """How many captures wait to be looked at."""
    return session.exec(select(func.count()).select_from(Capture).where(Capture.state == "waiting")).one()


def note_studied(session: Session, box: Box, capture_id: str, studied: Studied) -> list[str]:
    """What exam-faces saw becomes cases, or the outcome of a face check. Returns the kinds of cases; a replay none."""
    capture = session.get_one(Capture, capture_id)
    if capture.state != "waiting":
        return []
    attempt = session.get_one(Attempt, capture.attempt)
    faces = box.settings.faces
    distance = captures.best([one.distance for one in studied.compared if one.distance is not None])
    found: Band | Literal[""] = (
        band(distance, faces.admit_below, faces.review_below) if distance is not None else ""
    )
    kinds: list[captures.Kind] = []
    if capture.purpose == "random":
        kinds = captures.findings(studied.seen, found, len(studied.devices))
    capture.state, capture.engine, capture.version = "looked", studied.engine, studied.version
    capture.band, capture.distance, capture.found = found, distance, " ".join(kinds)
    session.add(capture)
    session.flush()
    body = {"capture": capture.id, "attempt": attempt.id, "band": found, "found": kinds}
    append(session, "capture.compared", attempt.candidate, ACTOR, body, at=box.now())
    for kind in kinds:
        detail = {"devices": [one.name for one in studied.devices]} if kind == "device" else {}
        seen_again(
            session,
            box,
            attempt,
            kind,
            capture.happened_at,
            ACTOR,
            seat=capture.seat,
            picture=capture.picture,
            detail=detail,
        )
    if capture.purpose == "seat_check":
        looked(session, box, capture, studied.seen, found, bool(studied.photos))
    return list(kinds)


def note_unusable(session: Session, box: Box, capture_id: str, code: str) -> None:
    """The picture cannot be looked at (altered on the disk, no picture, the machine dies of it): a person looks."""
    capture = session.get_one(Capture, capture_id)
    if capture.state != "waiting":
        return
    attempt = session.get_one(Attempt, capture.attempt)
    capture.state = "unusable"
    session.add(capture)
    session.flush()
    body = {"capture": capture.id, "attempt": attempt.id, "code": code}
    append(session, "capture.compared", attempt.candidate, ACTOR, body, at=box.now())
    if capture.purpose == "seat_check":
        looked(session, box, capture, "nobody", "", True)
    else:
        seen_again(
            session,
            box,
            attempt,
            "camera_missing",
            capture.happened_at,
            ACTOR,
            seat=capture.seat,
            picture=capture.picture,
            detail={"cause": code},
        )
