"""What every use case needs of the box it runs on."""

import os
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.base.clock import Clock, SystemClock
from appliance.base.crypto import DataKey
from appliance.base.database import Database
from appliance.base.files import Files
from appliance.base.i18n import language
from appliance.base.settings import Settings
from appliance.base.site import Site, read_site
from appliance.flow.rules_of import require_sound

BEGUN = "site.begun"
"""Holds the identity while a set-up is under way; `examsite init` may clear the keys as long as it is there."""


class Box:
    """Settings, identity, database, keys, kept files and the clock of one process."""

    def __init__(self, settings: Settings, site: Site, key: DataKey, clock: Clock | None = None) -> None:
        self.settings = settings
        self.site = site
        self.key = key
        self.clock = clock or SystemClock()
        self.db = Database(settings.database_url, settings.database.batch)
        self.files = Files(settings.state / "files", key)
        self.zone = ZoneInfo(settings.site.timezone)

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> "Box":
        """The box as it was set up by `examsite init`. Raises Corrupt where exam rules cannot hold."""
        for trade in ("", *settings.exam.types):
            require_sound(settings, trade)
        site = read_site(settings.state)
        end_begun(settings.state)
        return cls(settings, site, DataKey.load(keys(settings) / "data.key"), clock)

    def seed_of(self, sealed: bytes) -> bytes:
        """A sitting's secret seed: seats, papers and tasks are drawn from it."""
        return self.key.decrypt(sealed)

    @property
    def site_name(self) -> str:
        """The site's name in the current language; the Chinese one where no English one is set."""
        return (self.settings.site.name_en if language() == "en" else "") or self.site.name

    def now(self) -> datetime:
        """The box's time, aware, UTC."""
        return self.clock.now()

    def local(self, moment: datetime) -> datetime:
        """A moment in the site's own zone."""
        return moment.astimezone(self.zone)

    def today(self) -> date:
        """The site's calendar day."""
        return self.local(self.now()).date()


def keys(settings: Settings) -> Path:
    """The folder of the processes' keys."""
    return settings.state / "keys"


def authority(settings: Settings) -> Path:
    """The folder of the site authority: no process but `examsite init` reads its key."""
    return settings.state / "authority"


def end_begun(state: Path) -> None:
    """A box that has its site file is set up: no sign of a set-up under way may lie beside it.

    Were it left, a site file lost later would let `examsite init` clear away the keys of a box at work.
    """
    begun = state / BEGUN
    if begun.exists():
        begun.unlink(missing_ok=True)
        sync_folder(state)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
