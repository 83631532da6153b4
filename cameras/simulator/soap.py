"""ONVIF answers of a simulated camera: device service, Media1 and Media2 (ONVIF Core 2.x). Pure.

A SOAP 1.2 request comes in as bytes; the answer goes out as HTTP status and bytes.
"""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import msgspec

from cameras import passwords
from cameras.card.search import REPLAY, SEARCH
from cameras.events import EVENTS
from cameras.simulator import soap_media2
from cameras.simulator.kinds import Authentication, Codec, Media
from cameras.simulator.soap_media2 import MEDIA2, SECOND_FPS, SECOND_SIZE
from cameras.timecode import HEIGHT, WIDTH

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
TOLERANCE = timedelta(seconds=10)
"""How far a token's time may be from the camera's clock; many real cameras are as strict."""


class Camera(msgspec.Struct, kw_only=True):
    """What the answers need to know. `base`: http://HOST:PORT as the camera names itself."""

    base: str
    stream: str
    snapshot: str
    user: str
    password: str
    authentication: Authentication = "both"
    serial: str = "SIM0001"
    fps: int = 10
    key_every: float = 1.0
    empty_options: bool = False
    codec: Codec = "h264"
    media: Media = "both"
    events: bool = True
    ntp: bool = False
    """Does it follow a time server?"""
    tells_time: bool = True
    """To anybody? Some cameras refuse it, against the standard."""
    clockless: bool = False
    """Does it leave the time out of its answer? ONVIF lets it."""
    card: bool = False
    """Has it Profile G?"""
    second: str = ""
    """Address of its second stream; empty = it has none."""


class Call(msgspec.Struct, frozen=True):
    """One SOAP request: operation, its namespace, what it names (local name -> text), the proof it carries."""

    operation: str
    namespace: str
    fields: dict[str, str]
    token: dict[str, str]

    @property
    def profile(self) -> str:
        """The profile asked for."""
        return self.fields.get("ProfileToken", "")


def read_call(body: bytes) -> Call | None:
    """Take a SOAP envelope apart; None when it is none."""
    try:
        root = ET.fromstring(body)
    except ET.ParseError:
        return None
    inner = root.find(f"{{{ENVELOPE}}}Body")
    if inner is None or not len(inner):
        return None
    namespace, _, operation = inner[0].tag.lstrip("{").partition("}")
    token: dict[str, str] = {}
    found = root.find(f".//{{{SECURITY}}}UsernameToken")
    if found is not None:
        for name, space in (
            ("Username", SECURITY),
            ("Password", SECURITY),
            ("Nonce", SECURITY),
            ("Created", UTILITY),
        ):
            token[name] = found.findtext(f"{{{space}}}{name}") or ""
    fields = {one.tag.rpartition("}")[2]: one.text or "" for one in inner[0].iter() if one is not inner[0]}
    return Call(operation, namespace, fields, token)


def token_allows(camera: Camera, call: Call, now: datetime) -> bool:
    """Does the request's own UsernameToken prove the password?"""
    token = call.token
    if not token or token["Username"] != camera.user:
        return False
    return passwords.token_holds(
        token["Password"], token["Nonce"], token["Created"], camera.password, now, TOLERANCE
    )


def answer(camera: Camera, call: Call, now: datetime, proven: bool) -> tuple[int, bytes]:
    """HTTP status and envelope. `now`: the camera's own clock; `proven`: HTTP digest already held."""
    if call.operation == "GetSystemDateAndTime" and camera.tells_time:
        return 200, envelope(_clock(camera, now))
    if camera.authentication != "none" and not proven and not token_allows(camera, call, now):
        return 400, fault("ter:NotAuthorized", "Sender not Authorized")
    if call.operation == "GetSystemDateAndTime":
        return 200, envelope(_clock(camera, now))
    second = call.namespace == MEDIA2
    plain, per_profile = (soap_media2.PLAIN, soap_media2.PER_PROFILE) if second else (PLAIN, PER_PROFILE)
    if camera.media == {MEDIA: "media2", MEDIA2: "media1"}.get(call.namespace):
        return 400, fault("ter:ActionNotSupported", "Optional Action Not Implemented")
    if call.operation in plain:
        return 200, envelope(plain[call.operation](camera))
    if call.operation in per_profile:
        if call.profile == "sub" and camera.second:
            camera = msgspec.structs.replace(camera, stream=camera.second)
        elif call.profile != "main":
            return 400, fault("ter:NoProfile", "The requested profile token does not exist")
        return 200, envelope(per_profile[call.operation](camera))
    if call.operation == "SetSystemDateAndTime":
        return 200, envelope("<tds:SetSystemDateAndTimeResponse/>")
    return 400, fault("ter:ActionNotSupported", "Optional Action Not Implemented")


def set_to(call: Call) -> datetime | None:
    """The time SetSystemDateAndTime wants; None when it names none."""
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        year, month, day, hour, minute, second = (int(call.fields[name]) for name in names)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (KeyError, ValueError):
        return None


def fault(code: str, reason: str) -> bytes:
    """A SOAP 1.2 fault with an ONVIF subcode."""
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(reason)}</s:Text></s:Reason></s:Fault>'
    )


