"""The sound of open conversations on its way: each side sends short pieces, the other hears them at once.

A side's pieces are WebM (Opus) as the browser's recorder cuts them; joined they are its whole recording. They are
sealed and appended to a file of their own before the other side hears them: nothing is heard that is not recorded.
After a kill of this process the next start keeps what lies there and closes the conversation. Whoever falls silent,
does not answer or takes too long is cut off, and the journal says why (records/talk.py).
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from pathlib import Path

import msgspec

from appliance.base.errors import Conflict, Corrupt, ExamError, Refused, Stale
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.talk import SIDES, Kept, close_talk, open_talk, open_talks

log = logging.getLogger("examsite.web")

PIECE = 64_000
"""Bytes of one piece at most: a quarter of a second has about 1,000."""
BEHIND = 512_000
"""Bytes the other side may be behind before the line counts as lost."""
JOIN = 12.0
"""Seconds within which both sides must be there: the seat's page asks every three seconds."""
SILENT = 5.0
"""Seconds without a piece after which a line is lost."""
LONGEST = 900.0
TICK = 0.5
AGAIN = 2.0
PROCESS = "process:web"


class Side:
    """What one side says: numbered pieces, a file they are appended to, and what the other side has not heard yet."""

    def __init__(self, path: Path, box: Box) -> None:
        self.path, self._box = path, box
        self.n = 0
        self.heard_at: float | None = None
        self.began_at: datetime | None = None
        self.listener = False
        self.left_at: float | None = None
        """When the one who listens to this side went away."""
        self.waiting: deque[bytes] = deque()
        self.behind = 0
        self.news = asyncio.Event()

    def take(self, n: int, piece: bytes) -> None:
        """Keep and pass on the next piece; a replay is nothing new. Raises Stale, Corrupt, OSError."""
        if n <= self.n:
            return
        if n != self.n + 1:
            raise Stale(self.n + 1)
        if not 0 < len(piece) <= PIECE:
            raise Corrupt("bad_piece", N_("This is not a piece of sound."))
        append(self.path, self._box.key.encrypt(piece))
        self.n, self.heard_at = n, self._box.clock.monotonic()
        self.began_at = self.began_at or self._box.now()
        self.waiting.append(piece)
        self.behind += len(piece)
        self.news.set()

    def next(self) -> bytes:
        """Everything the other side has not heard yet."""
        found = b"".join(self.waiting)
        self.waiting.clear()
        self.behind = 0
        self.news.clear()
        return found


class Live:
    """One open conversation."""

    def __init__(self, talk: str, attempt: str, actor: str, folder: Path, box: Box) -> None:
        self.talk, self.attempt, self.actor = talk, attempt, actor
        self.since = box.clock.monotonic()
        self.sides = {side: Side(folder / f"{talk}.{side}", box) for side in SIDES}
        self.seat_token = ""
        """Hash of the cookie of the seat that answered; empty until then."""
        self.microphone = True
        self.why = ""
        """Why it is over; empty while both speak."""

    def lost(self, now: float) -> str:
        """Why it cannot go on; empty while it can."""
        if now - self.since > LONGEST:
            return "too_long"
        joining = now - self.since <= JOIN
        if not self.seat_token:
            return "" if joining else "not_answered"
        room, seat = self.sides["room"], self.sides["seat"]
        for name, side, hears in (("room", room, seat), ("seat", seat, room)):
            speaks = name == "room" or self.microphone
            quiet = now - side.heard_at > SILENT if side.heard_at is not None else not joining
            gone = hears.left_at is not None and now - hears.left_at > SILENT
            if (speaks and quiet) or gone or hears.behind > BEHIND:
                return f"line_lost_{name}"
        return ""


