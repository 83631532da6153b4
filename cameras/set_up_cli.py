"""examsite cameras list, add, set, password, remove, clock: exam-recorder keeps the cameras and is asked to."""

import asyncio
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

import msgspec
import typer

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import ExamError, NotFound
from appliance.base.i18n import N_, _
from appliance.base.settings import Settings, load
from appliance.base.sockets import ask
from appliance.base.terminal import person
from appliance.wire.cameras import CLOCK_OFF, RemoveCamera, RoomCoverage, SaveCamera, Saved, TellDone, worded
from cameras.address import compared
from cameras.prompts import ask_password, yes_or_no

Place = Literal["", "front", "back"]
PLACES = {"": "–", "front": N_("front"), "back": N_("back")}


Record = Literal["always", "sittings", "open"]
ROOM = typer.Option(None, "--room", help="Code of the room it looks at.")
SEATS = typer.Option(None, "--seats", help="Seats it sees: all, or numbers such as 1-30,45.")
PLACE = typer.Option(None, "--place", help="front or back, in a theory room.")
USER = typer.Option(None, "--user", help="The camera's account; of a new one admin.")
PROFILE = typer.Option(None, "--profile", help="Profile token; empty: the one with most pixels.")
RECORD = typer.Option(None, "--record", help="always, sittings (around each of its room) or open.")
BEFORE = typer.Option(None, "--before", min=0, max=240, help="Minutes recorded before a sitting.")
AFTER = typer.Option(None, "--after", min=0, max=240, help="Minutes recorded after it.")
SCREEN = typer.Option(None, "--screen", help="Screen in its view that shows the code: waiting, or a panel's.")
SECOND = typer.Option(None, "--second", help="Stream of the live view: profile token or rtsp:// address.")


def read_password(path: Path) -> str:
    """A file that holds a password and nothing else. Raises NotFound."""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(path)
        ) from error


def list_cameras(json: bool = typer.Option(False, "--json")) -> None:
    """The cameras of this site and where they are kept."""
    from cameras import tell

    settings = load()
    filed = {one.code for one in settings.cameras} - {one.code for one in own(settings)}
    if json:
        tell.document(
            {
                "cameras": [
                    {
                        "camera": one.code,
                        "name": one.name,
                        "address": one.address,
                        "user": one.user,
                        "room": one.room,
                        "seats": one.seats,
                        "place": one.place,
                        "marks": len(one.marks),
                        "record": one.record,
                        "password": _kept(one),
                    }
                    for one in settings.cameras
                ]
            }
        )
        return
    rows = [
        (
            *(one.code, one.name, one.address, one.room or "–", one.seats),
            *(_(PLACES[one.place]), one.plan(), _(PASSWORDS[_kept(one)])),
            "cameras.toml" if one.code in filed or one.password_sealed else "examsite.toml",
        )
        for one in settings.cameras
    ]
    for line in tell.table(rows) if rows else []:
        typer.echo(line)
    typer.echo(_("{count} cameras.").format(count=len(rows)), err=True)


PASSWORDS = {
    "sealed": N_("password encrypted"),
    "file": N_("password in a file"),
    "none": N_("no password"),
}


def _kept(camera: CameraSettings) -> str:
    return "sealed" if camera.password_sealed else "file" if camera.password_file else "none"


def own(settings: Settings) -> list[CameraSettings]:
    """Those examsite.toml names."""
    found: list[CameraSettings] = getattr(settings.cameras, "own", settings.cameras)
    return found


def add(
    host: str = typer.Argument(..., help="HOST[:PORT] of the camera's ONVIF service, or rtsp:// address."),
    code: str = typer.Option(..., "--code", help="Short code, for ever: recordings are kept by it."),
    name: str = typer.Option(..., "--name", help="Name shown to staff."),
    room: str = ROOM,
    seats: str = SEATS,
    place: Place = PLACE,
    user: str = USER,
    password_file: Path = typer.Option(None, "--password-file", help="A file with the password only."),
    profile: str = PROFILE,
    record: Record = RECORD,
    before: int = BEFORE,
    after: int = AFTER,
    screen: str = SCREEN,
    second: str = SECOND,
) -> None:
    """Keep a camera, or change one; its password is kept encrypted, and recording begins at once.

    What is not named stays as it is.
    """
    password = read_password(password_file) if password_file else None
    settings = load()
    known = next((one for one in settings.cameras if one.code == code), None)
    _require_room(settings, room)
    camera = changed(
        known or CameraSettings(code=code, name=name, address=host),
        name=name,
        address=host,
        room=room,
        seats=seats,
        place=place,
        user=user,
        profile=profile,
        record=record,
        before_min=before,
        after_min=after,
        screen=screen,
        second=second,
    )
    save(settings, camera, password)
    if known is None or compared(known.address) != compared(host):
        _tell(_("Nobody has looked at it yet: examsite cameras check --camera {camera}.").format(camera=code))


