"""`cameras check` and `cameras reference`: every camera of the configuration, several at a time."""

import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from appliance.base.errors import ExamError, NotFound
from appliance.base.i18n import N_
from appliance.base.settings import CameraSettings, Settings
from appliance.wire.cameras import RoomCoverage, Sentence
from cameras import checks, picture
from cameras.camera_password import password_of
from cameras.checks import Check, sentence
from cameras.onvif import OnvifCamera
from cameras.picture import Grey
from cameras.probe import DEADLINE, probe, stream_and_see, watch, within
from cameras.reference import References

log = logging.getLogger("examsite.recorder")

AT_ONCE = 4
"""Cameras looked at at the same time: decoding costs a core."""


class CheckedCamera(msgspec.Struct, kw_only=True):
    """One camera of the configuration and everything that was found about it."""

    camera: str
    checks: list[Check]
    model: list[Sentence] | str = []
    """Maker, model, firmware and serial number, where it tells them; text in what is printed as JSON."""
    name: str = ""
    room: str = ""
    address: str = ""

    @property
    def ok(self) -> bool:
        """Nothing fails."""
        return all(check.ok is not False for check in self.checks)


class Checked(msgspec.Struct, kw_only=True):
    """The JSON of `cameras check` and `cameras reference`. `coverage`: by room, of a check of all cameras."""

    ok: bool
    cameras: list[CheckedCamera]
    coverage: list[RoomCoverage] = []


def check(settings: Settings, wanted: list[str], tell: Callable[[float], None] = lambda _: None) -> Checked:
    """Ask and measure the cameras with these codes (none = all), each against its reference still.

    `tell`: called with the share that is done, 0..1.
    """
    references = References(settings)
    zone = ZoneInfo(settings.site.timezone)

    def one(camera: CameraSettings) -> tuple[list[Check], list[Sentence]]:
        taken: list[Sentence] = []

        def still() -> Grey | None:
            kept = references.load(camera.code)
            if not kept:
                return None
            at = f"{kept[0].at.astimezone(zone):%Y-%m-%d %H:%M}"
            taken[:] = sentence(N_("Reference still of {time}."), time=at)
            return kept[1]

        password = password_of(camera, settings)
        if camera.address.startswith("rtsp://"):
            found, told = stream_and_see(camera.address, camera.user, password, still)[0], []
        else:
            probed = probe(camera.address, camera.user, password, camera.profile, still)
            found, told = probed.checks, probed.device.told
        for line in found:
            # "Not moved" says little against a picture of a minute ago.
            if line.code == "picture_moved" and not isinstance(line.detail, str):
                line.detail = [*line.detail, *taken]
        return found, told

    return _each(settings, wanted, one, tell)


def take(settings: Settings, wanted: list[str]) -> Checked:
    """Take and keep a reference still of the cameras with these codes (none = all).

    What shows nothing is not kept: a reference is what the room looks like when all is well.
    """
    references = References(settings)

    def one(camera: CameraSettings) -> tuple[list[Check], list[Sentence]]:
        password = password_of(camera, settings)
        uri = camera.address
        if not uri.startswith("rtsp://"):
            asked = OnvifCamera(camera.address, camera.user, password)
            profiles = within(DEADLINE, asked.profiles, asked.address)
            uri = asked.chosen(profiles, camera.profile).uri
        seen = within(DEADLINE, lambda: watch(uri, camera.user, password), camera.address)
        if seen.look is None:
            raise seen.fault or _unseen(camera)
        newest = seen.look.first if seen.look.last is None else seen.look.last
        if picture.black(newest):
            return [
                Check(code="reference", ok=False, detail=sentence(N_("The picture is black or covered.")))
            ], []
        stated = references.keep(camera.code, seen.look.frame, datetime.now(UTC))
        detail = sentence(
            N_("Reference still kept: {width} x {height}, {name}."),
            width=stated.width,
            height=stated.height,
            name=f"{stated.sha256[:12]}.jpg",
        )
        return [Check(code="reference", ok=True, detail=detail)], []

    return _each(settings, wanted, one, lambda _share: None)


def _unseen(camera: CameraSettings) -> ExamError:
    return NotFound("no_picture", N_("Camera {camera} shows no picture."), camera=camera.code)


Work = Callable[[CameraSettings], tuple[list[Check], list[Sentence]]]
"""Findings about a camera, and its model."""


def _each(settings: Settings, wanted: list[str], work: Work, tell: Callable[[float], None]) -> Checked:
    """Every chosen camera; one that fails is a finding of its own and no reason to leave the others out."""
    chosen = _chosen(settings, wanted)

    def one(camera: CameraSettings) -> CheckedCamera:
        try:
            found, model = work(camera)
        except ExamError as error:
            found, model = [checks.of_fault("answers", error)], []
        except Exception:  # one camera's nonsense must not lose the reports of the others
            log.exception("camera %s: not foreseen", camera.code)
            detail = sentence(N_("The look at the camera ended without a result."))
            found, model = [Check(code="answers", ok=False, detail=detail)], []
        return CheckedCamera(
            camera=camera.code,
            name=camera.name,
            room=camera.room,
            address=camera.address,
            model=model,
            checks=found,
        )

    contexts: list[Any] = [contextvars.copy_context() for _camera in chosen]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen: list[CheckedCamera] = []
        for found in pool.map(lambda context, camera: context.run(one, camera), contexts, chosen):
            seen.append(found)
            tell(len(seen) / len(chosen))
    return Checked(ok=all(camera.ok for camera in seen), cameras=seen)


def _chosen(settings: Settings, wanted: list[str]) -> list[CameraSettings]:
    if not settings.cameras:
        raise NotFound(
            "no_cameras",
            N_("The configuration file names no camera."),
            N_("Set cameras up on the page /cameras or with examsite cameras set-up."),
        )
    known = {camera.code: camera for camera in settings.cameras}
    for code in wanted:
        if code not in known:
            raise NotFound(
                "no_such_camera",
                N_("There is no camera {camera} in the configuration file."),
                N_("Known are: {known}."),
                camera=code,
                known=", ".join(known),
            )
    return [known[code] for code in dict.fromkeys(wanted)] if wanted else settings.cameras
