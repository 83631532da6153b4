"""exam-clips: finds, cuts and shows recordings. A process of its own, so that a reader never disturbs
the recorder.
"""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from appliance.base import sockets
from appliance.base.errors import Corrupt, NotFound
from appliance.base.handover import Handover
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.base.sockets import Streamed
from appliance.wire.live import GetLive, LivePicture
from appliance.wire.playback import GetCopy, GetReels, Reels, WriteClip
from appliance.wire.recorder import (
    CheckedFile,
    FindClips,
    Found,
    GetClip,
    GetPictures,
    GetStill,
    Pictures,
    SpanHead,
    StillHead,
    VerifySpans,
)
from appliance.wire.screens import ReadScreens
from appliance.wire.seals import GetSealed, Sealed, SealedHead
from cameras.archive.locate import Locator
from cameras.chain import ChainFiles
from cameras.chain.journaled import broken
from cameras.clips.bring import Asked, Bringer
from cameras.clips.copy import Copied
from cameras.clips.cut import Cut, cut
from cameras.clips.film import Piece
from cameras.clips.find import find
from cameras.clips.links import Links
from cameras.clips.proof import Proven
from cameras.clips.reel import reel_of
from cameras.clips.screens import ScreenReader
from cameras.clips.seals import NewSeals
from cameras.clips.still import still
from cameras.clips.watch import STALE, PictureWatch
from cameras.clips.write import write
from cameras.index import Reader, Segment
from cameras.integrity import checked
from cameras.live.pictures import WIDTH as LIVE_WIDTH
from cameras.live.pictures import LivePictures

CHUNK = 256 * 1024
CUTS_AT_ONCE = 2
CUTS_KEPT = 32
CUT_KEPT = 60.0
"""Seconds since it was last asked for that a finished cut serves whoever moves about in it."""
THREADS = 32
"""Exports, copies and checks of files at once; more wait until one is over."""
STILL_KEPT = 1.0
"""Seconds one still serves everybody who asks."""
STOPPED = timedelta(seconds=10)
"""Within this a recorder that is to stop has stopped."""


class KeptCut(msgspec.Struct, kw_only=True):
    """A cut being made or made; `used`: of the loop's clock."""

    made: asyncio.Task[Cut]
    used: float


