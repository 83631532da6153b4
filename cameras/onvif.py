"""One ONVIF camera as we ask it (onvif-zeep), with the traps of that library kept away from callers.

The clock is read first and without credentials; tokens are then made in the camera's own time. Every call
has a timeout, redirects are refused, addresses in answers are rewritten to the host that was asked, so that
credentials never reach another one. Errors come out as DeviceFault or Refused with a stable code.
"""

import datetime as dt
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from appliance.base.errors import Corrupt, DeviceFault, ExamError, Refused
from appliance.base.i18n import N_

logging.getLogger("zeep").setLevel(logging.CRITICAL)

CONNECT_TIMEOUT, OPERATION_TIMEOUT = 5.0, 10.0
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SKEW_ALARM = 2.0
"""Seconds a camera's clock may be off."""

Answer = TypeVar("Answer")


class Device(msgspec.Struct, kw_only=True):
    """What the camera says it is."""

    manufacturer: str
    model: str
    firmware: str
    serial: str


class Profile(msgspec.Struct, kw_only=True):
    """One stream it offers. `uri` bears no credentials; fps 0 = not said."""

    token: str
    codec: str
    width: int
    height: int
    fps: float
    uri: str = ""
    snapshot: str = ""


def wsdl_folder() -> Path:
    """Where onvif-zeep's WSDL files lie: beside the package, wherever the installer put them."""
    found = find_spec("onvif")
    if found and found.origin:
        package = Path(found.origin).parent
        places = [package.parent / "wsdl", package / "wsdl", *package.parents[2].glob("*/site-packages/wsdl")]
        for place in places:
            if (place / "devicemgmt.wsdl").is_file() and (place / "media.wsdl").is_file():
                return place
    raise Corrupt(
        "no_wsdl",
        N_("The ONVIF description files are missing."),
        N_("Install the onvif-zeep package again."),
    )


