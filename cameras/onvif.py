"""One ONVIF camera as we ask it: Media2 first, then Media1 by onvif-zeep, whose traps are kept away from callers.

The clock is read first and without credentials; tokens are then made in the camera's own time. Every call
has a timeout, redirects are refused, addresses in answers are rewritten to the host that was asked, so that
credentials never reach another one. Errors come out as DeviceFault or Refused with a stable code.
"""

import datetime as dt
import logging
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import sleep
from typing import Any

import msgspec

from appliance.base.errors import Corrupt, DeviceFault, ExamError, Refused
from appliance.base.i18n import N_
from appliance.wire.cameras import Sentence
from cameras import media2
from cameras.address import rewritten, shown_host, split_address, stream_at
from cameras.media2 import MEDIA2, Profile
from cameras.onvif_client import MEDIA, client
from cameras.onvif_faults import empty, fault_of
from cameras.onvif_plain import CLOCK_TRIES, SOON

logging.getLogger("zeep").setLevel(logging.CRITICAL)

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
CLOCK_FAULTS = ("camera_empty_answer", "camera_bad_answer")
"""The camera is there and does not tell its time so that it can be read."""


class Device(msgspec.Struct, kw_only=True):
    """What the camera says it is."""

    manufacturer: str
    model: str
    firmware: str
    serial: str

    @property
    def told(self) -> list[Sentence]:
        """All it says, for one line."""
        said = (
            (N_("maker {name}"), self.manufacturer),
            (N_("model {name}"), self.model),
            (N_("firmware {name}"), self.firmware),
            (N_("serial number {name}"), self.serial),
        )
        return [Sentence(message=message, params={"name": name}) for message, name in said if name]


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


