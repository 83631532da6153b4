"""exam-faces: face checks for the seats, beside and below everything else.

A bounded queue in front of one worker process at low priority: an entrance or an answer is never slower because
faces are looked at. Full means Unavailable at once; the caller tries again later.

Nothing on the box asks it yet: its caller is the face check at the seat, which is to come. The entrance has
workers of its own. It holds about 250 MB of memory ready for it.
"""

import asyncio
import os
import signal

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.base.sockets import serve
from appliance.faces.lane import FaceWorker
from appliance.wire.faceworker import Look, Looked

QUEUE = 64
NICENESS = 10


class Facework:
    """Takes Look requests with a picture in them, one at a time, at most QUEUE waiting."""

    def __init__(self, worker: FaceWorker, limit: int = QUEUE) -> None:
        self._worker = worker
        self._limit = limit
        self.waiting = 0

    async def look(self, request: Look) -> Looked:
        """One check of a seat's picture. Raises Unavailable `faces_busy` when the queue is full."""
        if not request.live:
            raise Unavailable("no_picture", N_("There is no picture to look at."))
        if self.waiting >= self._limit:
            raise Unavailable(
                "faces_busy",
                N_("Too many face checks are waiting."),
                N_("It is tried again."),
                retry_after=10,
            )
        self.waiting += 1
        try:
            return await self._worker.look(request.references, request.live)
        finally:
            self.waiting -= 1


async def main(settings: Settings) -> None:
    """`examsite run faces`."""
    read_site(settings.state)
    os.nice(NICENESS)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    faces = settings.faces
    worker = FaceWorker(faces.engine, "", faces.timeout, faces.models)
    await worker.start()
    server = await serve(settings.socket("faces"), {Look: Facework(worker).look})
    try:
        async with supervised():
            await stop.wait()
    finally:
        server.close()
        await worker.close()
