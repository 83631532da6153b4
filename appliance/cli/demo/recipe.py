"""What is left to try when the day is over: one more person with a roster, a card, a face and a seat."""

import shlex
import sys

import msgspec

from appliance.base.i18n import _
from appliance.cli.demo.site import DemoSite
from appliance.faces import demo_people
from appliance.intake.sample_roster import make_people, write_csv

LANE = "L1"
PICTURE = "astronaut"
"""Whose packaged photograph is on the card and stands before the lane's camera."""


def write_recipe(site: DemoSite) -> list[str]:
    """Write the roster and the card's photograph, put the face before the camera; the lines to print."""
    person = msgspec.structs.replace(make_people(1, "one more")[0], kind="初训")
    roster = site.folder.resolve() / "rosters" / "再考一人.csv"
    roster.parent.mkdir(exist_ok=True)
    roster.write_bytes(write_csv([person], subject="理论", bad_rows=False).content)
    photo = site.folder.resolve() / "card.jpg"
    photo.write_bytes(demo_people.portrait(PICTURE))
    (site.run / f"face-{LANE}.jpg").write_bytes(demo_people.live(PICTURE))
    card = [sys.executable, "-m", "appliance.cli", "simulate", "card"]
    card += ["--control", str(site.dev / f"reader-{LANE}.sock"), "--photo", str(photo)]
    card += ["--name", person.name, "--number", person.number]
    return [
        _(
            "Try it: load {roster} at {office} (office), theory in a minute; chief confirms. Then a card:"
        ).format(roster=roster, office=f"{site.url}/office"),
        f"  EXAMSITE_CONFIG={shlex.quote(str(site.config))} {shlex.join(card)}",
        _("Call at {waiting}, move the person to seat 1 at {room}, sign in with {four} at {station}.").format(
            waiting=f"{site.url}/waiting",
            room=f"{site.url}/room",
            four=person.number[-4:],
            station=f"{site.url}/station/",
        ),
    ]
