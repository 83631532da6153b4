"""examsite recordings: find what was recorded of a candidate or a seat; verify that nothing was changed.

A candidate is followed as on the inspector's page: entrance, waiting room, every seat.

`verify` and `verify-clip` belong to the recorder's package and are found by the entry point group
`examsite.recordings`.
"""

import asyncio
from datetime import datetime
from importlib.metadata import entry_points

import msgspec
import typer
from sqlmodel import Session

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_, _
from appliance.base.log import mask
from appliance.base.settings import load
from appliance.base.sockets import ask
from appliance.cli.run import show, tell
from appliance.flow.box import Box
from appliance.flow.cameras import cameras_of
from appliance.flow.inspect import find_candidates
from appliance.flow.whereabouts import Stay, stays
from appliance.records.site import Seat
from appliance.web.ops_alarms import CAUSES
from appliance.wire.recorder import Clip, FindClips, Found, Gap

app = typer.Typer(no_args_is_help=True, help="Recordings.")

TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


@app.callback()
def group() -> None:
    """Recordings."""


PLACES = {"entrance": N_("Entrance"), "waiting": N_("Waiting room"), "seat": N_("Seat")}
BLIND = {
    "entrance": N_("No room camera looks at this entrance."),
    "waiting": N_("No camera covers the waiting room."),
    "seat": N_("No camera covers this seat."),
}
MIB = 1024**2


class Place(msgspec.Struct, kw_only=True):
    """One place and time with what its cameras have of it."""

    stay: Stay
    end: datetime
    clips: list[Clip]
    gaps: list[Gap]


def _seat_stay(session: Session, box: Box, seat_id: str, start: datetime, end: datetime) -> list[Stay]:
    seat = session.get(Seat, seat_id)
    if seat is None:
        raise NotFound("no_seat", N_("There is no seat {seat}."), N_("Check the seat plan."), seat=seat_id)
    cameras = cameras_of(box.settings, seat.room, seat.number)
    return [Stay(kind="seat", name=seat.id, start=start, end=end, cameras=cameras)]


def _candidate_stays(session: Session, box: Box, text: str) -> list[Stay]:
    found = find_candidates(session, box, text)
    if not found:
        raise NotFound(
            "no_candidate",
            N_("Nobody fits {text}."),
            N_("Give the name, the whole ID number or the admission ticket number."),
            text=mask(text),
        )
    if len(found) > 1:
        raise NotFound(
            "many_candidates",
            N_("{count} candidates fit {text}."),
            N_("Give the whole ID number or the admission ticket number."),
            count=len(found),
            text=mask(text),
        )
    return stays(session, box, found[0].id)


async def _ask_all(box: Box, wanted: list[Stay]) -> list[Place]:
    found = []
    for stay in wanted:
        end = min(stay.end or box.now(), box.now())
        place = Place(stay=stay, end=max(end, stay.start), clips=[], gaps=[])
        found.append(place)
        if stay.cameras and end > stay.start:
            request = FindClips(cameras=stay.cameras, start=stay.start, end=end)
            seen = await ask(box.settings.socket("clips"), request, Found)
            place.clips, place.gaps = seen.clips, seen.gaps
    return found


def _span(box: Box, start: datetime, end: datetime) -> str:
    """Both ends in the site's zone; the day once, and again when the end lies on another one."""
    first, last = box.local(start), box.local(end)
    day = "" if first.date() == last.date() else f"{last:%Y-%m-%d} "
    return f"{first:%Y-%m-%d %H:%M:%S} – {day}{last:%H:%M:%S}"


def _tell_places(box: Box, found: list[Place]) -> None:
    names = {one.code: one.name for one in box.settings.cameras}
    for place in found:
        stay = place.stay
        typer.echo(f"{_(PLACES[stay.kind])} {stay.name}  {_span(box, stay.start, place.end)}")
        if not stay.cameras:
            typer.echo(f"  {_(BLIND[stay.kind])}")
        for clip in place.clips:
            camera = f"{clip.camera} {names.get(clip.camera, '')}".strip()
            typer.echo(f"  {camera}  {_span(box, clip.start, clip.end)}  {clip.bytes / MIB:.1f} MiB")
        for gap in place.gaps:
            told = _("Nothing on record: {camera} {time}, {cause}").format(
                camera=gap.camera,
                time=_span(box, gap.start, gap.end),
                cause=_(CAUSES.get(gap.cause, CAUSES[""])),
            )
            typer.echo(f"  {told}")
    gaps = sum(len(place.gaps) for place in found)
    blind = sum(not place.stay.cameras for place in found)
    if gaps:
        tell(_("Gaps in the recordings: {count}.").format(count=gaps))
    elif blind < len(found):
        tell(_("No gap in what the cameras recorded."))
    if blind:
        tell(_("Places without a camera: {count}.").format(count=blind))
    if not found:
        tell(_("This candidate has not put down a card yet."))


@app.command()
def find(
    candidate: str = typer.Option(
        "", "--candidate", help="Name, ID number, ticket or admission ticket number."
    ),
    seat: str = typer.Option("", "--seat", help="Seat, e.g. T1-07; with --from and --to."),
    start: datetime = typer.Option(None, "--from", formats=TIMES, help="Local, e.g. 2026-11-21T09:00:00."),
    end: datetime = typer.Option(None, "--to", formats=TIMES, help="Local, as --from."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """What was recorded of a candidate from the entrance on, or of one seat between two local times."""
    box = Box.open(load())
    if candidate:
        wanted = box.db.read_now(_candidate_stays, box, candidate)
    elif seat and start and end:
        local = [moment.replace(tzinfo=box.zone) for moment in (start, end)]
        wanted = box.db.read_now(_seat_stay, box, seat, *local)
    else:
        raise Corrupt(
            "nothing_named",
            N_("Name a candidate, or a seat with its times."),
            N_("See examsite recordings find --help."),
        )
    found = asyncio.run(_ask_all(box, wanted))
    box.db.stop()
    if not json:
        _tell_places(box, found)
        return
    places = [
        {"kind": one.stay.kind, "name": one.stay.name, "start": one.stay.start, "end": one.end}
        | {"cameras": one.stay.cameras}
        for one in found
    ]
    clips = [clip for one in found for clip in one.clips]
    show({"clips": clips, "gaps": [gap for one in found for gap in one.gaps], "places": places})


for _point in entry_points(group="examsite.recordings"):
    app.command(_point.name)(_point.load())
