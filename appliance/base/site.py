"""What kind of site this box is: `site.json` in the state folder, written once by `examsite init`.

A demo box stays a demo box: simulators run only there, and every fact, page and sheet of it is marked.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.settings import config_path, load

FILE = "site.json"


class Site(msgspec.Struct, kw_only=True, frozen=True):
    """The box's identity. `epoch` is new after a restored backup, so that parcel numbers never repeat."""

    code: str
    name: str
    mode: Literal["demo", "production"]
    epoch: str
    created: datetime

    @property
    def demo(self) -> bool:
        """True on a demo site."""
        return self.mode == "demo"


def read_site(state: Path) -> Site:
    """Read the box's identity. Raises NotFound before `examsite init`."""
    try:
        return msgspec.json.decode((state / FILE).read_bytes(), type=Site)
    except FileNotFoundError:
        raise NotFound(
            "no_site", N_("This box has not been set up."), N_("Run examsite init."), path=str(state)
        ) from None
    except msgspec.DecodeError as error:
        raise Corrupt(
            "bad_site",
            N_("The site file is damaged: {detail}"),
            N_("Restore it from the backup."),
            detail=str(error),
        ) from error


def require_demo() -> None:
    """Refuse to go on when this box is a production site. Simulators call this first.

    A machine without a configuration file is nobody's site: a technician's laptop may simulate.
    """
    if not config_path().exists():
        return
    if not read_site(load().state).demo:
        raise Refused(
            "production_site",
            N_("Simulators do not run on a production site."),
            N_("Use another machine, or set up a demo site with examsite init --demo."),
        )
