"""What every use case needs of the box it runs on."""

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
        """The box as it was set up by `examsite init`."""
        return cls(settings, read_site(settings.state), DataKey.load(keys(settings) / "data.key"), clock)

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
