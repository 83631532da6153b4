"""examsite cameras set-up: cameras are set up one after the other, by questions at the terminal."""

import asyncio
from typing import cast

import msgspec
import typer

from appliance.base.camera_settings import SEATS, CameraSettings
from appliance.base.errors import ExamError, Refused
from appliance.base.i18n import N_, _
from appliance.base.settings import Settings, load
from appliance.wire.cameras import CLOCK_OFF, worded
from cameras.address import compared, normal
from cameras.probe import Probe
from cameras.prompts import ask_password, one_that_fits, yes_or_no
from cameras.set_up_cli import PLACES, Place, Record, free_code, rooms_seen, save

TRIES = 3
"""Of a password: many cameras lock themselves after five."""
PLANS = {
    "always": N_("day and night"),
    "sittings": N_("around each sitting of its room"),
    "open": N_("while its room is open: from the day's first admission to the end of the last sitting"),
}
STEPS = {
    "clock": N_("asking for its time"),
    "device": N_("asking what it is"),
    "profiles": N_("asking for its streams"),
    "stream": N_("watching its picture"),
    "password": N_("checking its password"),
}


def set_up(
    host: list[str] = typer.Option([], "--host", help="Ask this address directly as well; repeatable."),
    seconds: float = typer.Option(3.0, "--seconds", min=0.1, max=60, help="How long to look for cameras."),
) -> None:
    """Set cameras up one after the other: find, sign in, check, name, keep. Ctrl-C ends it; what was kept stays."""
    from cameras import tell

    _tell(_("Ctrl-C ends this at any question; what was kept stays."))
    while True:
        settings = load()
        chosen = _choose(settings, host, seconds)
        if not chosen:
            continue
        try:
            _set_up_one(settings, chosen)
        except ExamError as error:
            _tell(tell.said(error))
        if not yes_or_no(_("Another camera?"), default=True):
            return


def _choose(settings: Settings, host: list[str], seconds: float) -> str:
    """Find cameras; the address of the one that is chosen, empty: find them once more."""
    from cameras import discovery

    _tell(_("Looking for cameras …"))
    found = asyncio.run(discovery.find_all(seconds, host)).cameras
    known = {compared(one.address): one.code for one in settings.cameras}
    for number, one in enumerate(found, 1):
        mark = known.get(compared(one.address), "")
        typer.echo(f"{number:3}  {one.address}  {one.name} {one.hardware}  {mark}".rstrip())
    if not found:
        _tell(_("No camera answered. Type its address."))
    numbers = {str(number): one.address for number, one in enumerate(found, 1)}
    chosen = one_that_fits(
        _("Number or address; nothing: look once more"),
        "",
        lambda answer: not answer.isdigit() or answer in numbers,
        _("No camera of this number was found."),
    )
    return numbers.get(chosen, chosen)


def _set_up_one(settings: Settings, address: str) -> None:
    from cameras import tell
    from cameras.checks import clock_told
    from cameras.onvif import OnvifCamera

    user, secret, found = _sign_in(address)
    tell.probed(found)
    off = found.clock_offset_s is not None and abs(found.clock_offset_s) > CLOCK_OFF
    failed = {one.code for one in found.checks if one.ok is False}
    if off and yes_or_no(_("Set the camera's clock to this box's?"), default=True):
        offset = OnvifCamera(address, user, secret).set_clock()
        _tell(worded(clock_told(offset)))
        failed -= {"clock"} if abs(offset) <= CLOCK_OFF else set()
    if failed and not yes_or_no(_("Not every check holds. Keep it all the same?"), default=False):
        _tell(_("It is not saved."))
        return
    address = normal(address)
    known = next((one for one in settings.cameras if compared(one.address) == address), None)
    if known:
        told = _("This is camera {camera} ({name}), which is set up already: saving changes it.")
        _tell(told.format(camera=known.code, name=known.name))
    save(settings, _asked(settings, address, user, known), secret, new=known is None)


def _sign_in(address: str) -> tuple[str, str, Probe]:
    """User, password, and what was found. Raises what the camera answers when the password is refused again."""
    from cameras import tell
    from cameras.probe import probe_and_see

    user = "admin"
    for left in range(TRIES - 1, -1, -1):
        user = typer.prompt(_("User"), default=user, err=True)
        secret = ask_password()
        try:
            found, _look = probe_and_see(
                address, user, secret, tell=lambda step: _tell(f"  … {_(STEPS[step])}")
            )
            return user, secret, found
        except Refused as error:
            if error.code not in ("camera_password", "camera_password_or_clock") or not left:
                raise
            _tell(tell.said(error))
            _tell(_("Type it again, from its label or list: {left} more tries here.").format(left=left))
    raise AssertionError("unreachable")


def _asked(settings: Settings, address: str, user: str, known: CameraSettings | None) -> CameraSettings:
    """What it is called and where it looks; what does not fit is asked again."""
    code = typer.prompt(_("Code"), default=known.code if known else free_code(settings), err=True)
    name = typer.prompt(_("Name shown to staff"), default=known.name if known else None, err=True)
    before = known or CameraSettings(code=code, name=name, address=address)
    rooms = {one.room: one.name for one in rooms_seen(settings) if one.room}
    for room, called in rooms.items():
        typer.echo(f"  {room}  {called}")
    room = one_that_fits(
        _("Code of its room; nothing: none"),
        before.room,
        lambda answer: not rooms or answer in ("", *rooms),
        _("There is no such room. Add it with examsite room add, or choose one of the list."),
    )
    seats = one_that_fits(
        _("Seats it sees"),
        before.seats,
        lambda answer: answer == "all" or bool(SEATS.fullmatch(answer)),
        _("Write all, or numbers and ranges such as 1-30,45."),
    )
    place = one_that_fits(
        _("Place (front, back, or empty)"),
        before.place,
        lambda answer: answer in PLACES,
        _("Write front, back or nothing."),
    )
    record = "always"
    if room:
        for plan, said in PLANS.items():
            typer.echo(f"  {plan}  {_(said)}")
        record = one_that_fits(
            _("When it records"),
            before.record,
            lambda answer: answer in PLANS,
            _("Write always, sittings or open."),
        )
    return msgspec.structs.replace(
        before,
        code=code,
        name=name,
        user=user,
        room=room,
        seats=seats,
        place=cast(Place, place),
        record=cast(Record, record),
    )


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def mount(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command(name="set-up")(set_up)
