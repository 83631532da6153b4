"""The rounds of exam-archive: count, copy, free, delete by order, re-read; a little of each, again and again."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.wire.archive import KeepOrders
from cameras.archive.copying import Copier
from cameras.archive.deletion import Deleter, keep_sittings
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
from cameras.archive.reach import place_of
from cameras.archive.scrub import Scrubber
from cameras.archive.status import levels_told, make_status
from cameras.archive.store import DISK, Archive
from cameras.archive.walk import count_days
from cameras.index import Reader, micros

log = logging.getLogger("examsite.archive")

MIB = 1 << 20
FETCHED_KEPT = 3600.0
"""Seconds for which a recording fetched from object storage stays on the recording disk."""


class Rounds:
    """All work of exam-archive. One thread calls `once`; others may ask the archive and take orders meanwhile."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings, self.clock = settings, clock or SystemClock()
        self.media = Path(settings.recorder.media)
        self.archive = Archive(self.media)
        self.index = Reader(self.media)
        self.leaving = threading.Event()
        self.problem = ""
        now = self.clock.now
        rate = settings.storage.rate_mib * MIB
        self.copier = Copier(self.media, self.index, self.archive, Pace(rate, self.leaving.wait), now)
        rooms = {camera.code: camera.room for camera in settings.cameras}
        self.deleter = Deleter(self.media, self.index, self.archive, self.copier, rooms, now)
        slow = Pace(rate, self.leaving.wait)
        days = settings.storage.scrub_days
        self.scrubber = Scrubber(self.media, self.index, self.archive, self.copier, slow, days, now)
        self._full: set[str] = set()
        self._told: set[str] = set()
        kept = self.archive.kept("orders")
        self.orders = msgspec.json.decode(kept, type=KeepOrders) if kept else None
        """As exam-web told last, also before a restart."""
        self._know(DISK, "recorder")

    def _know(self, name: str, kind: str, state: str = "") -> None:
        with self.archive.transaction() as link:
            link.execute(
                "INSERT OR IGNORE INTO place(name, kind, state) VALUES (?, ?, ?)", (name, kind, state)
            )

    def take_orders(self, orders: KeepOrders) -> None:
        """Kept before they are answered."""
        with self.archive.transaction():
            keep_sittings(self.archive, orders.sittings)
            self.archive.keep("orders", msgspec.json.encode(orders).decode())
        self.orders = orders

    def once(self) -> bool:
        """One round; True when there is more to do at once. What fails is told once and does not stop the rest."""
        self.problem, more = "", False
        self._reach()
        storage = self.settings.storage
        after = {one.name: one.after_days for one in storage.places}
        steps: list[tuple[str, Callable[[], bool]]] = [
            ("removals", self._settle),
            ("days", lambda: count_days(self.index, self.archive, self.clock.now())),
        ]
        for name, place in sorted(self.copier.places.items()):
            if place.kind != "offline" or self._filling(name):
                days = storage.offline_after_days if place.kind == "offline" else after.get(name, 0)
                steps.append((name, lambda place=place, days=days: self._copy(place, days)))  # type: ignore[misc]
        steps.append(("free", lambda: self.copier.free_some(DISK, storage.free_after_days, storage.copies)))
        for one in storage.places:
            if one.name in self.copier.places and one.keep_days:
                steps.append(
                    (one.name, lambda one=one: self.copier.free_some(one.name, one.keep_days, storage.copies))  # type: ignore[misc]
                )
        if (orders := self.orders) and (permit := orders.permit):
            steps.append(("deletion", lambda: self.deleter.delete_some(permit)))
        for name in [DISK, *self.copier.places]:
            steps.append((f"scrub {name}", lambda name=name: self.scrubber.scrub_some(name)))  # type: ignore[misc]
        steps.append(("forecast", self._levels))
        for name, step in steps:
            if self.leaving.is_set():
                return False
            more = self._try(name, step) or more
        return more

    def _try(self, name: str, step: Callable[[], bool]) -> bool:
        try:
            found = step()
        except (PlaceSilent, PlaceFull, ExamError, OSError) as error:
            if self.leaving.is_set():
                return False
            self.problem = f"{name}: {error}"
            if name not in self._told:
                log.error("%s: %s", name, error)
            self._told.add(name)
            if isinstance(error, PlaceSilent):
                self.copier.places.pop(name, None)
            return False
        self._told.discard(name)
        return found

    def _settle(self) -> bool:
        self.copier.settle()
        self.deleter.settle()
        self._forget_fetched()
        return False

    def _copy(self, place: Place, days: int) -> bool:
        try:
            found = self.copier.copy_some(place, days)
        except PlaceFull:
            if place.kind == "offline":
                self.end_disk(place.name, "process:archive")
                return False
            raise
        return found

    def _reach(self) -> None:
        """Which places answer now. A change is told once."""
        self.copier.places = {}
        for setting in self.settings.storage.places:
            self._know(setting.name, setting.kind)
            try:
                place = place_of(setting)
                space = place.space() if place else None
            except (PlaceSilent, PlaceFull, OSError) as error:
                log.debug("%s: %s", setting.name, error)
                place = space = None
            self._seen(setting.name, place, space)
        for label, folder in mounted_disks(Path(self.settings.storage.offline)).items():
            place = FolderPlace(label, "offline", folder)
            try:
                self._know(label, "offline", "filling")
                self._seen(label, place, place.space())
            except (PlaceSilent, PlaceFull, OSError):
                continue
        try:
            usage = shutil.disk_usage(self.media)
            self._seen(DISK, None, (usage.total, usage.free))
        except OSError as error:
            log.error("the recording disk: %s", error)

    def _seen(self, name: str, place: Place | None, space: tuple[int, int] | None) -> None:
        now = micros(self.clock.now())
        with self.archive.transaction() as link:
            if space is None:
                link.execute("UPDATE place SET silent = coalesce(silent, ?) WHERE name = ?", (now, name))
                return
            link.execute(
                "UPDATE place SET silent = NULL, seen = ?, total = ?, free = ? WHERE name = ?",
                (now, *space, name),
            )
        if place:
            self.copier.places[name] = place

    def _filling(self, label: str) -> bool:
        return self.archive.rows("SELECT 1 FROM place WHERE name = ? AND state = 'filling'", label) != []

    def end_disk(self, label: str, actor: str) -> str:
        """An off-line disk is full, or somebody says so: its inventory is closed. Returns the inventory's SHA-256."""
        place = self.copier.places.get(label)
        digest = ""
        if isinstance(place, FolderPlace) and (place.root / INVENTORY).exists():
            digest = file_digest(place.root / INVENTORY, Pace(1 << 40))
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

    def _forget_fetched(self) -> None:
        """What was fetched an hour ago lies in object storage still. What a kill left half is no recording."""
        for path in (self.media / ".fetched").glob("*"):
            if time.time() - path.stat().st_mtime > FETCHED_KEPT:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close archive.db."""
        self.archive.close()
