"""Look at one camera by every means: ONVIF answers, the stream measured, its pictures decoded and compared."""

import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from appliance.base.errors import DeviceFault, ExamError, Refused
from appliance.base.i18n import N_
from appliance.wire.cameras import Step
from cameras import checks, picture, rtsp_ask
from cameras.checks import Check, of_error, sentence
from cameras.measure import Look, Measured, look
from cameras.media2 import Profile
from cameras.onvif import CLOCK_FAULTS, Device, OnvifCamera
from cameras.onvif_plain import PlainCamera
from cameras.picture import Grey

DEADLINE = 90.0
"""Seconds after which a camera that answers ever so slowly is given up."""
TRIES = 3
"""Factory passwords tried in one run: cameras lock themselves after five wrong ones or so."""
EVENTS_HELD = 30.0
"""Seconds of the subscription that is only tried."""
NEED_ONVIF = ("clock", "services", "events", "claimed_resolution")
"""What only ONVIF answers."""
Result = TypeVar("Result")


class Probe(msgspec.Struct, kw_only=True):
    """The JSON of `cameras probe`."""

    device: Device
    clock_offset_s: float | None
    profiles: list[Profile]
    measured: Measured | None
    checks: list[Check]

    @property
    def ok(self) -> bool:
        """Nothing that was checked fails."""
        return all(check.ok is not False for check in self.checks)


class Seen(msgspec.Struct, kw_only=True):
    """What a stream showed; `fault` when it did not come."""

    look: Look | None = None
    fault: ExamError | None = None


