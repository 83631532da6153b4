"""What the stages of the demo share: the site, its box, its processes, its people."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlmodel import select

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.cli.demo.pace import SLOW, STARTS
from appliance.cli.demo.site import DemoSite
from appliance.cli.demo.staff import Staff
from appliance.cli.demo.table import Report
from appliance.cli.parent import Parent
from appliance.faces import demo_people
from appliance.flow.box import Box
from appliance.intake.sample_roster import SamplePerson
from appliance.records.sitting import Sitting

T = TypeVar("T")

PEOPLE = 60
PORTRAITS = demo_people.PEOPLE


class Times(msgspec.Struct, kw_only=True, frozen=True):
    """How long things take in the demo, in seconds. Every clock is the real one."""

    theory_starts_in: float = 38
    practical_starts_in: float = 140
    opens_before: int = 110
    theory_minutes: int = 1
    practical_minutes: int = 60


def times_at(started_s: float) -> Times:
    """The day for a machine whose processes took so many seconds to start: a slow one gets up to `SLOW` times longer.

    On a slow machine sixty people take longer through the entrance, and the browser over its paper.
    """
    pace = math.ceil(min(SLOW, max(1.0, started_s / STARTS)))
    usual = Times()
    return Times(
        theory_starts_in=usual.theory_starts_in * pace,
        practical_starts_in=usual.practical_starts_in * pace,
        theory_minutes=usual.theory_minutes * pace,
    )


class Day(msgspec.Struct, kw_only=True):
    """One demo day."""

    site: DemoSite
    box: Box
    parent: Parent
    report: Report
    people: list[SamplePerson]
    times: Times
    staff: dict[str, Staff] = {}

    def who(self, login: str) -> Staff:
        """A signed-in member of staff; signs in when first needed."""
        if login not in self.staff:
            self.staff[login] = Staff(self.site, login)
        return self.staff[login]

    def sitting(self, subject: str) -> Sitting:
        """The day's sitting of a subject."""
        return self.box.db.read_now(
            lambda session: session.exec(select(Sitting).where(Sitting.subject == subject)).one()
        )

    def portrait_of(self, index: int) -> str:
        """Whose photograph a candidate borrows; several share one."""
        return PORTRAITS[index % len(PORTRAITS)]

    def log(self, name: str) -> Path:
        """A process's log."""
        return self.site.folder / "log" / f"{name}.log"


def wait_for(what: str, look: Callable[[], T | None], seconds: float, pause: float = 0.1) -> T:
    """Ask until there is an answer; say what was waited for when there is none. `seconds`: on a free machine."""
    seconds *= SLOW
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise Unavailable(
        "demo_waited",
        N_("Waited {seconds} s in vain for: {what}."),
        N_(
            "Is another demo running, or is this machine busy with something else? The log folder tells more."
        ),
        seconds=int(seconds),
        what=what,
    )