def split_address(address: str) -> tuple[str, int]:
    """Host and port of HOST[:PORT] or of a whole address."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if not parts.hostname or not port:
        raise Corrupt(
            "bad_address", N_("{address} is no HOST:PORT."), N_("Correct the address."), address=address
        )
    return parts.hostname, port


def rewritten(uri: str, host: str) -> str:
    """The same address at the host that was asked; the port stays (cameras behind an address
    translation lie).
    """
    parts = urlsplit(uri)
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{shown}:{parts.port}" if parts.port else shown))


def with_credentials(uri: str, user: str, password: str) -> str:
    """The address PyAV opens. Never log it."""
    if not user:
        return uri
    parts = urlsplit(uri)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return urlunsplit(parts._replace(netloc=login + parts.netloc.rpartition("@")[2]))


class OnvifCamera:
    """One camera, kept: each constructor of the library costs a quarter of a second."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.host, self.port = split_address(address)
        self.user = user
        self._password = password
        self.clock_offset: float | None = None
        """Seconds the camera's clock is ahead of ours, to about half a second; None before `read_clock`."""
        self._client: Any = None
        self._clock: Any = None

    def __repr__(self) -> str:
        return f"OnvifCamera({self.host}:{self.port})"

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def read_clock(self) -> float:
        """Ask for the time without credentials; returns and keeps the offset in seconds."""

        def ask() -> float:
            if self._clock is None:
                self._clock = self._clock_service()
            before = dt.datetime.now(dt.UTC)
            told = self._clock.GetSystemDateAndTime()
            after = dt.datetime.now(dt.UTC)
            utc = told and told.UTCDateTime
            if not utc:
                raise self._empty("GetSystemDateAndTime")
            date, time = utc.Date, utc.Time
            shown = dt.datetime(
                date.Year, date.Month, date.Day, time.Hour, time.Minute, min(time.Second, 59), tzinfo=dt.UTC
            )
            # Whole seconds are told: on average half a second has passed since.
            return (shown - before - (after - before) / 2).total_seconds() + 0.5

        self.clock_offset = self._mapped("GetSystemDateAndTime", ask)
        return self.clock_offset

    def _clock_service(self) -> Any:
        import zeep

        wsdl = wsdl_folder() / "devicemgmt.wsdl"
        settings = zeep.Settings(strict=False)
        make: Any = zeep.Client
        client = make(str(wsdl), transport=self._transport(anonymous=True), settings=settings)
        return client.create_service(
            f"{{{DEVICE}}}DeviceBinding", f"http://{self.host}:{self.port}/onvif/device_service"
        )

    def device(self) -> Device:
        """GetDeviceInformation."""
        told = self._call("devicemgmt", "GetDeviceInformation")
        return Device(
            manufacturer=told.Manufacturer or "",
            model=told.Model or "",
            firmware=told.FirmwareVersion or "",
            serial=told.SerialNumber or "",
        )

    def profiles(self) -> list[Profile]:
        """GetProfiles with the stream address of each, most pixels first."""
        found = []
        for told in self._call("media", "GetProfiles") or []:
            encoder = told.VideoEncoderConfiguration
            if encoder is None:
                continue
            size, rate = encoder.Resolution, encoder.RateControl
            found.append(
                Profile(
                    token=told.token,
                    codec=str(encoder.Encoding),
                    width=int(size.Width) if size else 0,
                    height=int(size.Height) if size else 0,
                    fps=float(rate.FrameRateLimit or 0) if rate else 0.0,
                )
            )
        if not found:
            raise self._empty("GetProfiles")
        for profile in found:
            profile.uri = self.stream_uri(profile.token)
            profile.snapshot = self._snapshot_uri(profile.token)
        return sorted(found, key=lambda profile: -profile.width * profile.height)

    def stream_uri(self, profile: str) -> str:
        """GetStreamUri over RTSP/TCP, at the host that was asked."""
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        told = self._call("media", "GetStreamUri", {"StreamSetup": setup, "ProfileToken": profile})
        if not told or not told.Uri:
            raise self._empty("GetStreamUri")
        return rewritten(str(told.Uri), self.host)

    def resolutions(self, profile: str) -> list[tuple[int, int]]:
        """Sizes the encoder offers for H.264; empty when the camera does not say."""
        told = self._call("media", "GetVideoEncoderConfigurationOptions", {"ProfileToken": profile})
        h264 = getattr(told, "H264", None)
        offered = (h264.ResolutionsAvailable or []) if h264 is not None else []
        return [(int(size.Width), int(size.Height)) for size in offered]

    def _snapshot_uri(self, profile: str) -> str:
        try:
            told = self._call("media", "GetSnapshotUri", {"ProfileToken": profile})
        except Refused:
            return ""  # optional in the standard: a camera may have no still pictures
        return rewritten(str(told.Uri), self.host) if told and told.Uri else ""

    def _call(self, service: str, operation: str, arguments: dict[str, Any] | None = None) -> Any:
        def ask() -> Any:
            if self._client is None:
                self._client = self._open()
            found = getattr(self._client, service, None)
            if found is None:
                found = getattr(self._client, f"create_{service}_service")()
            return getattr(found, operation)(arguments)

        return self._mapped(operation, ask)

    def _open(self) -> Any:
        from onvif import ONVIFCamera

        outer = self
        if self.clock_offset is None:
            self.read_clock()

        class Client(ONVIFCamera):
            """The library's camera without its PullPoint subscription and its trust in addresses."""

            def update_xaddrs(self) -> None:
                self.dt_diff = dt.timedelta(seconds=outer.clock_offset or 0.0)
                self.devicemgmt = self.create_devicemgmt_service()
                self.xaddrs = {}
                try:
                    for told in self.devicemgmt.GetServices({"IncludeCapability": False}) or []:
                        self.xaddrs[told.Namespace] = rewritten(told.XAddr, outer.host)
                except Exception as error:
                    if outer._kind(error) != "unsupported":
                        raise
                if MEDIA not in self.xaddrs:
                    told = self.devicemgmt.GetCapabilities({"Category": "All"})
                    if told is not None and told.Media is not None:
                        self.xaddrs[MEDIA] = rewritten(told.Media.XAddr, outer.host)

        return Client(
            self.host,
            self.port,
            self.user,
            self._password,
            str(wsdl_folder()),
            transport=self._transport(anonymous=False),
        )

    def _transport(self, anonymous: bool) -> Any:
        import requests
        from requests.auth import HTTPDigestAuth
        from zeep import transports

        session = requests.Session()
        session.trust_env = False
        session.max_redirects = 0
        if not anonymous and self.user:
            session.auth = HTTPDigestAuth(self.user, self._password)
        make: Any = transports.Transport
        return make(session=session, timeout=CONNECT_TIMEOUT, operation_timeout=OPERATION_TIMEOUT)

    def _empty(self, operation: str) -> DeviceFault:
        return DeviceFault(
            "camera_empty_answer",
            N_("The camera {address} answers {operation} without content."),
            N_("Update the camera's firmware, or set the stream's address by hand."),
            address=self.address,
            operation=operation,
        )

    def _mapped(self, operation: str, ask: Any) -> Any:
        """Run one question; library errors become ours."""
        try:
            return ask()
        except ExamError:
            raise
        except Exception as error:  # onvif-zeep wraps whatever happens below it
            raise self._fault(operation, error) from error

    def _kind(self, error: BaseException) -> str:
        """Sort an error of zeep, requests or onvif-zeep."""
        import requests
        from zeep import exceptions as zeep_errors

        causes: list[BaseException] = [error]
        inner = getattr(error, "reason", None)
        while isinstance(inner, BaseException) and inner not in causes:
            causes.append(inner)
            inner = getattr(inner, "reason", None)
        context = error.__context__
        while context is not None and context not in causes:
            causes.append(context)
            context = context.__context__
        for cause in causes:
            text = f"{cause} {getattr(cause, 'subcodes', '') or ''}".lower()
            if isinstance(cause, zeep_errors.Fault):
                if "notauthorized" in text or "not authorized" in text or "unauthorized" in text:
                    return "password"
                return "unsupported" if "notsupported" in text or "not implemented" in text else "refused"
            if isinstance(cause, zeep_errors.TransportError) and cause.status_code in (401, 403):
                return "password"
            if isinstance(cause, requests.Timeout):
                return "timeout"
            if isinstance(cause, requests.TooManyRedirects):
                return "redirect"
            if isinstance(cause, requests.RequestException | ConnectionError | TimeoutError):
                return "unreachable"
        if "doesn`t support service" in str(error):
            return "unsupported"
        return "unreadable"

    def _fault(self, operation: str, error: Exception) -> ExamError:
        kind = self._kind(error)
        told: dict[str, Any] = {"address": self.address, "operation": operation}
        if kind == "password":
            skew = abs(self.clock_offset or 0.0)
            if skew > SKEW_ALARM:
                return Refused(
                    "camera_password_or_clock",
                    N_("The camera {address} refuses the password; its clock is {skew} s off."),
                    N_("Set the camera's clock, then check user and password."),
                    skew=round(skew),
                    **told,
                )
            return Refused(
                "camera_password",
                N_("The camera {address} refuses the user or the password."),
                N_("Check user and password; many cameras lock themselves after several wrong ones."),
                **told,
            )
        if kind == "unsupported":
            return Refused(
                "camera_unsupported",
                N_("The camera {address} does not know {operation}."),
                N_("Update the camera's firmware, or use another model."),
                **told,
            )
        if kind in ("timeout", "unreachable"):
            return DeviceFault(
                "camera_silent",
                N_("The camera {address} does not answer."),
                N_("Check its power, its cable and the address."),
                **told,
            )
        return DeviceFault(
            "camera_bad_answer",
            N_("The camera {address} answers {operation} in a way nobody understands: {detail}"),
            N_("Check that the address is a camera's ONVIF port; update its firmware."),
            detail=str(error)[:200],
            **told,
        )