def envelope(body: str) -> bytes:
    """A whole answer around its body."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:tds="{DEVICE}" xmlns:trt="{MEDIA}" xmlns:tr2="{MEDIA2}" '
        f'xmlns:tt="{SCHEMA}" xmlns:ter="http://www.onvif.org/ver10/error"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def _clock(camera: Camera, now: datetime) -> str:
    time = (
        f"<tt:UTCDateTime><tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
        f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
        f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime>"
    )
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>"
        f"{'NTP' if camera.ntp else 'Manual'}</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>"
        f"{'' if camera.clockless else time}"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def _information(camera: Camera) -> str:
    return (
        "<tds:GetDeviceInformationResponse><tds:Manufacturer>Exam Site Appliance</tds:Manufacturer>"
        "<tds:Model>Simulated camera</tds:Model><tds:FirmwareVersion>1.0</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{escape(camera.serial)}</tds:SerialNumber><tds:HardwareId>SIM</tds:HardwareId>"
        "</tds:GetDeviceInformationResponse>"
    )


def _services(camera: Camera) -> str:
    def one(space: str, path: str) -> str:
        return (
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{escape(camera.base)}{path}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
        )

    told = one(DEVICE, "/onvif/device_service")
    if camera.media != "media2":
        told += one(MEDIA, "/onvif/media_service")
    if camera.media != "media1":
        told += one(MEDIA2, "/onvif/media2_service")
    if camera.events:
        told += one(EVENTS, "/onvif/event_service")
    if camera.card:
        told += one(SEARCH, "/onvif/search_service") + one(REPLAY, "/onvif/replay_service")
    return f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>"


def _capabilities(camera: Camera) -> str:
    base = escape(camera.base)
    return (
        "<tds:GetCapabilitiesResponse><tds:Capabilities>"
        f"<tt:Device><tt:XAddr>{base}/onvif/device_service</tt:XAddr></tt:Device>"
        f"{_events(base) if camera.events else ''}"
        f"<tt:Media><tt:XAddr>{base}/onvif/media_service</tt:XAddr><tt:StreamingCapabilities>"
        "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
        "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>"
        "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )


def _events(base: str) -> str:
    return (
        f"<tt:Events><tt:XAddr>{base}/onvif/event_service</tt:XAddr>"
        "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport>"
        "<tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
        "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
    )


def _profiles(camera: Camera) -> str:
    told = _profile("main", WIDTH, HEIGHT, camera.fps, max(1, round(camera.fps * camera.key_every)), 4096)
    if camera.second:
        told += _profile("sub", *SECOND_SIZE, SECOND_FPS, SECOND_FPS, 384)
    return f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>"


def _profile(token: str, width: int, height: int, fps: int, group: int, kbps: int) -> str:
    # Media1 has no word for H.265: cameras say H264, as this one does.
    return (
        f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>'
        '<tt:VideoSourceConfiguration token="source"><tt:Name>source</tt:Name><tt:UseCount>1</tt:UseCount>'
        '<tt:SourceToken>sensor</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" height="1080"/>'
        '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="encoder"><tt:Name>encoder</tt:Name>'
        f"<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>"
        f"<tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality><tt:RateControl>"
        f"<tt:FrameRateLimit>{fps}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>"
        f"<tt:BitrateLimit>{kbps}</tt:BitrateLimit></tt:RateControl><tt:H264><tt:GovLength>{group}</tt:GovLength>"
        "<tt:H264Profile>Baseline</tt:H264Profile></tt:H264><tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type>"
        "<tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL>"
        "<tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def _options(camera: Camera) -> str:
    if camera.empty_options:
        inside = "<tt:QualityRange><tt:Min>1</tt:Min><tt:Max>6</tt:Max></tt:QualityRange>"
    else:
        inside = (
            "<tt:QualityRange><tt:Min>1</tt:Min><tt:Max>6</tt:Max></tt:QualityRange><tt:H264>"
            "<tt:ResolutionsAvailable><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:ResolutionsAvailable>"
            "<tt:GovLengthRange><tt:Min>1</tt:Min><tt:Max>250</tt:Max></tt:GovLengthRange>"
            "<tt:FrameRateRange><tt:Min>1</tt:Min><tt:Max>25</tt:Max></tt:FrameRateRange>"
            "<tt:EncodingIntervalRange><tt:Min>1</tt:Min><tt:Max>1</tt:Max></tt:EncodingIntervalRange>"
            "<tt:H264ProfilesSupported>Baseline</tt:H264ProfilesSupported></tt:H264>"
        )
    return (
        "<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options>"
        f"{inside}</trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>"
    )


def _address(operation: str, uri: str) -> str:
    return (
        f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
        f"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{operation}Response>"
    )


PLAIN = {
    "GetDeviceInformation": _information,
    "GetServices": _services,
    "GetCapabilities": _capabilities,
    "GetProfiles": _profiles,
    "GetVideoEncoderConfigurationOptions": _options,
}
PER_PROFILE = {
    "GetStreamUri": lambda camera: _address("GetStreamUri", camera.stream),
    "GetSnapshotUri": lambda camera: _address("GetSnapshotUri", camera.snapshot),
}
