"""Alarms of the cameras as rows of the index: whoever looks tells what stands, here it gets its beginning and its end.

The rows stand beside the recordings so that a time line and a sitting's record name them next to the gaps. They are no
links of the chain: what a camera reports and a code that is missing are in the journal as well.
"""

import asyncio
import logging
import sqlite3
from datetime import UTC, datetime

from appliance.base.errors import ExamError
from appliance.base.sockets import Handler
from appliance.wire.cameras import CameraAlarm
from appliance.wire.recorder import AlarmKind, AlarmsKept, TellAlarms, Watcher
from cameras.index import Index

log = logging.getLogger("examsite.recorder")

OF: dict[Watcher, frozenset[AlarmKind]] = {
    "events": frozenset({"tamper", "scene"}),
    "picture": frozenset({"black", "frozen", "blurred", "moved"}),
    "screen": frozenset({"code"}),
}


class AlarmRows:
    """One of a recorder. What the disk does not take now is kept the next time: whoever tells hears that it was not,
    and tells again.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._failing = False

    def of_events(self, camera: str, standing: list[CameraAlarm], at: datetime) -> None:
        """What a camera itself reports."""
        self._keep("events", camera, list(standing), at)

    def handlers(self) -> dict[type, Handler]:
        """Of the socket `recorder`."""

        async def keep(told: TellAlarms) -> AlarmsKept:
            at = told.at.astimezone(UTC)
            return AlarmsKept(await asyncio.to_thread(self._keep, told.by, told.camera, told.kinds, at))

        return {TellAlarms: keep}

    def _keep(self, by: Watcher, camera: str, kinds: list[AlarmKind], at: datetime) -> bool:
        of = OF[by]
        try:
            self._index.alarms_stand(camera, of, of & set(kinds), at)
            self._failing = False
        except (sqlite3.Error, ExamError) as error:
            if not self._failing:
                log.error("camera %s: its alarms cannot be kept: %s", camera, error)
            self._failing = True
            return False
        return True
