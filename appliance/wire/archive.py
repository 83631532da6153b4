"""Messages between exam-archive and whoever asks it (UNIX socket `archive`)."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from appliance.base.i18n import _


class KeptSitting(msgspec.Struct, kw_only=True):
    """A sitting as its recordings see it: from the first to the last second wanted, and until when they are kept.

    `keep_until`: the first moment at which they may be deleted. `hold`: not even then; also for a while after it was
    lifted. `holds`, `lifted`: legal holds in force and lifted; one that was told is in force until it is told lifted.
    """

    id: str
    name: str
    """As people say it: day, hour and room."""
    rooms: list[str]
    start: datetime
    end: datetime
    keep_until: datetime
    hold: bool = False
    holds: list[str] = []
    lifted: list[str] = []


class Permit(msgspec.Struct, kw_only=True):
    """Leave to delete what is past its date.

    `due`: recordings of sittings whose `keep_until` is not later. `before`: recordings of no sitting that began before.
    `who`: two accounts, or `policy`.
    """

    id: str
    due: datetime
    before: datetime
    why: str
    who: str


class Acknowledged(msgspec.Struct, kw_only=True):
    """Two people know of what was found on a place until then; `path` empty: of all of it. Each `id` counts once."""

    id: str = ""
    place: str
    path: str
    until: datetime


class KeepOrders(msgspec.Struct, tag="archive.orders", kw_only=True):
    """What exam-archive must know: all sittings there are; it forgets none. Told again and again: it deletes only
    under orders of the last minutes, which this process of it has heard.

    `before`: recordings of no sitting that began before are past their date today; with or without a permit.
    """

    sittings: list[KeptSitting]
    before: datetime
    permit: Permit | None = None
    acknowledged: list[Acknowledged] = []


class Taken(msgspec.Struct):
    """The orders are on the disk."""


class GetStorage(msgspec.Struct, tag="archive.status"):
    """Ask exam-archive how it is."""


class PlaceStatus(msgspec.Struct, kw_only=True):
    """One place. `name` empty: the recording disk. Bytes; `total` 0: not known (object storage, an unplugged disk)."""

    name: str
    kind: Literal["recorder", "disk", "nas", "s3", "offline"]
    state: Literal["online", "silent", "filling", "full", "unplugged", "unprepared"]
    since: datetime | None = None
    """Silent since."""
    total: int = 0
    free: int = 0
    recordings: int = 0
    """Bytes of recordings there."""
    copies: int = 0
    first: str = ""
    last: str = ""
    """Days (yyyymmdd) of the oldest and newest recording there."""
    waiting: int = 0
    """Bytes still to be copied there."""
    overdue: datetime | None = None
    """Since when the oldest of these ought to be there."""
    days_left: float | None = None
    """For so many days there is room at the rate of recording; None: not known."""
    scrub_part: float = 0.0
    """Part of the running round that is read again, 0..1."""
    scrub_began: datetime | None = None
    scrub_ended: datetime | None = None
    """When the last whole round ended."""
    read: datetime | None = None
    """Of an off-line disk in its cupboard: since when every recording on it was read."""


class CameraStorage(msgspec.Struct, kw_only=True):
    """One camera's use of the recording disk; `days_left` None: not in sight within the forecast."""

    camera: str
    per_day: int
    """Bytes in a day, as measured over the last weeks."""
    per_hour: int
    """Bytes in a recorded hour."""
    kept: int
    """Bytes on the recording disk and all that is known of it elsewhere once."""
    days_left: float | None


class Ahead(msgspec.Struct, kw_only=True):
    """One day of the forecast: bytes used on the recording disk at its end."""

    day: str
    used: int


class ShortSitting(msgspec.Struct, kw_only=True):
    """A sitting for whose recordings there is no room on the day it takes place."""

    id: str
    name: str
    start: datetime
    missing: int
    """Bytes."""


class Forecast(msgspec.Struct, kw_only=True):
    """For how long there is room on the recording disk."""

    total: int
    used: int
    reserve: int
    per_day: int
    days_left: float | None
    ahead: list[Ahead]
    cameras: list[CameraStorage]
    short: list[ShortSitting]


class StorageFinding(msgspec.Struct, kw_only=True):
    """A recording that is not as it was recorded, or not where it should be."""

    place: str
    path: str
    code: str
    at: datetime