def within(seconds: float, work: Callable[[], Result], address: str) -> Result:
    """Run `work` in a thread of its own, in the current language; DeviceFault when it takes longer.

    Every question has a timeout of its own; this is for cameras that answer each of them just in time.
    """
    found: list[Result] = []
    failed: list[BaseException] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            found.append(context.run(work))
        except BaseException as error:  # handed on to the caller
            failed.append(error)

    thread = threading.Thread(target=run, name=f"probe-{address}", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise DeviceFault(
            "camera_slow",
            N_("The camera {address} did not finish answering in {seconds} s."),
            N_("Restart the camera; check its cable and the network."),
            address=address,
            seconds=round(seconds),
        )
    return found[0]


def probe(
    address: str,
    user: str,
    password: str,
    profile: str = "",
    reference: Callable[[], Grey | None] | None = None,
    try_factory: bool = False,
) -> Probe:
    """`probe_and_see` without the picture."""
    return probe_and_see(address, user, password, profile, reference, try_factory)[0]


def probe_and_see(
    address: str,
    user: str,
    password: str,
    profile: str = "",
    reference: Callable[[], Grey | None] | None = None,
    try_factory: bool = False,
    tell: Callable[[Step], None] = lambda _step: None,
) -> tuple[Probe, Look | None]:
    """Ask and measure one camera; what its stream showed. Raises when it does not answer or refuses the password.

    `profile`: token of the stream that is recorded; empty = the one with most pixels. `reference`: gives the still it
    is held against (None: none was taken); without it the picture is not compared. `tell`: called with each step.
    """
    return within(
        DEADLINE, lambda: _probe(address, user, password, profile, reference, try_factory, tell), address
    )


def _probe(
    address: str,
    user: str,
    password: str,
    wanted: str,
    reference: Callable[[], Grey | None] | None,
    try_factory: bool,
    tell: Callable[[Step], None],
) -> tuple[Probe, Look | None]:
    tell("clock")
    camera = OnvifCamera(address, user, password)
    offset: float | None = None
    try:
        offset = camera.read_clock()
    except DeviceFault as error:
        if error.code not in CLOCK_FAULTS:
            raise
    tell("device")
    device = camera.device()
    tell("profiles")
    profiles = camera.profiles()
    best = camera.chosen(profiles, wanted)
    found = [checks.of_clock(offset), checks.of_answers(camera.services(), camera.media)]
    if wanted and best.token != wanted:
        detail = sentence(N_("The camera has no profile {profile}."), profile=wanted)
        found.append(Check(code="profile", ok=False, detail=detail))
    found += [events_heard(camera.address, user, password), checks.of_claim(best)]
    tell("stream")
    seen = watch(best.uri, user, password)
    found += of_seen(seen, best, reference)
    tell("password")
    found += checks.of_password(user, password, _opens(camera, best.uri))
    if try_factory:
        found.append(factory_tried(camera, password))
    made = Probe(
        device=device,
        clock_offset_s=None if offset is None else round(offset, 1),
        profiles=profiles,
        measured=seen.look.measured if seen.look else None,
        checks=found,
    )
    return made, seen.look


def events_heard(address: str, user: str, password: str) -> Check:
    """Does it let somebody listen to its events? One subscription, given back."""
    camera = PlainCamera(address, user, password)
    try:
        found = camera.subscribe(EVENTS_HELD)
    except ExamError as error:
        return checks.of_fault("events", error)
    if found is None:
        return Check(code="events", ok=None, detail=sentence(N_("The camera offers no events.")))
    with contextlib.suppress(ExamError):
        camera.unsubscribe(found)
    return Check(code="events", ok=True, detail=sentence(N_("Its events can be heard.")))


def watch(uri: str, user: str, password: str) -> Seen:
    """`look`, with what went wrong as a finding."""
    try:
        return Seen(look=look(uri, user, password))
    except ExamError as error:
        return Seen(fault=error)


def of_seen(seen: Seen, profile: Profile | None, reference: Callable[[], Grey | None] | None) -> list[Check]:
    """The checks of a stream and its pictures."""
    if seen.look is None:
        return [checks.of_fault("stream", seen.fault)] if seen.fault else []
    found = checks.of_stream(seen.look.measured, profile)
    kept: Grey | None = None
    missing = sentence(
        N_("There is no reference still: take it on the camera's page, or with examsite cameras reference.")
    )
    newest = seen.look.first if seen.look.last is None else seen.look.last
    if reference:
        try:
            kept = reference()
        except ExamError as error:
            found.append(checks.of_fault("reference", error))
            missing = of_error(error)[:1]
    frozen: bool | None = None
    if seen.look.last is not None:
        frozen = picture.frozen(seen.look.first, seen.look.last, seen.look.idle)
    told = checks.of_picture(
        picture.black(newest), frozen, None if kept is None else picture.compare(newest, kept), missing
    )
    return found + (told if reference else told[:2])


def _opens(camera: OnvifCamera, uri: str) -> bool | None:
    """Does it show its stream, or tell its profiles, to somebody without a password? Nothing wrong is tried."""
    try:
        return rtsp_ask.opens(uri) or camera.answers_anybody()
    except (ExamError, OSError):
        return None


def factory_tried(camera: OnvifCamera, password: str) -> Check:
    """Try factory passwords for the configured user: each once, a few only, the right one between them.

    A right password puts a camera's count of wrong ones back; when it is refused the camera has locked itself, and
    nothing more is tried.
    """
    tried = [one for one in checks.FACTORY if one and one != password][:TRIES]
    for number, candidate in enumerate(tried, 1):
        try:
            OnvifCamera(camera.address, camera.user, candidate).device()
        except Refused:
            pass
        except DeviceFault as error:
            return Check(code="factory_password_refused", ok=None, detail=of_error(error))
        else:
            detail = sentence(N_("The camera lets {user} in with a factory password."), user=camera.user)
            return Check(code="factory_password_refused", ok=False, detail=detail)
        try:
            OnvifCamera(camera.address, camera.user, password).device()
        except ExamError:
            detail = sentence(N_("After {count} wrong passwords the camera has locked itself."), count=number)
            return Check(code="factory_password_refused", ok=None, detail=detail)
    detail = sentence(N_("The camera refused {count} factory passwords."), count=len(tried))
    return Check(code="factory_password_refused", ok=True, detail=detail)


def stream_and_see(
    uri: str, user: str, password: str, reference: Callable[[], Grey | None] | None
) -> tuple[list[Check], Look | None]:
    """A camera known by its stream's address only (rtsp://): what can be said without ONVIF, and what it showed."""
    detail = sentence(N_("Only the stream's address is known, not the ONVIF service."))
    found = [Check(code=code, ok=None, detail=detail) for code in NEED_ONVIF]
    seen = within(DEADLINE, lambda: watch(uri, user, password), urlsplit(uri).hostname or uri)
    found += of_seen(seen, None, reference)
    try:
        opens: bool | None = rtsp_ask.opens(uri)
    except (ExamError, OSError):
        opens = None
    return found + checks.of_password(user, password, opens), seen.look
