"""Which cameras looked at a place at a time: kept as rows, so that it does not depend on today's settings.

The rows are made of what exam-recorder noted, with the time of the change (`take_note`); what no note tells, as of the
cameras of examsite.toml, is as the settings are when they are looked at (`keep_views`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.cameras import numbers
from appliance.records.cameras import CameraView
from appliance.wire.cameras import Note, NoteKind


class View(NamedTuple):
    """What one camera looked at. `since` None: as long as anybody knows; `until` None: still."""

    camera: str
    name: str
    room: str
    seats: str
    since: datetime | None
    until: datetime | None


LOOKS: tuple[NoteKind, ...] = ("added", "changed", "marked", "removed")
"""Notes that say what a camera looks at from then on."""


def first_views(session: Session, box: Box, at: datetime) -> None:
    """Before the first note of all: the cameras that no note tells of, as they are."""
    if session.exec(select(CameraView.id).limit(1)).first() is None:
        for one in getattr(box.settings.cameras, "own", []):
            _open(session, one.code, one.name, one.room, one.seats, at)


def take_note(session: Session, box: Box, note: Note) -> None:
    """From the note's time on the camera looks where it says; what is known of a later time stays. Idempotent."""
    if note.kind not in LOOKS:
        return
    mine = select(CameraView).where(CameraView.camera == note.camera).order_by(col(CameraView.since))
    rows = list(session.exec(mine).all())
    then = next(
        (one for one in rows if one.since <= note.at and not (one.until and one.until <= note.at)), None
    )
    if then and (then.room, then.seats) == (note.room, note.seats) and note.kind != "removed":
        return
    until = then.until if then else next((one.since for one in rows if one.since > note.at), None)
    if then:
        then.until = note.at
        session.add(then)
    if note.kind != "removed":
        called = {one.code: one.name for one in box.settings.cameras}
        name = called.get(note.camera) or (then.name if then else note.camera)
        _open(session, note.camera, name, note.room, note.seats, note.at, until)


def _open(
    session: Session,
    camera: str,
    name: str,
    room: str,
    seats: str,
    since: datetime,
    until: datetime | None = None,
) -> None:
    row = CameraView(id=new_id(), camera=camera, name=name, room=room, seats=seats, since=since, until=until)
    session.add(row)
    session.flush()


def keep_views(session: Session, box: Box) -> None:
    """Close the rows of cameras that look elsewhere now or are gone, and open theirs anew. Idempotent."""
    now = box.now()
    standing = {
        one.camera: one
        for one in session.exec(select(CameraView).where(col(CameraView.until).is_(None))).all()
    }
    for camera in box.settings.cameras:
        row = standing.pop(camera.code, None)
        fresh = (camera.name, camera.room, camera.seats)
        if row and (row.name, row.room, row.seats) == fresh:
            continue
        if row:
            row.until = now
            session.add(row)
        _open(session, camera.code, *fresh, now)
    for row in standing.values():
        row.until = now
        session.add(row)


def as_now(session: Session, box: Box) -> bool:
    """Are the rows as the settings are, so that there is nothing to write?"""
    rows = session.exec(select(CameraView).where(col(CameraView.until).is_(None))).all()
    kept = {(one.camera, one.name, one.room, one.seats) for one in rows}
    return kept == {(one.code, one.name, one.room, one.seats) for one in box.settings.cameras}


def views(session: Session, box: Box) -> list[View]:
    """Of every camera there is or was, in the order of the settings, those that are gone behind them.

    The very first rows tell also what was before: those cameras were set up before anybody wrote it down. A camera
    without any row looks where its settings say.
    """
    found: dict[str, list[View]] = {one.code: [] for one in box.settings.cameras}
    rows = session.exec(select(CameraView).order_by(col(CameraView.since), col(CameraView.id))).all()
    for row in rows:
        since = None if row.since == rows[0].since else row.since
        view = View(row.camera, row.name, row.room, row.seats, since, row.until)
        found.setdefault(row.camera, []).append(view)
    for camera in box.settings.cameras:
        if not found[camera.code]:
            found[camera.code] = [View(camera.code, camera.name, camera.room, camera.seats, None, None)]
    return [one for mine in found.values() for one in mine]


def looking(
    session: Session,
    box: Box,
    rooms: Collection[str],
    start: datetime,
    end: datetime | None,
    seat: int | None = None,
) -> list[str]:
    """Codes of the cameras that looked at one of these rooms or lanes at any moment from `start` to `end` (None: now).

    `seat`: only those that saw this seat.
    """
    until = end or box.now()
    chosen: dict[str, None] = {}
    for view in views(session, box):
        if (
            view.room not in rooms
            or (view.since and view.since > until)
            or (view.until and view.until < start)
        ):
            continue
        covered = numbers(view.seats)
        if seat is None or covered is None or seat in covered:
            chosen[view.camera] = None
    return list(chosen)


def camera_codes(session: Session, box: Box) -> set[str]:
    """Every camera there is or was."""
    return {one.camera for one in views(session, box)}