class Problem(msgspec.Struct, kw_only=True):
    """Something exam-archive could not do: with which place (or step), since when, and why. `waits_for`: places a new
    list of recordings waits for, one of which may keep an older list. `rebuilding`: the index is built again;
    `lacking`: it is, but for what files of these cameras' chains hold, which cannot be read.
    """

    what: str
    since: datetime
    text: str
    waits_for: list[str] = []
    rebuilding: bool = False
    lacking: list[str] = []

    def words(self) -> str:
        """As pages, alarms, the command and the terminal say it."""
        if self.waits_for:
            return _(
                "The list of archived recordings is new. Until {places} answers, a day at most, nothing is copied or"
                " deleted."
            ).format(places=_(", ").join(self.waits_for))
        if self.lacking:
            return _(
                "The index of the recordings lacks what files of chain.d hold that cannot be read: {files}. Until they"
                " can be read, nothing is deleted of the cameras {cameras}."
            ).format(files=self.text, cameras=_(", ").join(self.lacking))
        if self.rebuilding:
            return _(
                "The index of the recordings is being built again. Until it is whole nothing is deleted, nothing leaves"
                " the recording disk, and places that get their copies after days wait."
            )
        return _("Storage of recordings, {what}: {why}.").format(what=self.what, why=self.text)

    def next_words(self) -> str:
        """What to do."""
        if self.waits_for:
            return _("Plug in or switch on what is missing; it goes on by itself.")
        if self.lacking:
            return _(
                "They are tried again by themselves. Look at the recording disk, and put a file that stays unreadable"
                " back from the newest proof.d of a place."
            )
        if self.rebuilding:
            return _(
                "It goes on by itself, for hours after years. After a day look at the log of exam-recorder."
            )
        return _("Look at that place: its room, its rights, its network. It is tried again by itself.")


class Due(msgspec.Struct, kw_only=True):
    """Days whose recordings are past the usual date and not deleted yet, those on hold among them. `kept`: of these
    the days on which a sitting is on hold or kept longer.
    """

    days: int = 0
    kept: int = 0
    bytes: int = 0
    first: str = ""
    last: str = ""


class Unlifted(msgspec.Struct, kw_only=True):
    """A sitting whose hold nobody lifted, as exam-archive was told it: the site database may have lost it since."""

    id: str
    rooms: list[str]
    start: datetime


class Storage(msgspec.Struct, kw_only=True):
    """The answer to GetStorage."""

    now: datetime
    places: list[PlaceStatus]
    forecast: Forecast
    findings: list[StorageFinding]
    found: int
    """Findings in all; `findings` holds the newest."""
    held: int = 0
    """Sittings on legal hold."""
    due: Due
    on_hold: list[str] = []
    """Their ids: for these the hold is in force."""
    unlifted: list[Unlifted] = []
    problems: list[Problem] = []
    """What could not be done."""
    round_ended: datetime | None = None
    """When the last whole round ended; None: none has since the start."""
    began: datetime | None = None
    """When this process began."""
    scrub_days: int = 180
    acknowledged: int = 0
    """Findings two people know of; they are not among `found`."""
    found_at: dict[str, int] = {}
    """Of `found`, how many on each place."""


class Event(msgspec.Struct, kw_only=True):
    """Something that belongs in the journal; `number` counts up."""

    number: int
    at: datetime
    kind: str
    body: dict[str, Any]


class GetEvents(msgspec.Struct, tag="archive.events", kw_only=True):
    """Ask for events after `after` of the list `archive`, oldest first, at most 200."""

    after: int
    archive: str = ""


class Events(msgspec.Struct, kw_only=True):
    """The answer: none when another list was asked for than `archive`, the one there is. Each counts for itself."""

    archive: str

    events: list[Event]


class FetchRecording(msgspec.Struct, tag="archive.fetch", kw_only=True):
    """Bring one recording out of object storage; allow a minute."""

    path: str


class Fetched(msgspec.Struct, kw_only=True):
    """Where it lies now, for an hour at least."""

    path: str


class PreparePlace(msgspec.Struct, tag="archive.prepare", kw_only=True):
    """Mark a mounted folder as a place: of the configuration (`label` is its name), or an off-line disk's."""

    label: str
    folder: str
    actor: str


class EndDisk(msgspec.Struct, tag="archive.end_disk", kw_only=True):
    """No more is copied to this off-line disk; its inventory is closed."""

    label: str
    actor: str


class DiskTold(msgspec.Struct, kw_only=True):
    """How the disk is now."""

    label: str
    state: str
    copies: int = 0
    bytes: int = 0
    inventory: str = ""
    """SHA-256 of its inventory file."""
