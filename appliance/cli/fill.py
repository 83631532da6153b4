"""examsite recordings fill: gaps of a camera filled out of a film brought by somebody, or out of the camera's own card
(ONVIF Profile G); exam-recorder does the asking and the writing.
"""

import asyncio
import errno
import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import typer

from appliance.base.errors import Corrupt, ExamError, NotFound, Unavailable
from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.base.settings import Settings, load
from appliance.base.sockets import ask
from appliance.base.terminal import person
from appliance.cli.run import show, tell
from appliance.wire.fill import INCOMING, CardFilled, Filled, FillFromCard, FillGaps, Stretch

TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]
NAMED = re.compile(r"(?<!\d)(20\d{6})[-_T ]?(\d{6})(?!\d)")
"""Cameras and recorders name their files by the local time of the first picture."""
PATIENCE = 3600.0
"""Seconds the command waits; the recorder takes as long as the film and the camera do."""
LONG = "takes_long"
Made = TypeVar("Made", Filled, CardFilled)
STILL_MISSING = timedelta(seconds=5)
"""A stretch begins at a key frame: so much may stay missing at its ends."""


def begins(name: str) -> datetime | None:
    """The local time a file's name tells, None when it tells none."""
    found = NAMED.search(name)
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S") if found else None
    except ValueError:
        return None


def _lay(film: Path, folder: Path) -> Path:
    """A copy where the recorder can read it."""
    there = folder / f"{new_id()}{film.suffix}"
    try:
        folder.mkdir(exist_ok=True)
        if shutil.disk_usage(folder).free < 2 * film.stat().st_size:
            raise OSError(
                errno.ENOSPC, os.strerror(errno.ENOSPC)
            )  # copy and stretches must not stop the cameras
        shutil.copyfile(film, there)
        if os.geteuid() == 0:
            owner = folder.parent.stat()
            for path in (folder, there):
                os.chown(path, owner.st_uid, owner.st_gid)
    except OSError as error:
        there.unlink(missing_ok=True)
        if not film.is_file() or not os.access(film, os.R_OK):
            raise NotFound(
                "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(film)
            ) from error
        raise Unavailable(
            "media_unusable",
            N_("The recordings' folder {folder} cannot be used: {detail}"),
            N_("Exams go on. The system administrator looks at the recording disk."),
            folder=str(folder),
            detail=error.strerror or str(error),
        ) from error
    return there


