"""Open a camera's stream with PyAV: RTSP inside TCP, with timeouts that work, and errors without
credentials.
"""

from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import av
from av.container import InputContainer
from av.error import FFmpegError

from appliance.base.errors import DeviceFault, ExamError, Refused
from appliance.base.i18n import N_
from cameras import rtsp_ask
from cameras.rtsp_door import Door

TIMEOUT = (5.0, 5.0)
"""Seconds to open and to wait for the next packet. (The option `stimeout` is ignored and hangs.)"""
OPTIONS = {
    "rtsp_transport": "tcp",
    # What the parameter sets of the SDP say is enough: do not wait for many pictures to guess a rate.
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    "probesize": "1000000",
}

av.logging.set_level(av.logging.PANIC)  # its messages carry addresses with passwords


def open_stream(uri: str, shown: str) -> InputContainer:
    """Open `uri`; `shown` is the same without credentials, for messages."""
    if "://" in uri and not uri.startswith("rtsp://"):
        raise DeviceFault(
            "camera_no_rtsp",
            N_("{uri} is no RTSP stream."),
            N_("Switch RTSP on in the camera; other ways of sending are not used."),
            uri=shown,
        )
    try:
        container = _through_a_door(uri, shown) if "://" in uri else av.open(uri, timeout=TIMEOUT)
    except (FFmpegError, OSError) as error:
        raise stream_fault(error, shown) from None
    if not container.streams.video:
        container.close()
        raise DeviceFault("camera_no_video", N_("The stream {uri} carries no video."), uri=shown)
    return container


def _through_a_door(uri: str, shown: str) -> InputContainer:
    login = urlsplit(uri)
    rtsp_ask.ask(shown, unquote(login.username or ""), unquote(login.password or ""))
    who, at, _host = login.netloc.rpartition("@")
    return _opened(login, who + at)


def _opened(login: SplitResult, credentials: str) -> InputContainer:
    """`credentials`: USER:PASSWORD@ or nothing."""
    door = Door(login.hostname or "", login.port or 554, bool(credentials))
    door.start()
    try:
        inside = login._replace(netloc=credentials + door.address)
        container = av.open(urlunsplit(inside), timeout=TIMEOUT, options=OPTIONS)
    except (FFmpegError, OSError):
        if door.unasked:
            return _opened(login, "")
        if door.fault:
            raise door.fault from None
        raise
    door.join()  # without pictures FFmpeg reads nothing, and is here before the door has done: nobody closes it now
    return container


def stream_fault(error: Exception, shown: str) -> ExamError:
    """What an error of PyAV means for a person."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return Refused(
            "camera_password",
            N_("The camera {address} refuses the user or the password."),
            N_("Check user and password; many cameras lock themselves after several wrong ones."),
            address=shown,
        )
    if isinstance(error, av.error.HTTPError):
        return DeviceFault(
            "camera_no_stream",
            N_("The camera does not serve {uri}."),
            N_("Look at the camera's own page whether it shows a picture."),
            uri=shown,
        )
    return DeviceFault(
        "stream_silent",
        N_("The stream {uri} does not come: {detail}"),
        N_("Check the camera's power, its cable and the address."),
        uri=shown,
        detail=_plain(error),
    )


def _plain(error: Any) -> str:
    return str(getattr(error, "strerror", "") or type(error).__name__)
