"""exam-faces: looks at the pictures of the seats, beside and below everything else.

The pictures wait in the database (records.captures), as many as there are seats to send them; one after another is
looked at by one worker process at low priority: an entrance or an answer is never slower because faces are looked at.
Was this process away, they have waited and are worked off. Whoever waits at a seat for the face check comes first.

What holds one picture alone (altered on the disk, or the worker dies of it) is said of that picture and does not stop
the next; what holds all of them (no engine) is logged once and tried again.
"""

import asyncio
import logging
import os
import signal
from datetime import timedelta

from appliance.base.errors import Corrupt, ExamError, NotFound, Unavailable
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.base.sockets import serve
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.flow.look_at_capture import Task, next_capture, note_studied, note_unusable, waiting
from appliance.flow.missing_captures import missing_captures
from appliance.wire.faceworker import FaceworkState, GetFacework, Photo, Study

log = logging.getLogger("examsite.faces")
NICENESS = 10
IDLE = 1.0
"""Seconds between two looks whether a picture has come."""
AGAIN = 5.0
"""Seconds until the worker is asked again after it was silent."""
ROUND = 60.0
"""Seconds between two looks for seats that send no pictures."""
PATIENCE = 120.0
"""Seconds one picture, or the start of the worker, may take: it gives way to everything else on the box."""
DEADLY = 2
"""Times the worker may fall silent over one picture before that picture is left to people."""


class Facework:
    """Works off the captures of one box."""

    def __init__(self, box: Box, worker: FaceWorker) -> None:
        self._box = box
        self._worker = worker
        self._silent: tuple[str, int] = ("", 0)
        """The picture over which the worker fell silent, and how often."""
        self._told = ""
        self.done = 0

    async def run(self) -> None:
        """Look at one picture after another; never ends by itself."""
        while True:
            if not await self.step():
                await asyncio.sleep(IDLE)

    async def watch(self) -> None:
        """Look now and then for seats that send none of the pictures they owe; never ends by itself."""
        since = last = self._box.now()
        while True:
            await asyncio.sleep(ROUND)
            now = self._box.now()
            if now - last > 3 * timedelta(seconds=ROUND):  # the whole box stood still
                since = now
            last = now
            try:
                await self._box.db.write(missing_captures, self._box, since)
            except ExamError as error:
                since = now  # without the database no picture was taken either
                log.error("seats without captures are not looked for: %s", error.text())

    async def step(self) -> bool:
        """Look at the next picture. False when there is none, or nothing can be done now."""
        try:
            task = await self._box.db.read(next_capture, self._box)
            if task is None:
                return False
            await self._look(task)
        except ExamError as error:  # the disk is full, the database away: the pictures wait
            self._tell(error)
            await asyncio.sleep(AGAIN)
            return False
        self._tell(None)
        self.done += 1
        return True

    async def state(self, _request: GetFacework) -> FaceworkState:
        """How far it is."""
        return FaceworkState(waiting=await self._box.db.read(waiting), done=self.done)

    async def _look(self, task: Task) -> None:
        try:
            study = await asyncio.to_thread(self._study, task)
        except (Corrupt, NotFound) as error:  # said of this one picture; the next is looked at
            log.error("a capture cannot be read: %s", error)
            await self._box.db.write(note_unusable, self._box, task.capture, error.code)
            return
        try:
            studied = await self._worker.study(study)
        except Unavailable as error:
            times = self._silent[1] + 1 if self._silent[0] == task.capture else 1
            self._silent = (task.capture, times)
            if error.code != "face_engine_silent" or times < DEADLY:
                raise
            await self._box.db.write(note_unusable, self._box, task.capture, error.code)
            return
        if studied.device_fault and studied.device_fault != self._told:
            log.error("devices are not looked for: %s (examsite check)", studied.device_fault)
            self._told = studied.device_fault
        if studied.cause:
            await self._box.db.write(note_unusable, self._box, task.capture, studied.cause)
        else:
            await self._box.db.write(note_studied, self._box, task.capture, studied)

    def _study(self, task: Task) -> Study:
        """The pictures of a task. A photograph that cannot be read is left out: a person sees that nothing fits."""
        files, photos = self._box.files, []
        for kind, name in task.photos.items():
            try:
                photos.append(Photo("entrance" if kind == "entrance" else "roster", files.get(name, True)))
            except (Corrupt, NotFound) as error:
                log.error("a photograph cannot be read: %s", error)
        captures = self._box.settings.captures
        return Study(
            picture=files.get(task.picture, True),
            photos=photos,
            devices=list(captures.devices),
            device_score=captures.device_score,
        )

    def _tell(self, error: ExamError | None) -> None:
        """Log an outage once and its end once."""
        code = error.code if error else ""
        if error and code != self._told:
            log.error("the pictures of the seats wait: %s", error.text())
        elif not error and self._told and not self._told.startswith("device_"):
            log.info("the pictures of the seats are looked at again")
        if code or not self._told.startswith("device_"):
            self._told = code


async def main(settings: Settings) -> None:
    """`examsite run faces`."""
    box = Box.open(settings)
    os.nice(NICENESS)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    box.db.start()
    faces = settings.faces
    models = (*faces.models, *settings.captures.models)
    worker = FaceWorker(faces.engine, "", PATIENCE, models, start_timeout=PATIENCE)
    work = Facework(box, worker)
    server = await serve(settings.socket("faces"), {GetFacework: work.state})
    tasks = {asyncio.create_task(work.run()), asyncio.create_task(work.watch())}
    try:
        async with supervised(lambda: box.db.alive):
            stopped = asyncio.create_task(stop.wait())
            ended, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended - {stopped}:
                task.result()  # none of them ends by itself: a bug ends the process, and systemd starts it anew
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await worker.close()
        box.db.stop()
