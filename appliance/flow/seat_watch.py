"""What was seen of one candidate at the seat: the captures, the open cases and the face check, for who may judge."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.look import entrance_photo
from appliance.flow.watched import check_state, newest_check
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.roster import Candidate
from appliance.records.theory import Attempt
from appliance.rules.seat_check import SECOND_PERSON

PANEL = 4
"""Captures beside the seat; the inspector sees all."""
STRIP = 200


class Shot(msgspec.Struct, kw_only=True):
    """One capture. `found`: kinds of cases that came of it."""

    id: str
    happened_at: datetime
    purpose: str
    state: str
    band: str
    found: list[str]
    away: bool = False
    """Taken by the page itself, while the box was away."""
    pictured: bool = True


class OpenCase(msgspec.Struct, kw_only=True):
    """A case nobody has judged. `count`: how often the same was seen."""

    id: str
    kind: str
    happened_at: datetime
    until: datetime | None
    count: int
    pictured: bool
    devices: list[str]
    code: str = ""


class SeatWatch(msgspec.Struct, kw_only=True):
    """One attempt. `check`: due, looking or hand while the face check stands; `check_code` says why."""

    attempt: str
    shots: list[Shot]
    cases: list[OpenCase]
    check: str = ""
    check_code: str = ""
    check_capture: str = ""
    two: bool = False
    """Two of the staff let this person go on."""


def _shot(one: Capture) -> Shot:
    return Shot(
        id=one.id,
        happened_at=one.happened_at,
        purpose=one.purpose,
        state=one.state,
        band=one.band,
        found=one.found.split(),
        away=one.purpose == "random" and one.number == 0,
        pictured=bool(one.picture),
    )


def shots_of(session: Session, attempt: str, most: int = STRIP) -> list[Shot]:
    """The newest captures of an attempt, oldest first."""
    rows = session.exec(
        select(Capture)
        .where(Capture.attempt == attempt)
        .order_by(col(Capture.happened_at).desc(), col(Capture.id).desc())
        .limit(most)
    ).all()
    return [_shot(one) for one in reversed(rows)]


def shots_near(session: Session, attempt: str, moments: list[datetime], most: int) -> list[Shot]:
    """The captures with a picture that were taken nearest to any of these moments, oldest first."""

    def away(one: Capture) -> float:
        return min(abs((one.happened_at - moment).total_seconds()) for moment in moments)

    rows = session.exec(select(Capture).where(Capture.attempt == attempt, Capture.picture != "")).all()
    nearest = sorted(rows, key=away)[:most]
    return [_shot(one) for one in sorted(nearest, key=lambda one: (one.happened_at, one.id))]


def strips_of(session: Session, candidate: str) -> list[tuple[datetime, list[Shot]]]:
    """Every attempt of a candidate with captures: when the first was taken, and the strip."""
    attempts = session.exec(select(Attempt.id).where(Attempt.candidate == candidate)).all()
    strips = [shots_of(session, one) for one in attempts]
    return sorted(((one[0].happened_at, one) for one in strips if one), key=lambda pair: pair[0])


def seat_watch(session: Session, box: Box, attempt_id: str) -> SeatWatch:
    """What stands beside the seat of this attempt."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound("no_attempt", N_("There is no such attempt."), N_("Reload the page."))
    rows = select(ExamCase).where(ExamCase.attempt == attempt.id, ExamCase.state == "open")
    cases = [_open(one) for one in session.exec(rows.order_by(col(ExamCase.happened_at)))]
    watch = SeatWatch(
        attempt=attempt.id,
        shots=shots_of(session, attempt.id, PANEL),
        cases=[one for one in cases if one.kind != "seat_face"],
        check=check_state(session, box, attempt, attempt.lease) if attempt.lease else "",
    )
    if watch.check:
        row = newest_check(session, attempt.id, attempt.lease)
        if row is not None:
            watch.check_code, watch.two = row.code, row.code in SECOND_PERSON
            watch.check_capture = row.capture or ""
    return watch


def _open(one: ExamCase) -> OpenCase:
    detail = msgspec.json.decode(one.detail)
    return OpenCase(
        id=one.id,
        kind=one.kind,
        happened_at=one.happened_at,
        until=one.until,
        count=int(detail.get("count", 1)),
        pictured=bool(one.picture),
        devices=[str(name) for name in detail.get("devices", [])],
        code=str(detail.get("code", "")),
    )


def capture_picture(session: Session, capture_id: str) -> tuple[str, str, str]:
    """Name of a capture's sealed picture, whose it is, and of which attempt."""
    capture = session.get(Capture, capture_id)
    if capture is None or not capture.picture:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    return capture.picture, session.get_one(Attempt, capture.attempt).candidate, capture.attempt


def attempt_portrait(session: Session, attempt_id: str) -> tuple[str, str]:
    """Name of the sealed photograph the captures are compared with (roster, else entrance), and whose it is."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound("no_attempt", N_("There is no such attempt."), N_("Reload the page."))
    candidate = session.get_one(Candidate, attempt.candidate)
    return candidate.photo or entrance_photo(session, attempt.sitting, candidate.id), candidate.id
