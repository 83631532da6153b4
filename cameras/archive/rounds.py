"""The rounds of exam-archive: count, copy, free, delete by order, re-read; a little of each, again and again."""

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import ExamError, Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.wire.archive import KeepOrders
from cameras.archive.copying import Copier
from cameras.archive.deletion import Deleter
from cameras.archive.lost import bring_back, take_in
from cameras.archive.mirror import Mirror
from cameras.archive.places import (
    INVENTORY,
    FolderPlace,
    Pace,
    Place,
    PlaceFull,
    PlaceSilent,
    file_digest,
    mounted_disks,
)
from cameras.archive.reach import place_of, site_code
from cameras.archive.scrub import Scrubber
from cameras.archive.status import COPY, levels_told, make_status
from cameras.archive.store import DISK, Archive
from cameras.archive.terms import keep_rooms, keep_sittings
from cameras.archive.trusted_time import Uptime, trusted_now, uptime
from cameras.archive.walk import count_days
from cameras.index import Reader, file_number, micros, moment
from cameras.own_disk import require_own_disk

log = logging.getLogger("examsite.archive")

MIB = 1 << 20
FETCHED_KEPT = 3600.0
"""Seconds for which a recording fetched from object storage stays on the recording disk."""
PATIENCE = timedelta(days=1)
"""How long a new list waits for places that do not answer: one of them may keep the list that was lost."""
AT_LEAST = timedelta(hours=1)
"""How long it waits for them after each start: a NAS that was switched off at night comes later than the box."""
IN_FORCE = 120.0
"""Seconds for which orders count: exam-web tells them again every half minute, so that a hold is known before anything
goes, also after a start, and nothing goes while nobody can say what is on hold.
"""
NAMED = 5
"""Files that are named."""
PLAIN = (PlaceSilent, PlaceFull, ExamError, OSError, sqlite3.Error)
"""What may happen; anything else is a fault of the program and goes to the log whole."""
Step = tuple[str, str, Callable[[], bool]]
"""What it is called, the place it needs (or none), and the work."""


