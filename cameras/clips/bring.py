"""Recordings that lie in object storage are fetched before anything is cut from them: outside the turns in which others
have their clips cut, and whoever would wait for long is told how far it is.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from cameras.archive.locate import Locator
from cameras.index import Reader, Segment

AT_ONCE = 2
PATIENCE = 8.0
"""Seconds after which an asker is told; players and pages wait no longer than twenty."""
Asked = tuple[str, datetime, datetime, str]
"""Camera, start, end, run."""


class Coming(msgspec.Struct):
    """Recordings being fetched. `done`: those that have come."""

    total: int
    place: str
    done: list[str]
    work: asyncio.Task[None]


class Bringer:
    """Fetches what clips need. Whoever asks again for the same waits for the same work."""

    def __init__(
        self, index: Reader, locator: Locator, locate: Callable[[Segment], Path] | None = None
    ) -> None:
        self._index, self._locator = index, locator
        self._locate = locate or locator.locate
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._coming: dict[Asked, Coming] = {}

    async def bring(self, wanted: Asked) -> None:
        """Return when all of it is at hand. Raises Unavailable `being_fetched`, or why one cannot be fetched."""
        coming = self._coming.get(wanted)
        if coming is None:
            far = await asyncio.to_thread(self._far, wanted)
            if not far:
                return
            # Somebody else may have begun while the disk was asked.
            coming = self._coming.get(wanted) or self._begin(wanted, far)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(coming.work)
        except TimeoutError as error:
            raise Unavailable(
                "being_fetched",
                N_("This recording is being fetched from {place}: {here} of {total} files are here."),
                N_("Ask again in a moment; what has come stays for an hour."),
                place=coming.place,
                here=len(coming.done),
                total=coming.total,
            ) from error

    def _begin(self, wanted: Asked, far: list[tuple[Segment, str]]) -> Coming:
        done: list[str] = []
        coming = self._coming[wanted] = Coming(
            total=len(far),
            place=far[0][1],
            done=done,
            work=asyncio.create_task(self._fetch(done, [segment for segment, _place in far])),
        )
        coming.work.add_done_callback(lambda over: self._over(wanted, over))
        return coming

    def _over(self, wanted: Asked, done: asyncio.Task[None]) -> None:
        del self._coming[wanted]
        if not done.cancelled():
            done.exception()  # told to whoever waits; nobody may be there any more

    def _far(self, wanted: Asked) -> list[tuple[Segment, str]]:
        camera, start, end, run = wanted
        found = [one for one in self._index.between(camera, start, end) if run in ("", one.run) and one.end]
        lying = ((one, self._locator.where(one)) for one in found)
        return [(one, where.place) for one, where in lying if where.lies == "s3"]

    async def _fetch(self, done: list[str], segments: list[Segment]) -> None:
        for segment in segments:
            async with self._turn:
                await asyncio.to_thread(self._locate, segment)
            done.append(segment.path)
