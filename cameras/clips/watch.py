"""The own look at every camera's picture: one key frame a minute, decoded from the recorder's store.

It is black, frozen, blurred or moved (cameras/picture.py) when two looks in a row say so: somebody may stand before the
lens for a moment. The recorder is not disturbed, and cameras that do not record are told by the recorder itself.
"""

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import msgspec

from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.base.sockets import ask
from appliance.wire.recorder import (
    AlarmKind,
    AlarmsKept,
    PictureFault,
    Pictures,
    PictureStatus,
    Reference,
    TellAlarms,
)
from cameras import picture, screen_code
from cameras.clips.cut import timed
from cameras.index import Reader
from cameras.measure import decode_alone, grey
from cameras.picture import Grey
from cameras.reference import References

log = logging.getLogger("examsite.clips")

EVERY = 60.0
"""Seconds between two looks at one camera."""
TIMEOUT = 2.0
STALE = timedelta(minutes=3)
"""An older picture says nothing about now."""


class Seen(msgspec.Struct, kw_only=True):
    """The last look at one camera. `picture`: small."""

    at: datetime
    picture: Grey
    found: set[PictureFault]
    faults: list[PictureFault]
    """Found in this look and the one before."""
    numbers: list[int] = []
    """What the screens in its view show."""


class PictureWatch:
    """Looks at the cameras of a site in turn. `status` at any time."""

    def __init__(self, settings: Settings, index: Reader) -> None:
        self._settings = settings
        self._media = Path(settings.recorder.media)
        self._index = index
        self.references = References(settings)
        self._seen: dict[str, Seen] = {}
        self._told: dict[str, str] = {}
        self._unusable: dict[str, str] = {}
        """Reference stills that cannot be used, and why."""
        self._stills: dict[str, Reference] = {}
        """Of every camera, as the last look found it."""
        self._stated: dict[str, float | None] = {}
        """When its statement was written, as that look found it."""

    async def run(self) -> None:
        """Until cancelled: every camera once a minute, one after the other."""
        cv2.setNumThreads(1)  # what it costs is bounded by one thread's time
        while True:
            cameras = [camera.code for camera in self._settings.cameras]
            await asyncio.sleep(0 if cameras else EVERY)
            for camera in cameras:
                await asyncio.sleep(EVERY / len(cameras))
                try:
                    await asyncio.to_thread(self.look, camera, datetime.now(UTC))
                    await self._tell(camera)
                except Exception:  # one camera's nonsense must not end the look at the others
                    log.exception("camera %s: not foreseen", camera)

    async def _tell(self, camera: str) -> None:
        """Its faults become rows of the recorder's index; a recorder that is silent is told at the next look."""
        if camera in self._told:
            return  # nobody could look: what stands is neither over nor found again
        seen = self._seen.get(camera)
        kinds: list[AlarmKind] = [*seen.faults] if seen else []
        told = TellAlarms(camera=camera, by="picture", kinds=kinds, at=seen.at if seen else datetime.now(UTC))
        with contextlib.suppress(ExamError):
            await ask(self._settings.socket("recorder"), told, AlarmsKept, TIMEOUT)

    def status(self) -> Pictures:
        """What the last looks found; of a reference still that was taken since, what it is now."""
        for camera, stated in list(self._stated.items()):
            if self.references.written(camera) != stated:
                self._reference(camera)
        return Pictures(
            cameras=[
                PictureStatus(
                    camera=camera,
                    at=seen.at,
                    faults=seen.faults,
                    screen_numbers=seen.numbers,
                )
                for camera, seen in sorted(self._seen.items())
            ],
            references=dict(self._stills),
        )

    def look(self, camera: str, now: datetime) -> None:
        """One look. What cannot be read is said once in the log and clears what was known."""
        reference = self._reference(camera)  # also of one that rests: nobody would miss it for months
        try:
            taken = self._newest(camera)
        except ExamError as error:
            self._seen.pop(camera, None)
            if self._told.get(camera) != error.code:
                log.warning("camera %s: its picture cannot be looked at: %s", camera, error)
            self._told[camera] = error.code
            return
        self._told.pop(camera, None)
        if taken is None or abs(now - taken[0]) > STALE:  # later than now: from before the clock was set back
            self._seen.pop(camera, None)
            return
        at, seen = taken
        before = self._seen.get(camera)
        if before and before.at == at:
            return
        kept = picture.small(seen)
        found = faults(kept, before.picture if before else None, reference[1] if reference else None)
        lasting = sorted(found & before.found) if before else []
        for fault in set(lasting) - set(before.faults if before else []):
            log.warning("camera %s: its picture is %s", camera, fault)
        has_screen = any(one.code == camera and one.screen for one in self._settings.cameras)
        numbers = screen_code.read(seen) if has_screen else []
        self._seen[camera] = Seen(at=at, picture=kept, found=found, faults=lasting, numbers=numbers)

    def _reference(self, camera: str) -> tuple[Any, Grey] | None:
        """Its reference still, if one can be used: else black and frozen pictures are told all the same."""
        self._stated[camera] = self.references.written(camera)
        try:
            reference = self.references.load(camera)
        except ExamError as error:
            if self._unusable.get(camera) != error.code:
                log.warning("camera %s: nothing to hold its picture against: %s", camera, error)
            self._unusable[camera] = error.code
            self._stills[camera] = "altered"
            return None
        self._unusable.pop(camera, None)
        self._stills[camera] = "kept" if reference else "none"
        return reference

    def _newest(self, camera: str) -> tuple[datetime, Grey] | None:
        """The newest key frame on the disk."""
        newest = self._index.newest(camera)
        if newest is None:
            return None
        for segment in [newest, *self._index.before(camera, newest.start)]:
            key: tuple[datetime, Any, Any] | None = None
            for at, packet, stream in timed(self._media, segment):
                if packet.is_keyframe:
                    key = at, packet, stream
            if key:
                frame = decode_alone(key[1], key[2])
                return None if frame is None else (key[0], grey(frame))
        return None


def faults(seen: Grey, before: Grey | None, reference: Grey | None) -> set[PictureFault]:
    """What is wrong with a picture, against the one a minute before and the reference still. Pure."""
    if picture.black(seen):
        return {"black"}
    found: set[PictureFault] = set()
    if before is not None and picture.hangs(before, seen):
        found.add("frozen")
    if reference is not None:
        told = picture.compare(seen, reference)
        if told.sharpness < picture.BLURRED:
            found.add("blurred")
        elif told.shift is not None and told.shift >= picture.MOVED:
            found.add("moved")
    return found