class Rounds:
    """All work of exam-archive. One thread calls `once`; others may ask the archive and take orders meanwhile."""

    def __init__(self, settings: Settings, clock: Clock | None = None, up: Uptime = uptime) -> None:
        self.settings, self.clock, self._up = settings, clock or SystemClock(), up
        self.media = Path(settings.recorder.media)
        if settings.recorder.own_disk:
            require_own_disk(self.media, settings.state)
        self.archive = Archive(self.media)
        self._file = file_number(self.archive.path)
        self.index = Reader(self.media)
        self.leaving = threading.Event()
        self.moved = False
        """Another disk, or another list, lies where the one that was opened lay: only a new process can go on."""
        self.problems: dict[str, tuple[datetime, str]] = {}
        """What could not be done, by step: since when, and why."""
        self.waits_for: list[str] = []
        """Places a new list waits for: one of them may keep an older list."""
        self.ended: datetime | None = None
        """When the last whole round ended."""
        self.began = self.clock.now()
        now = self.clock.now
        rate = settings.storage.rate_mib * MIB
        self.copier = Copier(self.media, self.index, self.archive, Pace(rate, self.leaving.wait), now)
        self.deleter = Deleter(self.media, self.index, self.archive, self.copier, now)
        self.mirror = Mirror(self.media, self.archive, Pace(rate, self.leaving.wait))
        slow = Pace(rate, self.leaving.wait)
        days = settings.storage.scrub_days
        self.scrubber = Scrubber(self.media, self.index, self.archive, self.copier, slow, days, now)
        kept = self.archive.kept("orders")
        self.orders = msgspec.json.decode(kept, type=KeepOrders) if kept else None
        """As exam-web told last, also before a restart: for the forecast. Nothing is deleted by these alone."""
        self._heard: float | None = None
        self._copying = threading.Lock()
        self._know(DISK, "recorder")

    def _know(self, name: str, kind: str) -> None:
        with self.archive.transaction() as link:
            link.execute("INSERT OR IGNORE INTO place(name, kind) VALUES (?, ?)", (name, kind))

    def take_orders(self, orders: KeepOrders) -> None:
        """Kept before they are answered. Those of a site database that lacks a sitting or a hold take nothing away."""
        if orders != self.orders or self._heard is None:
            with self.archive.transaction():
                keep_sittings(self.archive, orders.sittings, self.clock.now())
                for one in orders.acknowledged:
                    self.archive.acknowledge(one.id, one.place, one.path, one.until)
                self.archive.keep("orders", msgspec.json.encode(orders).decode())
        self.orders, self._heard = orders, time.monotonic()

    @property
    def in_force(self) -> bool:
        """Whether orders of the last minutes are known, told to this process."""
        return self._heard is not None and time.monotonic() - self._heard < IN_FORCE

    def once(self) -> bool:
        """One round; True when there is more to do at once. What fails is told and does not stop the rest."""
        if file_number(self.archive.path) != self._file:
            self.moved = True
            log.error("the recordings' disk is no longer the one that was mounted; exam-archive starts again")
            return False
        more = self._try("places", "", self._reach)
        more = self._try("list", "", self._look_for_list) or more
        if self.moved:
            return False
        for name, place, step in self._steps():
            if self.leaving.is_set():
                return False
            if not place or place in self.copier.places:
                more = self._try(name, place, step) or more
        self.ended = self.clock.now()
        return more

    def _steps(self) -> list[Step]:
        storage = self.settings.storage
        after = {one.name: one.after_days for one in storage.places}
        steps: list[Step] = [
            ("fetched", "", self._forget_fetched),
            ("days", "", lambda: count_days(self.index, self.archive, self.clock.now())),
        ]
        if self.archive.new:
            return steps
        steps += [("index", "", self._index_whole), ("removals", "", self._settle)]
        for name, place in sorted(self.copier.places.items()):
            if place.kind != "offline" or self._filling(name):
                days = storage.offline_after_days if place.kind == "offline" else after.get(name, 0)
                steps.append((COPY + name, name, partial(self._copy, place, days)))
                steps.append((f"proof {name}", name, partial(self.mirror.bring, place, self.clock.now())))
        steps.append(
            ("free", "", lambda: self.copier.free_some(DISK, storage.free_after_days, storage.copies))
        )
        for one in storage.places:
            if one.keep_days:
                free = partial(self.copier.free_some, one.name, one.keep_days, storage.copies)
                steps.append((f"free {one.name}", one.name, free))
        steps.append(("deletion", "", self._delete))
        for name in [DISK, *self.copier.places]:
            steps.append((f"scrub {name}", name, partial(self.scrubber.scrub_some, name)))
        return [*steps, ("forecast", "", self._levels)]

    def _try(self, name: str, place: str, step: Callable[[], bool]) -> bool:
        try:
            found = step()
        except Exception as error:  # told, kept in sight, and the other steps have their turn
            if self.leaving.is_set():
                return False
            if name not in self.problems:
                log.error("%s: %s", name, error, exc_info=not isinstance(error, PLAIN))
            since = self.problems[name][0] if name in self.problems else self.clock.now()
            self.problems[name] = since, "no room" if isinstance(error, PlaceFull) else str(error)
            if isinstance(error, PlaceSilent):
                self.copier.places.pop(place, None)
            return False
        self.problems.pop(name, None)
        return found

    def _look_for_list(self) -> bool:
        """Before a new list is worked with, the newest one a place keeps comes back, when every place answers or a day
        is over since it was made. Until then nothing is done: to a list that knows nothing, what lies elsewhere is
        missing.
        """
        self.waits_for = []
        if self.archive.kept("site") != (site := site_code(self.settings)):
            self.archive.keep("site", site)
        if not self.archive.new:
            return False
        now, since = self.clock.now(), self.archive.kept("new")
        if not since.isdecimal() or moment(int(since)) > now:  # the first look, or that one's clock was ahead
            self.archive.keep("new", since := str(micros(now)))
        away = {one.name for one in self.settings.storage.places} - self.copier.places.keys()
        started = self.began <= now < self.began + AT_LEAST
        patient = started or now < moment(int(since)) + PATIENCE
        if away and patient:
            self.waits_for = sorted(away)
            raise PlaceSilent(f"an older one may lie on {', '.join(self.waits_for)}")
        if bring_back(self.archive, self.copier.places.values(), now, patient):
            self.moved = True
        else:
            self.archive.keep("new", "")
        return True

    def _index_whole(self) -> bool:
        """Tells that the ways by time and deletion wait (ByTime.ahead, Deleter), or deletion of some cameras alone."""
        unread = self.index.unread
        if unread is None:
            raise PlaceSilent("rows of long ago are still given back to it")
        if unread:
            raise PlaceSilent(", ".join(unread[:NAMED]))
        return False

    def _settle(self) -> bool:
        self.copier.settle(self.settings.storage.copies)
        if self.in_force:
            self.deleter.settle()
        return False

    def _delete(self) -> bool:
        trusted = trusted_now(self.archive, self.clock.now(), self._up)
        if not (self.in_force and self.orders and self.orders.permit):
            return False
        return self.deleter.delete_some(self.orders.permit, trusted)

    def _copy(self, place: Place, days: int) -> bool:
        try:
            with self._copying:
                found = self.copier.copy_some(place, days)
        except PlaceFull:
            if place.kind == "offline":
                self.end_disk(place.name, "process:archive")
                return False
            raise
        return found

    def _reach(self) -> bool:
        """Which places answer now; those that do not are silent from now on, whether anybody has named them or not."""
        keep_rooms(self.archive, {one.code: one.room for one in self.settings.cameras}, self.clock.now())
        self.copier.places = {}
        site = site_code(self.settings)
        for setting in self.settings.storage.places:
            self._know(setting.name, setting.kind)
            try:
                if place := place_of(setting, site):
                    self._seen(setting.name, place, place.space())
            except (PlaceSilent, PlaceFull, OSError) as error:
                log.debug("%s: %s", setting.name, error)
        for label, folder in mounted_disks(Path(self.settings.storage.offline), site).items():
            place = FolderPlace(label, "offline", folder)
            try:
                if not self.archive.new and not self.archive.rows(
                    "SELECT 1 FROM place WHERE name = ?", label
                ):
                    take_in(self.archive, place)
                self._seen(label, place, place.space())
            except (PlaceSilent, PlaceFull, OSError):
                continue
        with self.archive.transaction() as link:
            for (name,) in self.archive.rows(
                "SELECT name FROM place WHERE silent IS NULL AND name <> ?", DISK
            ):
                if name not in self.copier.places:
                    link.execute(
                        "UPDATE place SET silent = ? WHERE name = ?", (micros(self.clock.now()), name)
                    )
        usage = shutil.disk_usage(self.media)
        self._seen(DISK, None, (usage.total, usage.free))
        return False

    def _seen(self, name: str, place: Place | None, space: tuple[int, int]) -> None:
        with self.archive.transaction() as link:
            link.execute(
                "UPDATE place SET silent = NULL, seen = ?, total = ?, free = ? WHERE name = ?",
                (micros(self.clock.now()), *space, name),
            )
        if place:
            self.copier.places[name] = place

    def _filling(self, label: str) -> bool:
        return self.archive.rows("SELECT 1 FROM place WHERE name = ? AND state = 'filling'", label) != []

    def end_disk(self, label: str, actor: str) -> str:
        """An off-line disk is full, or somebody says so: its inventory is closed. Returns the inventory's SHA-256."""
        self.copier.ending.add(label)  # the copy under way is the last one
        try:
            with self._copying:
                return self._end_disk(label, actor)
        finally:
            self.copier.ending.discard(label)

    def _end_disk(self, label: str, actor: str) -> str:
        folder = mounted_disks(Path(self.settings.storage.offline), site_code(self.settings)).get(label)
        if folder is None:
            raise Unavailable(
                "disk_not_plugged_in",
                N_("The off-line disk {label} is not plugged in."),
                N_("Plug it in and mount it: its inventory is read when it is ended."),
                label=label,
            )
        listed = folder / INVENTORY
        digest = file_digest(listed, Pace(1 << 40)) if listed.exists() else ""
        with self.archive.transaction() as link:
            changed = link.execute(
                "UPDATE place SET state = 'full' WHERE name = ? AND kind = 'offline' AND state = 'filling'",
                (label,),
            ).rowcount
            if changed:
                size, copies, first, last = self.archive.rows(
                    "SELECT bytes, copies, first, last FROM place WHERE name = ?", label
                )[0]
                body = {"label": label, "recordings": copies, "bytes": size, "first": first, "last": last}
                body |= {"inventory": digest, "by": actor}
                self.archive.tell(self.clock.now(), "disk_ended", body)
        return digest

    def _levels(self) -> bool:
        levels_told(self.archive, make_status(self), self.clock.now())
        return False

    def _forget_fetched(self) -> bool:
        """What was fetched an hour ago lies in object storage still. What a kill left half is no recording."""
        for path in (self.media / ".fetched").glob("*"):
            if time.time() - path.stat().st_mtime > FETCHED_KEPT:
                path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Close archive.db."""
        self.archive.close()
