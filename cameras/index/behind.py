"""What stood behind a camera's code since when: its address, its room, and the serial number it told.

A card holds what its camera saw wherever it hung then. A new row is written when any of the three changes, so that
nothing of the time before is taken for what this code saw without a person saying so.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from appliance.base.camera_settings import CameraSettings
from cameras.index.reader import Reader
from cameras.index.schema import micros, moment
from cameras.index.writer import Index

log = logging.getLogger("examsite.recorder")

NOBODY = ""
"""Address of a code that stands for no camera."""
INSERT = "INSERT INTO behind(camera, since, address, room, serial) VALUES (?, ?, ?, ?, ?)"


class Behind(NamedTuple):
    """`serial`: as it was told last at this address; None: not asked yet; empty: it tells none."""

    since: datetime
    address: str
    room: str
    serial: str | None


def newest(index: Reader) -> dict[str, Behind]:
    """The last row of every code."""
    rows = index.rows(
        "SELECT camera, since, address, room, serial FROM behind"
        " WHERE rowid IN (SELECT max(rowid) FROM behind GROUP BY camera)"
    )
    return {row[0]: Behind(moment(row[1]), *row[2:]) for row in rows}


def follow(index: Index, cameras: Sequence[CameraSettings], now: datetime) -> None:
    """Rows for the cameras as they are kept now. Raises sqlite3.Error and Unavailable."""
    known = newest(index)
    fresh = {one.code: (one.address, one.room) for one in cameras}
    fresh |= dict.fromkeys(known.keys() - fresh.keys(), (NOBODY, ""))
    rows = []
    for code, place in fresh.items():
        last = known.get(code)
        if last is None or last[1:3] != place:
            # Another room does not break the stream: asked after the next outage, it is compared with what it told.
            told = last.serial if last and last.address == place[0] else None
            rows.append((code, micros(now), *place, told))
    if rows:
        with index.transaction() as link:
            link.executemany(INSERT, rows)


def tell_serial(index: Index, camera: str, serial: str | None, now: datetime) -> None:
    """What the camera behind a code says it is. None: it could not be asked."""
    last = newest(index).get(camera)
    if last and serial is not None and last.serial != serial:
        if last.serial is not None:
            log.warning("camera %s: another device answers there now (serial %s)", camera, serial)
        index.write(INSERT, camera, micros(now), last.address, last.room, serial)


def since(index: Reader, camera: CameraSettings, now: datetime) -> datetime:
    """From when on what is behind this code is what is kept of it now; `now`: nobody has noted it yet."""
    last = newest(index).get(camera.code)
    return last.since if last and last[1:3] == (camera.address, camera.room) else now
