"""examsite recordings: find what was recorded of a candidate or a seat; verify that nothing was changed.

A candidate is followed as on the inspector's page: entrance, waiting room, every seat.

`verify` and `verify-clip` belong to the recorder's package and are found by the entry point group
`examsite.recordings`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec
import typer
from sqlmodel import Session

from appliance.base.errors import Corrupt, ExamError, NotFound, Refused
from appliance.base.evidence_words import gap_cause, wrong
from appliance.base.i18n import N_, _
from appliance.base.log import mask
from appliance.base.settings import load
from appliance.base.sizes import size
from appliance.base.sockets import ask
from appliance.base.terminal import person
from appliance.cli.fill import fill
from appliance.cli.found_before import json_of, json_over, other_words, words_of
from appliance.cli.package_times import package_times
from appliance.cli.run import show, tell
from appliance.cli.screen_codes import screen_codes
from appliance.cli.sealed import remembered
from appliance.flow.bad_checks import BadCheck, earlier
from appliance.flow.box import Box
from appliance.flow.camera_views import looking
from appliance.flow.cameras import names_of
from appliance.flow.inspect import find_candidates
from appliance.flow.seen import Seen, of_candidate, of_case, of_seat
from appliance.flow.whereabouts import Stay, stays
from appliance.records.site import Seat
from appliance.web.camera_alarms import ALARMS
from appliance.web.clip_export import SHORT, export_to
from appliance.web.package import Made, Wanted, make_package
from appliance.web.recordings import together
from appliance.wire.playback import GetCopy
from appliance.wire.recorder import AlarmSpan, Clip, FindClips, Found, Gap, GetClip

app = typer.Typer(no_args_is_help=True, help="Recordings.")

TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


@app.callback()
def group(context: typer.Context) -> None:
    """Recordings."""
    context.obj = remembered  # `verify` belongs to another package and knows no journal


ACTOR = "process:cli"
PLACES = {
    "entrance": N_("Entrance"),
    "waiting": N_("Waiting room"),
    "seat": N_("Seat"),
    "exit": N_("Free to leave"),
}
BLIND = {
    "entrance": N_("No room camera looks at this entrance."),
    "waiting": N_("No camera covers the waiting room."),
    "seat": N_("No camera covers this seat."),
    "exit": N_("No camera looks at the way out."),
}


class Place(msgspec.Struct, kw_only=True):
    """One place and time with what its cameras have of it."""

    stay: Stay
    end: datetime
    clips: list[Clip]
    gaps: list[Gap]
    alarms: list[AlarmSpan] = []


def _seat_stay(session: Session, box: Box, seat_id: str, start: datetime, end: datetime) -> list[Stay]:
    seat = session.get(Seat, seat_id)
    if seat is None:
        raise NotFound("no_seat", N_("There is no seat {seat}."), N_("Check the seat plan."), seat=seat_id)
    cameras = looking(session, box, {seat.room}, start, end, seat.number)
    return [Stay(kind="seat", name=seat.id, start=start, end=end, cameras=cameras)]


def _only(session: Session, box: Box, text: str) -> str:
    """The id of the one candidate somebody means."""
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
    return found[0].id


async def _ask_all(box: Box, wanted: list[Stay]) -> list[Place]:
    found = []
    for stay in wanted:
        end = min(stay.end or box.now(), box.now())
        place = Place(stay=stay, end=max(end, stay.start), clips=[], gaps=[])
        found.append(place)
        if stay.cameras and end > stay.start:
            request = FindClips(cameras=stay.cameras, start=stay.start, end=end)
            seen = await ask(box.settings.socket("clips"), request, Found)
            place.clips, place.gaps, place.alarms = seen.clips, seen.gaps, seen.alarms
    return found


def _span(box: Box, start: datetime, end: datetime) -> str:
    """Both ends in the site's zone; the day once, and again when the end lies on another one."""
    first, last = box.local(start), box.local(end)
    day = "" if first.date() == last.date() else f"{last:%Y-%m-%d} "
    return f"{first:%Y-%m-%d %H:%M:%S} – {day}{last:%H:%M:%S}"


def _lost(box: Box, gap: Gap) -> str:
    return _("Nothing on record: {camera} {time}, {cause}").format(
        camera=gap.camera,
        time=_span(box, gap.start, gap.end),
        cause=gap_cause(gap.cause),
    )


def _again(clip: Clip, clips: list[Clip]) -> bool:
    """Does another recording of the camera lie over it? `export` has to be told then which is meant."""
    return any(
        one.run != clip.run and one.camera == clip.camera and one.start < clip.end and clip.start < one.end
        for one in clips
    )