def fill(
    camera: str = typer.Option(..., "--camera", help="Code of the camera the film is of."),
    film: Path = typer.Option(None, "--from", help="The film, as it was copied from the card."),
    from_camera: bool = typer.Option(
        False, "--from-camera", help="Ask the camera itself for what its card holds (ONVIF Profile G)."
    ),
    start: datetime = typer.Option(
        None,
        "--start",
        formats=TIMES,
        help="Local time of its first picture, e.g. 2026-11-21T09:00:00; default: what its name says.",
    ),
    since: datetime = typer.Option(
        None, "--since", formats=TIMES, help="With --from-camera: local time; default: seven days ago."
    ),
    until: datetime = typer.Option(
        None, "--until", formats=TIMES, help="With --from-camera: local time; default: now."
    ),
    recording: str = typer.Option(
        "", "--recording", help="With --from-camera: token on its card, where it holds several sources."
    ),
    clock_offset: float = typer.Option(
        None,
        "--clock-offset",
        help="With --from-camera: seconds its clock was ahead then; default: what it is ahead now.",
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Fill gaps of a camera's recording out of a film from its card or another recorder, or have the camera itself send
    what its card holds; exit status 1 when something is still missing in its time.
    """
    settings = load()
    if from_camera == (film is not None):
        raise Corrupt(
            "nothing_named",
            N_("Name either --from FILE or --from-camera."),
            N_("See examsite recordings fill --help."),
        )
    made: Filled | CardFilled
    if from_camera:
        zone = ZoneInfo(settings.site.timezone)
        order = FillFromCard(
            camera=camera,
            start=since.replace(tzinfo=zone) if since else None,
            end=until.replace(tzinfo=zone) if until else None,
            recording=recording,
            clock_offset=clock_offset,
            by=person(),
        )
        made = _from_card(settings, zone, order, json)
    else:
        made = _from_film(settings, camera, film, start, json)
    if made.missing_s - _seconds(made.filled) > STILL_MISSING.total_seconds():
        raise typer.Exit(1)


def _from_film(settings: Settings, camera: str, film: Path, start: datetime | None, json: bool) -> Filled:
    told = start or begins(film.name)
    if told is None:
        raise Corrupt(
            "no_film_start",
            N_("The name of {file} does not say when it begins."),
            N_("Name the time of its first picture with --start."),
            file=film.name,
        )
    zone = ZoneInfo(settings.site.timezone)
    laid = _lay(film, Path(settings.recorder.media) / INCOMING)
    order = FillGaps(
        camera=camera,
        file=laid.name,
        source=film.name,
        start=told.replace(tzinfo=zone),
        by=person(),
    )
    try:
        made = _asked(settings, order, Filled)
    except ExamError as error:
        if error.code != LONG:  # else the recorder takes it away, when it has read it
            laid.unlink(missing_ok=True)
        raise
    if json:
        show(made)
    elif made.missing_s:
        _tell(zone, made)
    else:
        ends = (made.film_start.astimezone(zone), made.film_end.astimezone(zone))
        first_at, last_at = (f"{one:%Y-%m-%d %H:%M:%S}" for one in ends)
        tell(_("Nothing was missing between {start} and {end}.").format(start=first_at, end=last_at))
    return made


def _asked(settings: Settings, order: FillFromCard | FillGaps, answer: type[Made]) -> Made:
    """The recorder's answer. One that takes longer than anybody waits is no fault: the recorder goes on by itself."""

    async def waited() -> Made:
        async with asyncio.timeout(PATIENCE):
            return await ask(settings.socket("recorder"), order, answer, 2 * PATIENCE)

    try:
        return asyncio.run(waited())
    except TimeoutError:
        raise Unavailable(
            LONG,
            N_(
                "This takes long. exam-recorder goes on by itself: do not restart it. What was filled then stands in"
                " the journal and on the time line."
            ),
        ) from None


def _from_card(settings: Settings, zone: ZoneInfo, order: FillFromCard, json: bool) -> CardFilled:
    made = _asked(settings, order, CardFilled)
    if json:
        show(made)
        return made
    if not made.missing_s:
        tell(_("Nothing was missing."))
        return made
    _tell(zone, made)
    if not made.recordings:
        tell(_("The camera's card holds nothing of that time."))
    if made.cut_short:
        tell(_("The camera stopped sending before the end. Try again later."))
    if made.doubtful_s:
        tell(
            _(
                "{seconds} s were not asked for: since then the clock, the room, the address or the camera itself has"
                " changed. If this camera was there, name the time with --since, what its clock was ahead with"
                " --clock-offset."
            ).format(seconds=round(made.doubtful_s, 1))
        )
    if made.filled:
        tell(
            _("The camera's clock was taken to be {seconds} s ahead.").format(
                seconds=f"{made.clock_offset_s:+.1f}"
            )
        )
    return made


def _seconds(filled: list[Stretch]) -> float:
    return sum((one.end - one.start).total_seconds() for one in filled)


def _tell(zone: ZoneInfo, made: Filled | CardFilled) -> None:
    """What was filled, and how much of what was missing."""
    for one in made.filled:
        first, last = one.start.astimezone(zone), one.end.astimezone(zone)
        typer.echo(_("Filled: {time}").format(time=f"{first:%Y-%m-%d %H:%M:%S} – {last:%H:%M:%S}"))
    tell(
        _(
            "{filled} s of {missing} s that were missing are filled. They are marked as filled, the gap stays"
            " on record."
        ).format(filled=round(_seconds(made.filled), 1), missing=made.missing_s)
    )
