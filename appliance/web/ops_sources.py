"""What the other processes say: each is asked alone, times out alone, is told silent since when."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.flow.box import Box
from appliance.flow.cameras import referenced
from appliance.wire.archive import GetStorage, Storage
from appliance.wire.faceworker import FaceworkState, GetFacework
from appliance.wire.gate import GetLanes, LaneState
from appliance.wire.ops import Disk, Machine, Process
from appliance.wire.recorder import GetPictures, GetStatus, Pictures, ScreenCode, Status
from appliance.wire.sync import Backlog, GetBacklog, Trouble

TIMEOUT = 1.0
FRESH = 0.8
"""Seconds for which an answer serves everybody who asks."""


class Source:
    """One process: its last answer, and since when it is silent."""

    def __init__(self, name: str, question: Callable[[], Awaitable[Any]]) -> None:
        self.name = name
        self._question = question
        self.answer: Any = None
        self.silent_since: datetime | None = None
        self.took_ms: float | None = None

    async def ask(self, box: Box) -> None:
        """Ask once; an error is remembered, not raised."""
        began = box.clock.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                self.answer = await self._question()
        except (ExamError, OSError, TimeoutError):
            self.silent_since = self.silent_since or box.now()
            self.took_ms = None
        else:
            self.silent_since = None
            self.took_ms = round((box.clock.monotonic() - began) * 1000, 1)

    @property
    def line(self) -> Process:
        """As the terminal shows it."""
        return Process(
            name=self.name, ok=self.silent_since is None, since=self.silent_since, answer_ms=self.took_ms
        )


class Sources:
    """Every process of the box that this site's configuration calls for."""

    def __init__(self, box: Box, screens: Mapping[str, ScreenCode]) -> None:
        self._box = box
        self._screens = screens
        self._asked = -FRESH
        self._referenced: set[str] = set()
        self._turn = asyncio.Lock()
        self.up_since = box.now()
        settings = box.settings
        self.gate = Source("gate", lambda: ask(settings.socket("gate"), GetLanes(), list[LaneState], TIMEOUT))
        self.recorder = Source(
            "recorder", lambda: ask(settings.socket("recorder"), GetStatus(), Status, TIMEOUT)
        )
        self.sync = Source("sync", lambda: ask(settings.socket("sync"), GetBacklog(), Backlog, TIMEOUT))
        self.clips = Source("clips", lambda: ask(settings.socket("clips"), GetPictures(), Pictures, TIMEOUT))
        self.archive = Source(
            "archive", lambda: ask(settings.socket("archive"), GetStorage(), Storage, TIMEOUT)
        )
        self.others = [
            Source("faces", lambda: ask(settings.socket("faces"), GetFacework(), FaceworkState, TIMEOUT))
        ]

    @property
    def _all(self) -> list[Source]:
        """Those this site has: cameras may have been set up since the start."""
        settings = self._box.settings
        cameras = any(True for _one in settings.cameras)
        return [
            *([self.gate] if settings.lanes else []),
            *([self.recorder] if cameras else []),
            *([self.sync] if settings.province.url else []),
            *self.others,
            *([self.clips, self.archive] if cameras else []),
        ]

    async def refresh(self) -> None:
        """Ask everybody at once, unless that has just been done."""
        async with self._turn:
            if self._box.clock.monotonic() - self._asked < FRESH:
                return
            # First what the journal knows: a still that is taken meanwhile must not be missed for being new.
            self._referenced = await self._box.db.read(referenced)
            await asyncio.gather(*(source.ask(self._box) for source in self._all))
            self._asked = self._box.clock.monotonic()

    def forget(self) -> None:
        """What was heard is no longer true: the next one asks again."""
        self._asked = -FRESH

    @property
    def processes(self) -> list[Process]:
        """Lines of all processes; exam-web is the one that answers."""
        return [Process(name="web", ok=True, answer_ms=0.0), *(source.line for source in self._all)]

    @property
    def lanes(self) -> list[LaneState]:
        """Lanes as exam-gate last told, or as configured with silent parts while it says nothing."""
        known = {lane.lane: lane for lane in self.gate.answer or []}
        lanes = []
        for setting in self._box.settings.lanes:
            lane = known.get(setting.code) or LaneState(
                lane=setting.code, name=setting.name, kind=setting.kind, reader="silent", gate="silent"
            )
            if self.gate.silent_since:
                lane.reader = lane.gate = lane.camera = "silent"
                lane.printer = "silent" if setting.printer else "none"
            lanes.append(lane)
        return lanes

    @property
    def status(self) -> Status | None:
        """The recorder's last answer."""
        answer: Status | None = self.recorder.answer
        seen: Pictures | None = self.clips.answer if self.clips.silent_since is None else None
        looks = {one.camera: one for one in seen.cameras} if seen else {}
        for camera in answer.cameras if answer else []:
            look = looks.get(camera.camera)
            camera.picture_faults = look.faults if look else []
            still = seen.references.get(camera.camera) if seen else None
            taken = camera.camera in self._referenced
            camera.reference_lost = still == "altered" or (still == "none" and taken)
            camera.screen_code = self._screens.get(camera.camera, "")
        return answer

    @property
    def troubles(self) -> list[Trouble]:
        """What exam-sync says needs a person."""
        answer: Backlog | None = self.sync.answer
        return answer.troubles if answer and self.sync.silent_since is None else []

    def disks(self) -> list[Disk]:
        """The state folder's disk, and the media disk as the recorder told it."""
        found = []
        state = self._box.settings.state
        if state.exists():
            usage = shutil.disk_usage(state)
            found.append(Disk(what="state", path=str(state), total=usage.total, free=usage.free))
        if status := self.status:
            found.append(
                Disk(what="media", path=status.media, total=status.disk_total, free=status.disk_free)
            )
        return found

    def machine(self, version: str, heads: tuple[int, int]) -> Machine:
        """Load and memory of the box (Linux /proc), size of the database."""
        box = self._box
        memory = _memory()
        cores = os.cpu_count() or 1
        load = os.getloadavg()[0]
        path = Path(box.db.url.database or "") if box.db.sqlite else None
        return Machine(
            version=version,
            load=round(load, 2),
            cores=cores,
            memory_total=memory.get("MemTotal", 0),
            memory_free=memory.get("MemAvailable", 0),
            up_since=self.up_since,
            database="sqlite" if box.db.sqlite else "postgresql",
            database_bytes=path.stat().st_size if path and path.exists() else 0,
            seq=heads[0],
            sealed_seq=heads[1],
            parts_of_design=round(load / cores, 2),
        )


def _memory() -> dict[str, int]:
    lines = Path("/proc/meminfo").read_text().splitlines()
    parts = (line.split() for line in lines)
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in parts if len(words) > 1}