def _tell_places(box: Box, found: list[Place], before: list[BadCheck]) -> None:
    names = names_of(box.settings)
    for place in found:
        stay = place.stay
        typer.echo(f"{_(PLACES[stay.kind])} {stay.name}".rstrip() + f"  {_span(box, stay.start, place.end)}")
        if not stay.cameras:
            typer.echo(f"  {_(BLIND[stay.kind])}")
        for clip in place.clips:
            camera = f"{clip.camera} {names.get(clip.camera, '')}".strip()
            filled = f"  {_('filled later')}" if clip.filled else ""
            filled += f" {_('(from the camera card)')}" if clip.origin == "card" else ""
            again = f"  --run {clip.run}" if _again(clip, place.clips) else ""
            typer.echo(f"  {camera}  {_span(box, clip.start, clip.end)}  {size(clip.bytes)}{filled}{again}")
            for line in words_of(box, clip, before):
                typer.echo(f"    {line}")
        for gap in place.gaps:
            typer.echo(f"  {_lost(box, gap)}")
        for alarm in place.alarms:
            camera, what = names.get(alarm.camera, alarm.camera), _(ALARMS[alarm.kind])
            typer.echo(f"  {camera}  {_span(box, alarm.start, alarm.end or box.now())}  {what}")
    for line in other_words(box, [clip for place in found for clip in place.clips], before):
        typer.echo(line)
    gaps = len(together(gap for place in found for gap in place.gaps))
    blind = sum(not place.stay.cameras for place in found)
    if gaps:
        tell(_("Gaps in the recordings: {count}.").format(count=gaps))
    elif blind < len(found):
        tell(_("No gap in what the cameras recorded."))
    if blind:
        tell(_("Places without a camera: {count}.").format(count=blind))
    if before:
        tell(
            _("Earlier checks found what was not as recorded; what is there now was not read for this list.")
        )
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
        subject = box.db.read_now(_only, box, candidate)
        wanted = box.db.read_now(stays, box, subject)
    elif seat and start and end:
        local = _moment(box, start), _moment(box, end)
        subject, wanted = seat, box.db.read_now(_seat_stay, box, seat, *local)
    else:
        raise _nothing_named()
    found = asyncio.run(_ask_all(box, wanted))
    before = box.db.read_now(earlier, box, subject, wanted, [], [])
    box.db.stop()
    if not json:
        return _tell_places(box, found, before)
    places = [
        {"kind": one.stay.kind, "name": one.stay.name, "start": one.stay.start, "end": one.end}
        | {"cameras": one.stay.cameras}
        for one in found
    ]
    clips = [(one, _again(one, place.clips)) for place in found for one in place.clips]
    show(
        {
            "clips": [_contract(clip, again) | json_over(clip, before) for clip, again in clips],
            "gaps": [_contract(gap) for gap in together(gap for one in found for gap in one.gaps)],
            "alarms": [alarm for one in found for alarm in one.alarms],
            "places": places,
            "found_before": [json_of(one) for one in before],
        }
    )


def _contract(one: Clip | Gap, again: bool = False) -> dict[str, Any]:
    """The keys scripts build on; `filled` and `origin` only where it is so, `run` where `export` has to be told."""
    told: dict[str, Any] = msgspec.structs.asdict(one)
    left = (set() if told["filled"] else {"filled", "origin"}) | (set() if again else {"run"})
    return {key: value for key, value in told.items() if key not in left}


def _moment(box: Box, at: datetime) -> datetime:
    return at.replace(tzinfo=box.zone)


def _require_new(file: Path) -> None:
    """Before anything is asked for: can it be made, and is it not there yet?"""
    try:
        open(file, "xb").close()
        file.unlink()
    except FileExistsError as error:
        words = N_("{path} is there already."), N_("Give another name.")
        raise Refused("file_exists", *words, path=str(file)) from error
    except OSError as error:
        words = N_("The file cannot be written: {detail}."), N_("Check the name.")
        raise Corrupt("file_unwritable", *words, detail=error.strerror or str(error)) from error