def change(
    camera: str = typer.Argument(..., help="Code of the camera."),
    name: str = typer.Option(None, "--name", help="Name shown to staff."),
    room: str = ROOM,
    seats: str = SEATS,
    place: Place = PLACE,
    user: str = USER,
    profile: str = PROFILE,
    record: Record = RECORD,
    before: int = BEFORE,
    after: int = AFTER,
    screen: str = SCREEN,
    second: str = SECOND,
) -> None:
    """Change a camera that is kept. What is not named stays as it is."""
    settings = load()
    _require_room(settings, room)
    known = _known(settings, camera)
    made = changed(
        known,
        name=name,
        room=room,
        seats=seats,
        place=place,
        user=user,
        profile=profile,
        record=record,
        before_min=before,
        after_min=after,
        screen=screen,
        second=second,
    )
    save(settings, made, None)


def changed(camera: CameraSettings, **fields: str | int | None) -> CameraSettings:
    """The camera with those fields that were named."""
    named = {name: value for name, value in fields.items() if value is not None}
    return msgspec.structs.replace(camera, **named)


def password(
    camera: str = typer.Argument(..., help="Code of the camera."),
    password_file: Path = typer.Option(None, "--password-file", help="A file with the password only."),
    take_in: bool = typer.Option(
        False, "--take-in", help="Take in the file that examsite.toml names for it; delete that file then."
    ),
) -> None:
    """Set a camera's password, kept encrypted; without a file it is asked for."""
    settings = load()
    known = _known(settings, camera)
    if take_in:
        password_file = Path(known.password_file)
    secret = read_password(password_file) if password_file else ask_password()
    save(settings, known, secret)


def remove(
    camera: str = typer.Argument(..., help="Code of the camera."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Record a camera no more. Its recordings stay; its password and its marks are forgotten."""
    known = _known(load(), camera)
    question = _(
        "Remove camera {camera} ({name})? Its recordings stay; its password and marks are forgotten."
    )
    if not yes and not yes_or_no(question.format(camera=known.code, name=known.name), default=False):
        raise typer.Exit(1)
    asyncio.run(ask(load().socket("recorder"), RemoveCamera(camera=camera, by=person()), Saved))
    _tell(_("Camera {camera} is recorded no more; its recordings stay.").format(camera=camera))


def clock(
    camera: str = typer.Argument(..., help="Code of the camera."),
) -> None:
    """Set a camera's clock to this box's; exit status 1 when it is still off."""
    from cameras.camera_password import password_of
    from cameras.checks import clock_told
    from cameras.onvif import OnvifCamera

    settings = load()
    known = _known(settings, camera)
    offset = OnvifCamera(known.address, known.user, password_of(known, settings)).set_clock()
    tell_done(settings, "clock_set", [camera])
    _tell(worded(clock_told(offset)))
    if abs(offset) > CLOCK_OFF:
        raise typer.Exit(1)


def free_code(settings: Settings) -> str:
    """The next code nobody has."""
    taken = {one.code for one in settings.cameras}
    return next(code for code in (f"C{number}" for number in range(1, 1000)) if code not in taken)


def save(settings: Settings, camera: CameraSettings, secret: str | None, new: bool = False) -> None:
    """Tell exam-recorder."""
    order = SaveCamera(camera=camera, password=secret, by=person(), new=new)
    asyncio.run(ask(settings.socket("recorder"), order, Saved))
    _tell(_("Camera {camera} is saved.").format(camera=camera.code) + " " + camera.plan())


def tell_done(settings: Settings, kind: Literal["reference_taken", "clock_set"], cameras: list[str]) -> None:
    """Tell exam-recorder for the journal. Its silence is said: what was done stands."""
    try:
        asyncio.run(
            ask(settings.socket("recorder"), TellDone(kind=kind, cameras=cameras, by=person()), Saved)
        )
    except ExamError:
        _tell(_("The recorder is silent: the journal does not know of this."))


def rooms_seen(settings: Settings) -> list[RoomCoverage]:
    """What the cameras see, as the appliance knows: rooms and seats are in its database."""
    found: list[RoomCoverage] = []
    for point in entry_points(group="examsite.coverage"):
        found += point.load()(settings)
    return found


def _require_room(settings: Settings, room: str | None) -> None:
    """Raises NotFound for a room this site does not have; where none can be known, any goes."""
    known = [one.room for one in rooms_seen(settings) if one.room] if room else []
    if known and room not in known:
        raise NotFound(
            "no_such_room",
            N_("There is no room {room}."),
            N_("Known are: {known}."),
            room=room,
            known=", ".join(known),
        )


def _known(settings: Settings, code: str) -> CameraSettings:
    for one in settings.cameras:
        if one.code == code:
            return one
    raise NotFound(
        "no_such_camera",
        N_("There is no camera {camera}."),
        N_("Known are: {known}."),
        camera=code,
        known=", ".join(one.code for one in settings.cameras),
    )


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def mount(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command(name="list")(list_cameras)
    app.command(name="set")(change)
    for command in (add, password, remove, clock):
        app.command()(command)
