"""examsite recordings: find what was recorded of a candidate or a seat; verify that nothing was changed.

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
from appliance.base.settings import load
from appliance.base.sockets import ask
from appliance.cli.run import show, tell
from appliance.flow.box import Box
from appliance.flow.cameras import cameras_of
from appliance.flow.inspect import Span, find_candidates, spans
from appliance.records.site import Seat
from appliance.web.ops_alarms import CAUSES
from appliance.wire.recorder import Clip, FindClips, Found, Gap

app = typer.Typer(no_args_is_help=True, help="Recordings. 监控录像。")


@app.callback()
def group() -> None:
    """Recordings."""


def _seat_span(session: Session, seat_id: str, start: datetime, end: datetime) -> list[Span]:
    seat = session.get(Seat, seat_id)
    if seat is None:
        raise NotFound("no_seat", N_("There is no seat {seat}."), N_("Check the seat plan."), seat=seat_id)
    return [Span(sitting="", seat=seat.id, seat_number=seat.number, room=seat.room, start=start, end=end)]


def _candidate_spans(session: Session, box: Box, text: str) -> list[Span]:
    found = find_candidates(session, box, text)
    if len(found) != 1:
        raise NotFound(
            "no_candidate" if not found else "many_candidates",
            N_("{count} candidates fit {text}."),
            N_("Give the whole ID number or the admission ticket number."),
            count=len(found),
            text=text if len(text) < 15 else "…",
        )
    return spans(session, found[0].id)


async def _ask_all(box: Box, wanted: list[Span]) -> tuple[list[Clip], list[Gap]]:
    clips: list[Clip] = []
    gaps: list[Gap] = []
    for span in wanted:
        cameras = cameras_of(box.settings, span.room, span.seat_number)
        request = FindClips(cameras=cameras, start=span.start, end=span.end or box.now())
        found = await ask(box.settings.socket("clips"), request, Found)
        clips += found.clips
        gaps += found.gaps
    return clips, gaps


@app.command()
def find(
    candidate: str = typer.Option(
        "", "--candidate", help="Name, ID number, ticket or admission ticket number."
    ),
    seat: str = typer.Option("", "--seat", help="Seat, e.g. T1-07; with --from and --to."),
    start: datetime = typer.Option(None, "--from", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]),
    end: datetime = typer.Option(None, "--to", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """What was recorded of a candidate's seats, or of one seat between two local times."""
    box = Box.open(load())
    if candidate:
        wanted = box.db.read_now(_candidate_spans, box, candidate)
    elif seat and start and end:
        local = [moment.replace(tzinfo=box.zone) for moment in (start, end)]
        wanted = box.db.read_now(_seat_span, seat, *local)
    else:
        raise Corrupt(
            "nothing_named",
            N_("Name a candidate, or a seat with its times."),
            N_("See examsite recordings find --help."),
        )
    clips, gaps = asyncio.run(_ask_all(box, wanted))
    box.db.stop()
    if json:
        show({"clips": msgspec.to_builtins(clips), "gaps": msgspec.to_builtins(gaps)})
        return
    for clip in clips:
        typer.echo(
            f"{clip.camera}  {box.local(clip.start):%H:%M:%S} – {box.local(clip.end):%H:%M:%S}  {clip.bytes}"
        )
    for gap in gaps:
        tell(
            _("Nothing on record: {camera} {start} – {end}, {cause}").format(
                camera=gap.camera,
                start=f"{box.local(gap.start):%H:%M:%S}",
                end=f"{box.local(gap.end):%H:%M:%S}",
                cause=_(CAUSES.get(gap.cause, CAUSES[""])),
            )
        )


for _point in entry_points(group="examsite.recordings"):
    app.command(_point.name)(_point.load())