@app.command()
def export(
    file: Path = typer.Argument(..., help="The MP4 to be written."),
    camera: str = typer.Option(..., "--camera", help="Code of the camera, e.g. C1."),
    start: datetime = typer.Option(..., "--from", formats=TIMES, help="Local, e.g. 2026-11-21T09:00:00."),
    end: datetime = typer.Option(..., "--to", formats=TIMES, help="Local, as --from."),
    copy: bool = typer.Option(False, "--copy", help="A copy with the time in the picture, encoded anew."),
    run: str = typer.Option(
        "", "--run", help="Of this connection alone, as find names it: the clock was set back."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Take a recording away: the original with its signed proof, or a copy to look at. Journaled."""
    _require_new(file)
    box = Box.open(load())
    box.db.start()
    try:
        first, last = _moment(box, start), _moment(box, end)
        asked: GetClip | GetCopy = GetClip(camera=camera, start=first, end=last, run=run, proof=True)
        if copy:
            asked = GetCopy(camera=camera, start=first, end=last, run=run)
        found = asyncio.run(export_to(box, asked, person(), file, _progress()))
    finally:
        box.db.stop()
    if json:
        show(found)
    else:
        typer.echo(f"{file}  {_span(box, found.start, found.end)}  {size(found.bytes)}")
        if found.lost:
            words = _("Pictures of the original that could not be decoded and are not in the copy: {count}")
            tell(words.format(count=found.lost))
        _tell_broken(found.broken)
        if found.interrupted:
            tell(_("Not all that was asked for: the recording is interrupted."))
            for since, until in ((first, found.start), (found.end, last)):
                if until - since > SHORT:
                    asyncio.run(_tell_rest(box, FindClips(cameras=[camera], start=since, end=until)))
    if found.broken or found.interrupted:
        raise typer.Exit(1)


async def _tell_rest(box: Box, rest: FindClips) -> None:
    """Why an export begins late or ended before it was to, and what else there is of that time."""
    try:
        seen = await ask(box.settings.socket("clips"), rest, Found)
    except ExamError as error:
        tell(error.text())  # the film is there
        return
    for gap in seen.gaps:
        typer.echo(_lost(box, gap))
    for clip in seen.clips:
        if clip.end - clip.start > SHORT:
            typer.echo(_("On record, not in this file: {time}").format(time=_span(box, clip.start, clip.end)))


def _tell_broken(names: list[str]) -> None:
    for name in names:
        typer.echo(_("No longer as recorded: {name}").format(name=name))


@app.command()
def package(
    file: Path = typer.Argument(..., help="The ZIP to be written."),
    candidate: str = typer.Option("", "--candidate", help="As with find."),
    seat: str = typer.Option("", "--seat", help="Seat, e.g. T1-07; with --from and --to."),
    case: str = typer.Option("", "--case", help="Id of a case or a violation."),
    start: datetime = typer.Option(None, "--from", formats=TIMES, help="Local; without it all of the visit."),
    end: datetime = typer.Option(None, "--to", formats=TIMES, help="Local, as --from."),
    copies: bool = typer.Option(False, "--copies", help="With copies that show the time."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Make an evidence package: recordings, stills, records and a signed list of it all. Journaled."""
    if (start is None) != (end is None):
        raise Corrupt("half_a_span", N_("Name both --from and --to, or neither."))
    _require_new(file)
    box = Box.open(load())
    box.db.start()
    try:
        times = (_moment(box, start), _moment(box, end)) if start and end else None
        seen = box.db.read_now(_matter, box, candidate, seat, case, times)
        times = times or package_times(box, seen)
        cameras = sorted({code for one in seen.visits for stay in one.stays for code in stay.cameras})
        wanted = Wanted(cameras=cameras, start=times[0], end=times[1], copies=copies)
        made = asyncio.run(_making(box, seen, wanted, file))
    finally:
        box.db.stop()
    if json:
        show(made)
    else:
        typer.echo(f"{file}  {_span(box, *times)}  {size(made.bytes)}")
        tell(_("Gaps in the recordings: {count}.").format(count=made.gaps))
        for one in made.left_out:
            words = _("Could not be had when it was made: {path} ({code})")
            typer.echo(words.format(path=one.path, code=wrong(one.code)))
        _tell_broken([f"{wrong(one.code)} {one.source}" for one in made.broken])
    if made.left_out or made.broken:
        raise typer.Exit(1)


def _progress() -> Callable[[int, int], None]:
    """Tells every tenth."""
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if total and done * 10 // total > told:
            told = done * 10 // total
            tell(f"{told * 10} %")

    return progress


async def _making(box: Box, seen: Seen, wanted: Wanted, file: Path) -> Made:
    try:
        return await make_package(box, seen, wanted, ACTOR, person(), file, _progress())
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _matter(
    session: Session,
    box: Box,
    candidate: str,
    seat: str,
    case: str,
    times: tuple[datetime, datetime] | None,
) -> Seen:
    if candidate:
        return of_candidate(session, box, _only(session, box, candidate))
    if case:
        return of_case(session, box, case)
    if seat and times:
        return of_seat(session, box, seat, *times)
    raise _nothing_named()


def _nothing_named() -> Corrupt:
    words = N_("Name a candidate, or a seat with its times."), N_("See examsite recordings find --help.")
    return Corrupt("nothing_named", *words)


app.command("screen-codes")(screen_codes)
app.command("fill")(fill)
for _point in entry_points(group="examsite.recordings"):
    app.command(_point.name)(_point.load())
