"""The process exam-archive: one thread of rounds, and a socket for orders and questions."""

import asyncio
import logging
import signal
import threading
import time
from pathlib import Path

import msgspec

from appliance.base import sockets
from appliance.base.errors import NotFound, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.wire.archive import (
    DiskTold,
    EndDisk,
    Event,
    Events,
    Fetched,
    FetchRecording,
    GetEvents,
    GetStorage,
    KeepOrders,
    PreparePlace,
    Storage,
    Taken,
)
from cameras.archive.places import Mark, PlaceSilent, read_mark
from cameras.archive.prepare import require_place, write_mark
from cameras.archive.reach import place_of, site_code
from cameras.archive.rounds import Rounds
from cameras.archive.status import make_status
from cameras.index import moment

log = logging.getLogger("examsite.archive")

EVERY = 20.0
"""Seconds between rounds when there is nothing to do."""
EVENTS = 200
FRESH = 3.0


class ArchiveProcess:
    """Answers questions while the rounds go on."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds
        self._thread = threading.Thread(target=self._run, name="archive-rounds", daemon=True)
        self._soon = threading.Event()
        self._status: tuple[float, Storage | None] = (0.0, None)

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def stop(self) -> None:
        """End them; a copy under way is given up and made anew later."""
        self.rounds.leaving.set()
        self._soon.set()
        self._thread.join(4.0)
        if not self._thread.is_alive():
            self.rounds.close()

    async def serve(self) -> asyncio.Server:
        """Open the socket `archive`."""
        return await sockets.serve(
            self.rounds.settings.socket("archive"),
            {
                KeepOrders: self.orders,
                GetStorage: self.status,
                GetEvents: self.events,
                FetchRecording: self.fetch,
                PreparePlace: self.prepare,
                EndDisk: self.end_disk,
            },
        )

    def alive(self) -> bool:
        """The thread lives, and the disk is the one it was started with."""
        return self._thread.is_alive() and not self.rounds.moved

    def _run(self) -> None:
        while not self.rounds.leaving.is_set():
            try:
                more = self.rounds.once()
            except Exception as error:  # one round's nonsense must not end the archive for good
                log.exception("a round failed")
                self.rounds.problems["round"] = self.rounds.clock.now(), repr(error)
                more = False
            if not more:
                self._soon.wait(EVERY)
            self._soon.clear()

    async def orders(self, asked: KeepOrders) -> Taken:
        """KeepOrders."""
        await asyncio.to_thread(self.rounds.take_orders, asked)
        self._status = 0.0, None
        self._soon.set()
        return Taken()

    async def status(self, _asked: GetStorage) -> Storage:
        """GetStorage; one answer serves everybody for some seconds."""
        made, found = self._status
        if found is None or time.monotonic() - made > FRESH:
            found = await asyncio.to_thread(make_status, self.rounds)
            self._status = time.monotonic(), found
        return found

    async def events(self, asked: GetEvents) -> Events:
        """GetEvents."""
        return await asyncio.to_thread(self._events, asked)

    def _events(self, asked: GetEvents) -> Events:
        archive, after = self.rounds.archive.id, asked.after
        if asked.archive != archive:
            return Events(archive=archive, events=[])
        if after > int(self.rounds.archive.kept("fetched") or 0):
            self.rounds.archive.keep("fetched", str(after))
        rows = self.rounds.archive.rows(
            "SELECT number, at, kind, body FROM event WHERE number > ? ORDER BY number LIMIT ?", after, EVENTS
        )
        return Events(
            archive=archive,
            events=[
                Event(number=number, at=moment(at), kind=kind, body=msgspec.json.decode(body))
                for number, at, kind, body in rows
            ],
        )

    async def fetch(self, asked: FetchRecording) -> Fetched:
        """FetchRecording."""
        return await asyncio.to_thread(self._fetch, asked.path)

    def _fetch(self, path: str) -> Fetched:
        settings = {one.name: one for one in self.rounds.settings.storage.places}
        last = ""
        for copy in self.rounds.archive.copies(path):
            if copy.place in settings:
                try:
                    if place := place_of(settings[copy.place], site_code(self.rounds.settings)):
                        return Fetched(path=str(self.rounds.copier.fetched(path, place)))
                except (PlaceSilent, OSError) as error:
                    last = f"{copy.place}: {error}"
        if last:
            raise Unavailable(
                "place_silent",
                N_("This recording lies in {place}, which cannot be reached."),
                N_("The system administrator looks at its mount or its network; ask again then."),
                place=last,
            )
        raise NotFound(
            "recording_missing",
            N_("The recording {path} is missing."),
            N_("Run examsite recordings verify and call the system administrator."),
            path=path,
        )

    async def prepare(self, asked: PreparePlace) -> DiskTold:
        """PreparePlace."""
        return await asyncio.to_thread(self._prepare, asked)

    def _prepare(self, asked: PreparePlace) -> DiskTold:
        folder, storage = Path(asked.folder), self.rounds.settings.storage
        setting = next((one for one in storage.places if one.name == asked.label), None)
        require_place(folder, asked.label, setting, self.rounds.settings)
        kind = setting.kind if setting else "offline"
        mark = Mark(name=asked.label, kind=kind, site=site_code(self.rounds.settings))
        known = read_mark(folder)
        if known and known != mark:
            raise Refused(
                "another_place",
                N_("This disk is the place {label} of the site {site} already."),
                N_("Take an empty disk. Nothing on this one was changed."),
                label=known.name,
                site=known.site,
            )
        if known is None and self.rounds.archive.rows(
            "SELECT 1 FROM place WHERE name = ? AND copies > 0", mark.name
        ):
            raise Refused(
                "label_taken",
                N_("There are copies under the label {label} already."),
                N_("Plug that disk in, or choose a new label."),
                label=mark.name,
            )
        write_mark(folder, mark)
        self.rounds.archive.tell(
            self.rounds.clock.now(),
            "place_prepared",
            {"place": mark.name, "kind": kind, "by": asked.actor},
        )
        self._soon.set()
        return DiskTold(label=mark.name, state="filling" if kind == "offline" else "online")

    async def end_disk(self, asked: EndDisk) -> DiskTold:
        """EndDisk."""
        return await asyncio.to_thread(self._end_disk, asked)

    def _end_disk(self, asked: EndDisk) -> DiskTold:
        archive = self.rounds.archive
        if not archive.rows("SELECT 1 FROM place WHERE name = ? AND kind = 'offline'", asked.label):
            raise NotFound(
                "no_such_disk",
                N_("There is no off-line disk {label}."),
                N_("See examsite storage status."),
                label=asked.label,
            )
        digest = self.rounds.end_disk(asked.label, asked.actor)
        size, copies, state = archive.rows(
            "SELECT bytes, copies, state FROM place WHERE name = ?", asked.label
        )[0]
        return DiskTold(label=asked.label, state=state, copies=copies, bytes=size, inventory=digest)


async def main(settings: Settings) -> None:
    """`examsite run archive`: until SIGTERM."""
    process = ArchiveProcess(await asyncio.to_thread(Rounds, settings))
    process.start()
    server = await process.serve()
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    try:
        async with supervised(process.alive):
            await ending.wait()
    finally:
        server.close()
        await asyncio.to_thread(process.stop)