class Talks:
    """All open conversations of the box. `begin` and `end` with the application."""

    def __init__(self, box: Box, stopping: Callable[[], bool]) -> None:
        self._box, self._stopping = box, stopping
        self._folder = box.settings.state / "talks"
        self._open: dict[str, Live] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Close what a killed process left open, with what was recorded, as soon as the database answers."""
        self._start(self._left_over(self._box.now()))

    async def _left_over(self, before: datetime) -> None:
        while True:
            try:
                left_open = await self._box.db.read(open_talks, before)
                break
            except ExamError:  # told by whoever serves a page meanwhile
                await asyncio.sleep(AGAIN)
        for talk in left_open:
            left = Live(talk, "", "", self._folder, self._box)
            left.why = "box_stopped"
            await self._settle(left, PROCESS)

    async def end(self) -> None:
        """Close everything; what cannot be written now is closed by the next start."""
        for live in list(self._open.values()):
            self._over(live, "box_stopped", PROCESS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=AGAIN)
        for task in self._tasks:
            task.cancel()

    async def open(self, attempt: str, who: Who) -> str:
        """Begin a conversation; its id."""
        talk = await self._box.db.write(open_talk, self._box, attempt, who)
        live = Live(talk.id, attempt, who.actor, self._folder, self._box)
        self._open[talk.id] = live
        self._start(self._watch(live))
        return talk.id

    def of(self, attempt: str) -> str:
        """The open conversation with this attempt; empty when there is none."""
        return next((one.talk for one in self._open.values() if one.attempt == attempt and not one.why), "")

    def find(self, talk: str) -> Live:
        """An open conversation. Raises Refused when it is over."""
        live = self._open.get(talk)
        if live is None or live.why:
            raise Refused("talk_over", N_("This conversation is over."))
        return live

    def take(self, live: Live, side: str, n: int, piece: bytes) -> None:
        """A piece of one side. Raises Stale or Corrupt; a full disk ends the conversation."""
        try:
            live.sides[side].take(n, piece)
        except OSError as error:
            log.error("a conversation cannot be recorded and ends: %s", error)
            self._over(live, "not_recorded", PROCESS)
            raise Refused("not_recorded", N_("The conversation cannot be recorded: it was ended.")) from error

    async def listen(self, live: Live, side: str) -> AsyncIterator[bytes]:
        """What a side says, from its first piece on, until the conversation is over."""
        heard = live.sides[side]
        if heard.listener:
            raise Conflict("already_listening", N_("Another page listens already."), N_("Close one of them."))
        heard.listener = True
        return self._pieces(live, heard)

    async def _pieces(self, live: Live, heard: Side) -> AsyncIterator[bytes]:
        try:
            while not (live.why or self._stopping()):
                if heard.waiting:
                    yield heard.next()
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await heard.news.wait()
        finally:
            heard.left_at = self._box.clock.monotonic()

    async def close(self, live: Live, actor: str) -> None:
        """The invigilator hangs up."""
        task = self._over(live, "hung_up", actor)
        if task:
            await asyncio.wait({task}, timeout=AGAIN)

    async def _watch(self, live: Live) -> None:
        while not live.why:
            await asyncio.sleep(TICK)
            await asyncio.to_thread(sync, [side.path for side in live.sides.values()])
            if why := live.lost(self._box.clock.monotonic()):
                self._over(live, why, PROCESS)

    def _over(self, live: Live, why: str, actor: str) -> asyncio.Task[None] | None:
        if live.why:
            return None
        live.why = why
        for side in live.sides.values():
            side.news.set()
        return self._start(self._settle(live, actor))

    async def _settle(self, live: Live, actor: str) -> None:
        """Keep both recordings and say that it is over; a box that cannot write now is asked again."""
        told = False
        while True:
            try:
                kept = await asyncio.to_thread(self._keep, live)
                await self._box.db.write(close_talk, self._box, live.talk, live.why, actor, kept)
                break
            except ExamError as error:
                if not told:
                    log.error("a conversation is not closed yet: %s", error)
                told = True
                await asyncio.sleep(AGAIN)
        self._open.pop(live.talk, None)
        for side in live.sides.values():
            await asyncio.to_thread(side.path.unlink, missing_ok=True)

    def _keep(self, live: Live) -> Kept:
        """Both files as sealed files of the box."""
        names = {}
        for name, side in live.sides.items():
            sound = read(side.path, self._box)
            names[name] = self._box.files.put(sound, secret=True) if sound else ""
        return Kept(
            room=names["room"],
            seat=names["seat"],
            room_began_at=live.sides["room"].began_at,
            seat_began_at=live.sides["seat"].began_at,
            microphone=live.microphone,
        )

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class State(msgspec.Struct, kw_only=True):
    """GET /room/talk/{talk}/state: how a conversation stands. `answered`: the seat's page has joined."""

    over: bool
    answered: bool = False
    microphone: bool = True


def append(path: Path, sealed: bytes) -> None:
    """Add one sealed piece: its length (4 bytes, big endian), then itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as target:
        target.write(len(sealed).to_bytes(4, "big") + sealed)


def sync(paths: list[Path]) -> None:
    """Make what was added outlive a power cut; a disk that refuses says so at the next piece."""
    for path in paths:
        with contextlib.suppress(OSError), open(path, "rb") as written:
            os.fdatasync(written.fileno())


def read(path: Path, box: Box) -> bytes:
    """Every whole piece of a file, joined: up to a last one that was cut off, or one that somebody altered."""
    try:
        held = path.read_bytes()
    except FileNotFoundError:
        return b""
    found, at = [], 0
    while at + 4 <= len(held):
        size = int.from_bytes(held[at : at + 4], "big")
        sealed = held[at + 4 : at + 4 + size]
        if len(sealed) < size:
            break
        try:
            found.append(box.key.decrypt(sealed))
        except Corrupt as error:
            log.error(
                "a piece of the conversation %s was altered: what follows it is left out: %s",
                path.stem,
                error,
            )
            break
        at += 4 + size
    return b"".join(found)