class OnvifCamera:
    """One camera, kept: each constructor of the library costs a quarter of a second."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.host, self.port = split_address(address)
        self.user = user
        self._password = password
        self.clock_offset: float | None = None
        """Seconds the camera's clock is ahead of ours, to about half a second; None before `read_clock`."""
        self.media = 0
        """Which media service gave the profiles: 2 or 1; 0 before `profiles`."""
        self.follows_server = False
        """Its clock, once it was set, follows a time server."""
        self._client: Any = None
        self._clock: Any = None
        self._sender: Any = None

    def __repr__(self) -> str:
        return f"OnvifCamera({self.host}:{self.port})"

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def read_clock(self) -> float:
        """Ask for the time without credentials; returns and keeps the offset in seconds.

        Some cameras refuse anonymous questions against the standard: those are asked again with credentials.
        """
        try:
            self.clock_offset = self._ask_clock(self._anonymous)
        except Refused as error:
            if not error.code.startswith("camera_password") or not self.user:
                raise
            self.clock_offset = self._ask_clock(lambda: self._open().devicemgmt)
        return self.clock_offset

    def _ask_clock(self, opened: Callable[[], Any]) -> float:
        """Seconds by which the camera is ahead, from the answer that came soonest. `opened`: gives the service."""

        def ask() -> float:
            service = opened()  # takes a while, and is no part of the way to the camera
            best = dt.timedelta.max
            offset = 0.0
            for _try in range(CLOCK_TRIES):
                before = dt.datetime.now(dt.UTC)
                told = service.GetSystemDateAndTime()
                trip = dt.datetime.now(dt.UTC) - before
                utc = told and told.UTCDateTime
                if not utc:
                    raise self.empty("GetSystemDateAndTime")
                if trip < best:
                    date, time = utc.Date, utc.Time
                    second = min(time.Second, 59)
                    shown = dt.datetime(
                        date.Year, date.Month, date.Day, time.Hour, time.Minute, second, tzinfo=dt.UTC
                    )
                    # Whole seconds are told: on average half a second has passed since.
                    best, offset = trip, (shown - before - trip / 2).total_seconds() + 0.5
                if best < SOON:
                    break
            return offset

        return float(self._mapped("GetSystemDateAndTime", ask))

    def _anonymous(self) -> Any:
        if self._clock is None:
            self._clock = self._clock_service()
        return self._clock

    def _clock_service(self) -> Any:
        import zeep

        from cameras.transport import transport

        wsdl = wsdl_folder() / "devicemgmt.wsdl"
        settings = zeep.Settings(strict=False)
        make: Any = zeep.Client
        client = make(str(wsdl), transport=transport(self.host), settings=settings)
        return client.create_service(
            f"{{{DEVICE}}}DeviceBinding", f"http://{shown_host(self.host)}:{self.port}/onvif/device_service"
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

    def set_clock(self) -> float:
        """Set the camera's clock to ours, at the turn of a second; returns by how much it is off afterwards."""
        self._opened()  # so that nothing but the order itself comes after the turn of the second
        had = self._call("devicemgmt", "GetSystemDateAndTime")
        now = dt.datetime.now(dt.UTC)
        waited = (1_000_000 - now.microsecond) / 1_000_000
        sleep(waited)
        now += dt.timedelta(seconds=waited)
        time = {"Hour": now.hour, "Minute": now.minute, "Second": now.second}
        date = {"Year": now.year, "Month": now.month, "Day": now.day}
        zone = {"TimeZone": {"TZ": had.TimeZone.TZ}} if had and had.TimeZone and had.TimeZone.TZ else {}
        kept = {"DaylightSavings": bool(had and had.DaylightSavings), **zone}
        told = {"DateTimeType": "Manual", **kept, "UTCDateTime": {"Time": time, "Date": date}}
        self._call("devicemgmt", "SetSystemDateAndTime", told)
        self.follows_server = bool(had and str(had.DateTimeType) == "NTP")
        if self.follows_server:
            # Setting the hands switches its time server off: it is given back, or the clock would drift from now on.
            self._call("devicemgmt", "SetSystemDateAndTime", {"DateTimeType": "NTP", **kept})
        return self.read_clock()

    def services(self) -> list[str]:
        """Namespaces of the services it offers."""
        return sorted(self._mapped("GetServices", lambda: self._opened().xaddrs))

    def answers_anybody(self) -> bool:
        """Are the profiles told to somebody who proves nothing? One anonymous question, no wrong password."""

        def ask() -> bool:
            from cameras.transport import transport

            client = self._opened()
            address = client.xaddrs.get(MEDIA2) or client.xaddrs.get(MEDIA)
            space = MEDIA2 if MEDIA2 in client.xaddrs else MEDIA
            kind = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{space}/GetProfiles"'}
            response = transport(self.host).post(address, media2.envelope("GetProfiles", [], space), kind)
            try:
                told = media2.answer(response.content, "GetProfiles")
            except media2.Fault:
                return False
            return bool(response.ok) and told is not None and len(told) > 0

        return bool(self._mapped("GetProfiles", ask))

    def profiles(self) -> list[Profile]:
        """Every stream it offers with its address, most pixels first. Media2 is asked first: Media1 cannot say H.265.

        `media` then says which of them answered. A stream whose address the camera does not give has none, and stays
        in its place: a camera that has just started may not know its main stream yet (`chosen`).
        """
        found = self._media2_profiles()
        self.media = 2 if found else 1
        found = found or self._media1_profiles()
        if not found:
            raise self.empty("GetProfiles")
        refused: ExamError | None = None
        for profile in found:
            try:
                profile.uri = self.stream_uri(profile.token)
                profile.snapshot = self._snapshot_uri(profile.token)
            except (Refused, DeviceFault) as error:
                if error.code not in ("camera_unsupported", "camera_empty_answer", "camera_bad_answer"):
                    raise
                refused = error
        if refused and not any(profile.uri for profile in found):
            raise refused
        return sorted(found, key=lambda profile: (-profile.width * profile.height, not profile.uri))

    def chosen(self, found: list[Profile], wanted: str) -> Profile:
        """The stream that is recorded: `wanted`, else the one with most pixels. Raises DeviceFault when the camera
        gives no address of it: a smaller one in its place would be recorded from then on, and nobody would know.
        """
        best = next((one for one in found if one.token == wanted), found[0])
        if not best.uri:
            raise self.empty("GetStreamUri")
        return best

    def _media2_profiles(self) -> list[Profile]:
        """Empty when the camera has no Media2, or answers nonsense there: then Media1 is asked."""
        try:
            return media2.read_profiles(self._media2("GetProfiles", [("Type", "VideoEncoder")]))
        except (Refused, DeviceFault) as error:
            if error.code in ("camera_silent", "camera_password", "camera_password_or_clock"):
                raise
            return []

    def _media1_profiles(self) -> list[Profile]:
        found = []
        for told in self._call("media", "GetProfiles") or []:
            encoder = told.VideoEncoderConfiguration
            if encoder is None:
                continue
            size, rate = encoder.Resolution, encoder.RateControl
            fps = float(rate.FrameRateLimit or 0) if rate else 0.0
            coded = encoder.H264 or encoder.MPEG4
            group = float(coded.GovLength or 0) if coded else 0.0
            found.append(
                Profile(
                    token=told.token,
                    codec=str(encoder.Encoding),
                    width=int(size.Width) if size else 0,
                    height=int(size.Height) if size else 0,
                    fps=fps,
                    bitrate_kbps=int(rate.BitrateLimit or 0) if rate else 0,
                    key_interval_s=round(group / fps, 2) if group and fps else 0.0,
                )
            )
        return found

    def stream_uri(self, profile: str) -> str:
        """GetStreamUri over RTSP/TCP, at the host that was asked."""
        return self._either("GetStreamUri", profile)

    def _either(self, operation: str, profile: str) -> str:
        """An address by the media service that answers; raises what the last one asked said."""
        fields = [("ProfileToken", profile)]
        try:
            if operation == "GetStreamUri":
                told = media2.read_uri(self._media2(operation, [("Protocol", "RTSP"), *fields]))
            else:
                told = media2.read_uri(self._media2(operation, fields))
        except (Refused, DeviceFault) as error:
            if error.code in ("camera_silent", "camera_password", "camera_password_or_clock"):
                raise
            told = ""
        if not told:
            setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
            asked: dict[str, Any] = {"ProfileToken": profile}
            if operation == "GetStreamUri":
                asked["StreamSetup"] = setup
            answer = self._call("media", operation, asked)
            told = str(answer.Uri) if answer and answer.Uri else ""
        if not told:
            raise self.empty(operation)
        at = stream_at if operation == "GetStreamUri" else rewritten
        return str(self._mapped(operation, lambda: at(told, self.host)))

    def resolutions(self, profile: str) -> list[tuple[int, int]]:
        """Sizes the encoder offers for H.264 and H.265; empty when the camera does not say."""
        operation = "GetVideoEncoderConfigurationOptions"
        try:
            sizes = media2.read_sizes(self._media2(operation, [("ProfileToken", profile)]))
        except Refused as error:
            if error.code != "camera_unsupported":
                raise
            sizes = []
        if sizes:
            return sizes
        told = self._call("media", operation, {"ProfileToken": profile})
        h264 = getattr(told, "H264", None)
        offered = (h264.ResolutionsAvailable or []) if h264 is not None else []
        return [(int(size.Width), int(size.Height)) for size in offered]

    def _snapshot_uri(self, profile: str) -> str:
        try:
            return self._either("GetSnapshotUri", profile)
        except (Refused, DeviceFault):
            return ""  # optional in the standard: a camera may have no still pictures

    def _media2(self, operation: str, fields: list[tuple[str, str]]) -> Any:
        """One question to Media2: the answer's element. Raises Refused camera_unsupported when there is none."""

        def ask() -> Any:
            from lxml import etree
            from zeep import exceptions

            client = self._opened()
            address = client.xaddrs.get(MEDIA2)
            zeep_errors: Any = exceptions
            if not address:
                raise zeep_errors.Fault("ActionNotSupported: no Media2")
            message = etree.fromstring(media2.envelope(operation, fields))
            if self.user:
                message, _ = client.devicemgmt.zeep_client.wsse.apply(message, {})
            kind = f'application/soap+xml; charset=utf-8; action="{MEDIA2}/{operation}"'
            response = self._sender.post_xml(address, message, {"Content-Type": kind})
            if response.status_code in (401, 403):
                raise zeep_errors.TransportError(status_code=response.status_code)
            try:
                return media2.answer(response.content, operation)
            except media2.Fault as error:
                raise zeep_errors.Fault(str(error)) from error

        return self._mapped(operation, ask)

    def _call(self, service: str, operation: str, arguments: dict[str, Any] | None = None) -> Any:
        def ask() -> Any:
            client = self._opened()
            found = getattr(client, service, None)
            if found is None:
                found = getattr(client, f"create_{service}_service")()
            return getattr(found, operation)(arguments)

        return self._mapped(operation, ask)

    def _opened(self) -> Any:
        if self._client is None:
            if self.clock_offset is None:
                try:
                    self.read_clock()
                except DeviceFault as error:
                    if error.code not in CLOCK_FAULTS:
                        raise
                    # It does not tell its time: try with ours.
            client = self._open()
            self._mapped("GetServices", client.ask_addresses)
            self._client = client
        return self._client

    def _open(self) -> Any:
        """The library's camera; nothing is asked yet."""
        from cameras.transport import transport

        self._sender = transport(self.host, self.user, self._password)
        return client(
            self.host,
            self.port,
            (self.user, self._password),
            str(wsdl_folder()),
            self._sender,
            lambda: self.clock_offset or 0.0,
            self.empty,
        )

    def empty(self, operation: str) -> DeviceFault:
        """The fault of an answer without content."""
        return empty(self.address, operation)

    def _mapped(self, operation: str, ask: Any) -> Any:
        """Run one question; library errors become ours."""
        try:
            return ask()
        except ExamError:
            raise
        except Exception as error:  # onvif-zeep wraps whatever happens below it
            raise fault_of(error, operation, self.address, self.clock_offset or 0.0) from error
