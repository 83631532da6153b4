"""The face check of one lane: what it says of a person, and how the camera is.

Who puts down a card is compared with the chip's photograph and the roster's. Who shows a paper instead is compared by
people alone: a picture is taken for the file, and not even that of whoever asked to be checked by people.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

from appliance.base.errors import Corrupt, ExamError, NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.faces import chip_photo
from appliance.faces.lane import FaceWorker
from appliance.flow.admit import FaceTaken, PhotoHeld
from appliance.flow.box import Box
from appliance.flow.face_taken import face_taken
from appliance.flow.note_altered import note_altered
from appliance.wire.faceworker import Looked, Reference
from appliance.wire.gate import LaneState

log = logging.getLogger("examsite.gate")

PATIENCE = 1.5
"""Seconds a person may take to look at the camera."""
PROBE = 5.0
"""Seconds between two looks at a camera that is lost."""
NO_PICTURE = N_("The face camera gives no picture.")
NO_FACES = N_("The face check does not answer.")


class LaneFaces:
    """`say`: what staff are told of the camera, as a message id; `note`: a loss or its end, for the journal."""

    def __init__(
        self,
        box: Box,
        state: LaneState,
        faces: FaceWorker,
        say: Callable[[str], None],
        note: Callable[[str], Awaitable[None]],
    ) -> None:
        self._box = box
        self._state = state
        self._faces = faces
        self._say = say
        self._note = note
        self._code: str | None = None
        """What the journal was told last."""
        self._decoder = chip_photo.Outage(state.lane)
        faces.prompt = lambda code: setattr(state, "prompt", code)

    @property
    def lane(self) -> str:
        """Code of the lane."""
        return self._state.lane

    @property
    def view(self) -> bytes:
        """What the camera sees while a face is looked at, for the person before it; empty otherwise."""
        return self._faces.view if self._state.camera == "busy" else b""

    async def start(self) -> None:
        """Load the face engine; entry goes on the manual way when it cannot."""
        try:
            await self._faces.start()
            seen = (await self._faces.ping()).camera
        except ExamError as error:
            log.error("lane %s: %s", self._state.lane, error)
            await self._told("fault", error.message, error.code)
        except Exception:  # no face check may end the process that opens the gates
            log.exception("lane %s: the face check cannot begin", self._state.lane)
            await self._told("fault", NO_FACES, "face_engine_silent")
        else:
            if seen in ("ok", "none"):
                await self._told("ok")
            else:  # told before the first card is put down, not after it
                await self._told("silent", NO_PICTURE, f"camera_{seen}")

    async def probe(self) -> None:
        """Look whether a camera that was lost is back; never ends by itself."""
        while True:
            await asyncio.sleep(PROBE)
            if self._state.camera not in ("silent", "fault"):
                continue
            with suppress(ExamError):
                if (await self._faces.ping()).camera in ("ok", "none"):
                    await self._told("ok")

    async def close(self) -> None:
        """End the face check."""
        await self._faces.close()

    async def compare(self, block: bytes, roster_photo: str) -> FaceTaken:
        """Hold the live face against the chip's photograph and the roster's."""
        settings = self._box.settings.faces
        chip = await chip_photo.decode(block, settings.photo_decoder)
        self._decoder.tell(chip.cause)
        references = [Reference("chip", chip.picture)] if chip.picture else []
        roster, lost = await self._roster(roster_photo)
        references += [Reference("roster", roster)] if roster else []
        looked = await self._look_at(references, settings.liveness)
        if looked is None:
            return FaceTaken(
                engine=settings.engine, version="", reference="", band="review", code="face_engine_silent"
            )
        return await asyncio.to_thread(face_taken, self._box, looked, references, chip.cause, lost)

    async def photograph(self, roster_photo: str) -> FaceTaken:
        """Somebody with a paper and no chip: a picture for the file, the roster photo beside it, nothing compared."""
        roster, lost = await self._roster(roster_photo)
        looked = await self._look_at([], 0.0)
        live = looked.live if looked else b""
        held = lost or (PhotoHeld("roster", roster_photo, cause="not_compared") if roster else None)
        return FaceTaken(
            engine="",
            version="",
            reference="roster" if roster else "",
            band="",
            code="not_compared",
            reference_photo=roster_photo if roster else "",
            live_photo=await asyncio.to_thread(self._box.files.put, live, True) if live else "",
            held=[held] if held else [],
        )

    async def card(self) -> str:
        """What the camera sees now, sealed: the printed card and whoever holds it. Its name; nothing is compared.

        Raises Unavailable `camera_silent`.
        """
        looked = await self._look_at([], 0.0, patience=0.0)
        if looked is None or not looked.live:
            raise Unavailable("camera_silent", NO_PICTURE)
        return await asyncio.to_thread(self._box.files.put, looked.live, True)

    async def _roster(self, photo: str) -> tuple[bytes, PhotoHeld | None]:
        """The roster photo, empty when there is none; and what became of one that was altered on the disk."""
        if not photo:
            return b"", None
        try:
            return await asyncio.to_thread(self._box.files.get, photo, True), None
        except (Corrupt, NotFound) as error:  # a person decides; the card's own photograph is still compared
            log.error("lane %s: %s", self._state.lane, error)
            await self._box.db.write(note_altered, self._box, photo, error.code, "process:gate")
            return b"", PhotoHeld("roster", photo, cause=error.code)

    async def _look_at(
        self, references: list[Reference], liveness: float, patience: float = PATIENCE
    ) -> Looked | None:
        """What the camera sees of the person; None when the face check does not answer."""
        self._state.camera = "busy"
        bound = self._box.settings.faces.review_below
        try:
            looked = await self._faces.look(references, b"", patience, liveness, bound)
        except Unavailable as error:
            log.error("lane %s: %s", self._state.lane, error)
            await self._told("silent", error.message, error.code)
            return None
        except Exception:
            await self._told("fault", NO_FACES, "face_engine_silent")
            raise
        if self._faces.has_camera and looked.cause in ("camera_missing", "camera_silent"):
            await self._told("silent", NO_PICTURE, looked.cause)
        else:
            await self._told("ok")
        return looked

    async def _told(self, state: Literal["ok", "silent", "fault"], message: str = "", code: str = "") -> None:
        """How the camera and its face check are; a loss and its end go into the journal, as of any device."""
        self._state.camera = state
        self._say(message)
        if code != self._code:
            self._code = code
            await self._note(code)
