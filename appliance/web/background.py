"""What the web process does by itself: automatic hand-in, marking, announcements, signing the journal's head.

Each loop is steered by the database alone: after a kill the next start goes on where the last one stopped.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlmodel import Session, col, or_, select

from appliance.base.camera_settings import refreshed
from appliance.base.crypto import Signer
from appliance.base.errors import Corrupt, ExamError
from appliance.base.sockets import ask
from appliance.flow.announce import keep_sound, unspoken
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box, keys
from appliance.flow.camera_views import as_now, keep_views
from appliance.flow.hand_in import close_due
from appliance.flow.make_papers import Drawn, draw_paper, keep_papers, without_paper
from appliance.flow.mark import due_for_marking, mark_theory
from appliance.flow.note_cameras import Noted, newest_note, note_cameras
from appliance.flow.page_reloaded import away_for_long, note_away
from appliance.flow.paper_needs import Need, needs, others_of
from appliance.flow.paper_proof import note_refused
from appliance.flow.redraw import source_of
from appliance.flow.seal_journal import seal_journal
from appliance.flow.sealed_paper import Seals
from appliance.flow.start_sitting import end_if_over
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.paper import Item
from appliance.rules.unlike import Others
from appliance.voice.announce import load as load_voice
from appliance.voice.announce import sound_file
from appliance.voice.port import Announcement
from appliance.web.order_watch import OrderWatch
from appliance.web.package import scratch_folder
from appliance.web.packages import Packages
from appliance.web.screen_watch import ScreenWatch
from appliance.web.seal_watch import SealWatch
from appliance.web.storage_watch import StorageWatch
from appliance.wire.cameras import GetNotes, Notes

log = logging.getLogger("examsite.web")

TICK = 0.5
PAGES = 2.0
SEAL = 60.0
PAPERS = 2.0
SCREENS = 5.0
ORDERS = 2.0
STORAGE = 30.0
PACKAGES = 60.0
SEALS = 5.0
CAMERAS = 2.0
"""Seconds between two looks at the cameras' file and at what exam-recorder noted."""
MARK_AGAIN = 60.0
"""Seconds until a paper that could not be marked is tried again."""
HANDFUL = 20
"""Papers drawn and kept at a time."""


