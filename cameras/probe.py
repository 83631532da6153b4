"""Look at one camera by every means: ONVIF answers, and the first pictures of its stream decoded."""

import time
from typing import Any

import msgspec

from appliance.base.errors import DeviceFault, ExamError
from appliance.base.i18n import N_, _
from cameras.address import with_credentials
from cameras.media2 import Profile
from cameras.onvif import Device, OnvifCamera
from cameras.onvif_faults import SKEW_ALARM
from cameras.stream import open_stream

LEAST = (1920, 1080)
"""Smallest picture that counts as more than two million pixels."""
LOOK_SECONDS = 2.0


class Measured(msgspec.Struct, kw_only=True):
    """What the stream's pictures truly are."""

    width: int
    height: int
    fps: float
    codec: str


class Check(msgspec.Struct, kw_only=True):
    """One finding. `detail` is for people, in the current language."""

    code: str
    ok: bool
    detail: str


class Probe(msgspec.Struct, kw_only=True):
    """The JSON of `cameras probe`."""

    device: Device
    clock_offset_s: float
    profiles: list[Profile]
    measured: Measured | None
    checks: list[Check]

    @property
    def ok(self) -> bool:
        """Everything that was checked holds."""
        return all(check.ok for check in self.checks)


def measure(uri: str, user: str, password: str, seconds: float = LOOK_SECONDS) -> Measured:
    """Decode the first picture and count the next ones for `seconds`."""
    container = open_stream(with_credentials(uri, user, password), uri)
    try:
        stream = container.streams.video[0]
        size: tuple[int, int] | None = None
        times: list[int] = []
        until = time.monotonic() + seconds
        for packet in container.demux(stream):
            if packet.pts is not None:
                times.append(packet.pts)
            if size is None:
                frames: list[Any] = packet.decode()
                if frames:
                    size = frames[0].width, frames[0].height
            if time.monotonic() > until and size:
                break
        if size is None:
            raise DeviceFault(
                "camera_no_picture",
                N_("The stream {uri} carries no picture that can be decoded."),
                N_("Look at the camera's own page whether it shows a picture."),
                uri=uri,
            )
        span = (max(times) - min(times)) * float(stream.time_base or 0) if len(times) > 1 else 0.0
        fps = (len(times) - 1) / span if span else 0.0
        return Measured(
            width=size[0], height=size[1], fps=round(fps, 1), codec=stream.codec_context.name.upper()
        )
    finally:
        container.close()


def probe(address: str, user: str, password: str) -> Probe:
    """Ask and measure one camera. Raises when it does not answer or refuses the password."""
    camera = OnvifCamera(address, user, password)
    offset = camera.read_clock()
    device = camera.device()
    profiles = camera.profiles()
    best = profiles[0]
    checks = [
        Check(
            code="clock",
            ok=abs(offset) <= SKEW_ALARM,
            detail=_("The camera's clock is {offset} s off.").format(offset=f"{offset:+.1f}"),
        ),
        Check(
            code="claimed_resolution",
            ok=best.width >= LEAST[0] and best.height >= LEAST[1],
            detail=_("The camera claims {width} x {height}.").format(width=best.width, height=best.height),
        ),
    ]
    measured = None
    try:
        measured = measure(best.uri, user, password)
    except ExamError as error:
        checks.append(Check(code="stream", ok=False, detail=error.text()))
    else:
        size = {"width": measured.width, "height": measured.height}
        checks.append(
            Check(
                code="measured_resolution",
                ok=measured.width >= LEAST[0] and measured.height >= LEAST[1],
                detail=_("A decoded picture has {width} x {height}.").format(**size),
            )
        )
        checks.append(
            Check(
                code="codec",
                ok=measured.codec == best.codec.upper(),
                detail=_("Claimed {claimed}, measured {measured}.").format(
                    claimed=best.codec, measured=measured.codec
                ),
            )
        )
    return Probe(
        device=device, clock_offset_s=round(offset, 1), profiles=profiles, measured=measured, checks=checks
    )
