"""Which cameras looked at a place at a time: kept as rows, so that it does not depend on today's settings."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.cameras import numbers
from appliance.records.cameras import CameraView


class View(NamedTuple):
    """What one camera looked at. `since` None: as long as anybody knows; `until` None: still."""

    camera: str
    name: str
    room: str
    seats: str
    since: datetime | None
    until: datetime | None


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
        name, room, seats = fresh
        session.add(CameraView(id=new_id(), camera=camera.code, name=name, room=room, seats=seats, since=now))
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