class Background:
    """The loops; `start` and `stop` with the application."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._since = box.now()
        self.screens = ScreenWatch(box)
        self.packages = Packages(scratch_folder(box))
        self._orders = OrderWatch(box)
        self._storage = StorageWatch(box)
        self._seals = SealWatch(box)
        self._tasks: list[asyncio.Task[None]] = []
        self._failing: set[str] = set()
        self._noted: Noted | None = None
        """The newest note of exam-recorder that is in the journal; None before it was looked up."""
        self._unmarked: dict[str, tuple[float, Exception]] = {}
        """Attempts whose marking failed: when it is tried again, and why."""
        self._voice = load_voice(box.settings.voice.engine, box.settings.voice.speed)
        self._sounds = box.settings.state / "sounds"

    def start(self) -> None:
        """Begin all loops."""
        for name, work, pause in (
            ("hand-in", self._hand_in, TICK),
            ("pages", self._pages, PAGES),
            ("announce", self._announce, TICK),
            ("papers", self._papers, PAPERS),
            ("seal", self._seal, SEAL),
            ("cameras", self._cameras, CAMERAS),
            ("screens", self.screens.look, SCREENS),
            ("orders", self._orders.look, ORDERS),
            ("storage", self._storage.look, STORAGE),
            ("packages", self.packages.sweep, PACKAGES),
            ("seals of the recordings", self._seals.look, SEALS),
        ):
            self._tasks.append(asyncio.create_task(self._loop(name, work, pause)))

    async def stop(self) -> None:
        """End all loops; the journal's head is signed once more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._seal()
        except ExamError as error:
            log.error("the journal's head was not signed at the end: %s", error)

    async def _loop(self, name: str, work: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # a bug in one round must not end hand-in or marking for the day
                if name not in self._failing:
                    self._failing.add(name)
                    log.error("%s fails: %s", name, error, exc_info=not isinstance(error, ExamError))
            else:
                if name in self._failing:
                    self._failing.discard(name)
                    log.info("%s works again", name)
            await asyncio.sleep(pause)

    async def _hand_in(self) -> None:
        box = self._box
        if await box.db.read(_something_runs):
            await box.db.write(close_due, box)
            await box.db.write(end_if_over, box)
            now, unmarked = asyncio.get_running_loop().time(), {}
            for attempt in await box.db.read(due_for_marking, box):
                if attempt in self._unmarked and now < self._unmarked[attempt][0]:
                    unmarked[attempt] = self._unmarked[attempt]
                    continue
                try:
                    await box.db.write(mark_theory, box, attempt)
                except Exception as error:  # one paper that cannot be marked holds up no other
                    unmarked[attempt] = (now + MARK_AGAIN, error)
                    if isinstance(error, Corrupt):
                        await box.db.write(_note_unmarked, box, attempt, error.code)
            self._unmarked = unmarked
            if unmarked:
                raise next(iter(unmarked.values()))[1]

    async def _pages(self) -> None:
        if await self._box.db.read(away_for_long, self._box, self._since):
            await self._box.db.write(note_away, self._box, self._since)

    async def _papers(self) -> None:
        """Draw what is missing for the sittings that are not over."""
        box = self._box
        undrawn: list[Exception] = []
        for sitting in await box.db.read(planned_theory):
            missing = await box.db.read(without_paper, sitting.id)
            try:
                await self._papers_of(sitting, missing)
            except Exception as error:  # a trade without a bank holds up no other sitting
                undrawn.append(error)
                if isinstance(error, Corrupt):
                    await box.db.write(note_refused, box, sitting.id, error.code, "", "process:web")
        if undrawn:
            raise undrawn[0]

    async def _papers_of(self, sitting: Sitting, missing: list[str]) -> None:
        box = self._box
        if not missing:
            return
        name, items = await asyncio.to_thread(source_of, box, sitting)
        needed = await box.db.read(needs, box, sitting, missing)
        others = await box.db.read(others_of, box, sitting.id)
        seals: Seals = {}
        for start in range(0, len(missing), HANDFUL):
            people = {one: needed[one] for one in missing[start : start + HANDFUL]}
            drawn = await asyncio.to_thread(_draw, box, sitting, people, items, seals, others)
            await box.db.write(keep_papers, box, sitting.id, name, drawn)

    async def _announce(self) -> None:
        box = self._box
        for call in await box.db.read(unspoken, box):
            said = Announcement(ticket=call.ticket, room=call.room, place=call.place)
            path = await asyncio.to_thread(
                sound_file, self._voice, said, self._sounds, box.settings.voice.speed
            )
            name = await asyncio.to_thread(_kept, box, path)
            await box.db.write(keep_sound, box, call.call, name)

    async def _cameras(self) -> None:
        """Follow the cameras' file; write what exam-recorder noted. A recorder that is silent is told elsewhere."""
        box = self._box
        refreshed(box.settings.cameras)
        if self._noted is None:
            self._noted = await box.db.read(newest_note)
        asked = GetNotes(epoch=self._noted.epoch, after=self._noted.number)
        try:
            told = await ask(box.settings.socket("recorder"), asked, Notes)
        except ExamError:
            return
        if told.notes:
            await box.db.write(note_cameras, box, told)
            self._noted = Noted(told.epoch, told.notes[-1].number)
            return  # there may be more: what cameras look at is compared when all is known
        refreshed(box.settings.cameras)  # nothing noted is newer than what is compared
        if not await box.db.read(as_now, box):
            await box.db.write(keep_views, box)

    async def _seal(self) -> None:
        signer = Signer.load(keys(self._box.settings) / "web.key")
        await self._box.db.write(seal_journal, self._box, signer)


def _kept(box: Box, path: Path) -> str:
    return box.files.put(path.read_bytes())


def _draw(
    box: Box, sitting: Sitting, people: dict[str, Need], items: dict[str, Item], seals: Seals, others: Others
) -> list[Drawn]:
    return [
        draw_paper(box, sitting, one, items, blueprint_of(sitting, need.exam), seals, need, others)
        for one, need in people.items()
    ]


def _note_unmarked(session: Session, box: Box, attempt_id: str, code: str) -> None:
    attempt = session.get_one(Attempt, attempt_id)
    note_refused(session, box, attempt.sitting, code, attempt.paper or "", "process:web")


def planned_theory(session: Session) -> list[Sitting]:
    """Theory sittings with our own papers that are not over: people may still be added after the start."""
    return list(
        session.exec(
            select(Sitting).where(
                Sitting.subject == "theory",
                col(Sitting.state).in_(("planned", "running")),
                Sitting.delivery == "own",
                or_(col(Sitting.sealed).is_(False), Sitting.bank_sha256 != ""),
            )
        ).all()
    )


def _something_runs(session: Session) -> bool:
    running = select(Sitting.id).where(col(Sitting.state).in_(("running", "ended"))).limit(1)
    return session.exec(running).first() is not None