class ClipServer:
    """Answers from the recorder's store, read only. Times asked without a zone are refused by the wire."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._media = Path(settings.recorder.media)
        self._index = Reader(self._media)
        self._locator = Locator(settings)
        authority = _authority(settings)
        self._links = Links(self._media, self._index, authority)
        self._seals = NewSeals(self._media, self._index, authority)
        self._bringer = Bringer(self._index, self._locator)
        self._turn = asyncio.Semaphore(CUTS_AT_ONCE)
        # Two readers at once slow the disk for the recorder, two encoders the machine.
        self._reading, self._coding = threading.Lock(), threading.Lock()
        # Whoever waits for these waits in a thread of theirs: the loop's own are for stills, cuts and the live view.
        self._threads = ThreadPoolExecutor(THREADS, "export")
        self._cuts: dict[Asked, KeptCut] = {}
        self.watch = PictureWatch(settings, self._index)
        self._stills: dict[tuple[str, int], tuple[float, StillHead, bytes]] = {}
        self.screens = ScreenReader(
            self._index, self._media, self._locator, self._bringer, self._reading, self._threads
        )
        self.living = LivePictures(
            settings.socket("recorder"), lambda: [one.code for one in settings.cameras], self._live_still
        )

    async def get_pictures(self, _asked: GetPictures) -> Pictures:
        """GetPictures."""
        return await asyncio.to_thread(self.watch.status)

    async def find_clips(self, asked: FindClips) -> Found:
        """FindClips."""
        cameras = asked.cameras or [camera.code for camera in self._settings.cameras]
        start, end, now = asked.start.astimezone(UTC), asked.end.astimezone(UTC), datetime.now(UTC)
        whole = Found(clips=[], gaps=[])
        for camera in cameras:
            part = await asyncio.to_thread(find, self._index, self._media, camera, start, end, now)
            whole.clips += part.clips
            whole.gaps += part.gaps
            whole.alarms += part.alarms
        return whole

    async def get_reels(self, asked: GetReels) -> Reels:
        """GetReels."""
        now = datetime.now(UTC)
        spans = [(one.camera, one.start.astimezone(UTC), one.end.astimezone(UTC)) for one in asked.spans]
        made = [
            await asyncio.to_thread(reel_of, self._index, self._media, *span, now, self._locator)
            for span in spans
        ]
        return Reels(reels=made)

    async def get_clip(self, asked: GetClip) -> Streamed:
        """GetClip. A clip with a proof reads its sources again, one reader at a time."""
        wanted = _wanted(asked)
        if asked.proof:
            proven = await self._proven(wanted, asked.heads)
            pieces = _one_by_one(proven.read(), self._reading)
            return Streamed(proven.head, self._turns(pieces, self._threads))
        made = await self._kept_cut(wanted)
        return Streamed(made.head, self._turns(made.film.read(asked.offset, CHUNK)))

    async def get_copy(self, asked: GetCopy) -> Streamed:
        """GetCopy. One at a time: it takes a core."""
        copied = await self._copied(_wanted(asked))
        pieces = _one_by_one(copied.read(), self._coding)
        return Streamed(copied.head, self._turns(pieces, self._threads))

    async def write_clip(self, asked: WriteClip) -> Handover:
        """WriteClip. Takes its turns as the clip or copy does that is sent."""
        wanted = _wanted(asked.asked)
        made: Proven | Copied
        if isinstance(asked.asked, GetCopy):
            made, turn = await self._copied(wanted), self._coding
        else:
            made, turn = await self._proven(wanted, asked.asked.heads), self._reading
        return Handover(made.head, partial(write, made, _one_by_one(made.read(), turn)), self._threads)

    async def _proven(self, wanted: Asked, heads: list[SealedHead]) -> Proven:
        made = await self._cut(wanted)
        locate, times = self._locator.locate, wanted[1:3]
        return await asyncio.to_thread(Proven, self._settings, made, *times, locate, self._links, heads)

    async def _copied(self, wanted: Asked) -> Copied:
        made = await self._cut(wanted)
        return await asyncio.to_thread(Copied, self._settings, made, *wanted[1:3])

    async def _cut(self, wanted: Asked) -> Cut:
        await self._bringer.bring(wanted)
        async with self._turn:
            times, run = wanted[:3], wanted[3]
            return await asyncio.to_thread(cut, self._index, self._media, *times, self._locator.locate, run)

    async def _turns(self, pieces: Iterator[Piece], threads: Executor | None = None) -> AsyncIterator[bytes]:
        """Pieces made in a thread; `threads`: None = those of the loop."""
        loop = asyncio.get_running_loop()

        async def one() -> bytes | None:
            piece = await loop.run_in_executor(threads, next, pieces, None)
            return None if piece is None else bytes(piece)  # a view is good until the next is made

        coming = asyncio.create_task(one())
        try:
            while (piece := await coming) is not None:
                coming = asyncio.create_task(one())  # the next is made while this one is on its way
                yield piece
        finally:
            await asyncio.wait([coming])
            if not coming.cancelled():
                coming.exception()  # told above, or nobody is there any more to be told
            await loop.run_in_executor(threads, pieces.close)  # type: ignore[attr-defined]

    async def _kept_cut(self, wanted: Asked) -> Cut:
        """Whoever moves about in a clip asks for it again and again: its index is made once."""
        loop = asyncio.get_running_loop()
        kept = self._cuts.pop(wanted, None)
        if kept is None:
            kept = KeptCut(made=loop.create_task(self._cut(wanted)), used=0.0)
            kept.made.add_done_callback(lambda done: self._let_go(wanted) if _failed(done) else None)
        kept.used = loop.time()
        self._cuts[wanted] = kept
        while len(self._cuts) > CUTS_KEPT:
            del self._cuts[next(iter(self._cuts))]
        loop.call_later(CUT_KEPT, self._let_go, wanted)
        return await asyncio.shield(kept.made)  # who goes away does not take it from the next one

    def _let_go(self, wanted: Asked) -> None:
        kept = self._cuts.get(wanted)
        idle = asyncio.get_running_loop().time() - kept.used >= CUT_KEPT if kept else False
        if kept and kept.made.done() and (idle or _failed(kept.made)):
            del self._cuts[wanted]

    async def verify_spans(self, asked: VerifySpans) -> Streamed:
        """VerifySpans: each file once, however many spans touch it."""
        files: dict[str, Segment] = {}
        for span in asked.spans:
            times = span.start.astimezone(UTC), span.end.astimezone(UTC)
            found = await asyncio.to_thread(self._index.between, span.camera, *times, True)
            files |= {segment.path: segment for segment in found}
        gone, unread = await asyncio.to_thread(broken, ChainFiles(self._media), asked.heads)
        size = sum(segment.bytes for segment in files.values())
        head = SpanHead(files=len(files), bytes=size, broken=gone, unread=len(unread))
        ends = {one.camera: self._index.chain_head(one.camera) for one in asked.heads}
        # One beyond the chain's end is told above: it says nothing of single files.
        held = [one for one in asked.heads if one.n <= (ends[one.camera] or (0, b""))[0]]
        return Streamed(head, self._check(list(files.values()), held))

    async def get_sealed(self, asked: GetSealed) -> Sealed:
        """GetSealed."""
        return Sealed(heads=await asyncio.to_thread(self._seals.after, asked.known))

    async def _check(self, segments: list[Segment], heads: list[SealedHead]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        for segment in segments:
            found = await loop.run_in_executor(self._threads, self._checked, segment, heads)
            yield msgspec.msgpack.encode(found)

    def _checked(self, segment: Segment, heads: list[SealedHead]) -> CheckedFile:
        with self._reading:  # one file at a time for everybody
            found = checked(self._locator, segment)
            found.found = self._links.judged(segment, found.found, heads)
            return found

    async def get_still(self, asked: GetStill) -> Streamed:
        """GetStill."""
        try:
            head, body = await self._newest_still(asked)
        except (NotFound, Corrupt):
            if not asked.or_reference:
                raise
        else:
            # The stream of before was recorded on until its recorder had stopped.
            fresh = abs(datetime.now(UTC) - head.at) < STALE and not _before(head.at - STOPPED, asked.since)
            if not asked.or_reference or fresh:
                return Streamed(head, _once(body))
        head, body = await asyncio.to_thread(self._reference, asked.camera)
        if _before(head.at, asked.since):
            raise NotFound(
                "still_of_before",
                N_(
                    "Camera {camera} has no picture since it was set up, or its address, stream or room changed."
                ),
                N_("Take the reference still; or wait until it records, then load the page again."),
                camera=asked.camera,
            )
        return Streamed(head, _once(body))

    async def _newest_still(self, asked: GetStill) -> tuple[StillHead, bytes]:
        key = asked.camera, asked.width
        kept = self._stills.get(key)
        if kept is None or time.monotonic() - kept[0] > STILL_KEPT:
            async with self._turn:
                made = await asyncio.to_thread(still, self._index, self._media, asked.camera, asked.width)
            kept = time.monotonic(), *made
            self._stills[key] = kept
            while len(self._stills) > 100:
                del self._stills[next(iter(self._stills))]
        return kept[1], kept[2]

    def _reference(self, camera: str) -> tuple[StillHead, bytes]:
        """The reference still of a camera that was not recorded within the last minutes. Raises NotFound, Corrupt."""
        kept = self.watch.references.jpeg(camera)
        if kept is None:
            raise NotFound(
                "no_still_of_now",
                N_(
                    "Camera {camera} has no picture of the last minutes, and there is no reference still of it."
                ),
                N_("Take the reference still; or wait until it records, then load the page again."),
                camera=camera,
            )
        stated, body = kept
        size = {"width": stated.width, "height": stated.height, "bytes": len(body)}
        return StillHead(camera=camera, at=stated.at, reference=True, **size), body

    async def _live_still(self, camera: str) -> LivePicture:
        """For the live view of a camera without a second stream."""
        async with self._turn:
            head, body = await asyncio.to_thread(still, self._index, self._media, camera, LIVE_WIDTH)
        return LivePicture(camera=camera, at=head.at, jpeg=body, second=False)


def _authority(settings: Settings) -> bytes | None:
    """Without it seals are held against the chain, and not who signed them."""
    with contextlib.suppress(OSError):
        return (settings.state / "keys" / "authority.pem").read_bytes()
    return None


def _before(at: datetime, since: float) -> bool:
    """Is a picture older than that? By a clock that was set back since, nobody knows."""
    return at.timestamp() < since <= datetime.now(UTC).timestamp()


def _wanted(asked: GetClip | GetCopy) -> Asked:
    return asked.camera, asked.start.astimezone(UTC), asked.end.astimezone(UTC), asked.run


def _failed(done: "asyncio.Task[Cut]") -> bool:
    return done.cancelled() or done.exception() is not None


def _one_by_one(pieces: Iterator[Piece], turn: threading.Lock) -> Iterator[Piece]:
    """Whoever holds the turn makes one piece, then it is the next one's."""
    try:
        while True:
            with turn:
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece
    finally:
        pieces.close()  # type: ignore[attr-defined]


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def serve(settings: Settings, clips: ClipServer | None = None) -> asyncio.Server:
    """Open the socket `clips`."""
    clips = clips or ClipServer(settings)
    return await sockets.serve(
        settings.socket("clips"),
        {
            FindClips: clips.find_clips,
            GetClip: clips.get_clip,
            GetReels: clips.get_reels,
            GetCopy: clips.get_copy,
            WriteClip: clips.write_clip,
            GetStill: clips.get_still,
            GetLive: clips.living.live,
            ReadScreens: clips.screens.read,
            GetPictures: clips.get_pictures,
            VerifySpans: clips.verify_spans,
            GetSealed: clips.get_sealed,
        },
    )


async def main(settings: Settings) -> None:
    """`examsite run clips`: until SIGTERM."""
    clips = ClipServer(settings)
    server = await serve(settings, clips)
    watching = asyncio.create_task(clips.watch.run())
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    try:
        async with supervised():
            await ending.wait()
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        server.close()
