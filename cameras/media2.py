"""Media2 (http://www.onvif.org/ver20/media/wsdl), client side. Pure: requests out, answers in, as bytes.

onvif-zeep knows Media1 only, which cannot say H.265 (it says H264 instead). The few calls needed are written and read
here; what a camera leaves out is 0 or empty, an answer that cannot be read is None.
"""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import msgspec

from cameras.safe_xml import parse

MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
LIMIT = 2 * 1024 * 1024


class Profile(msgspec.Struct, kw_only=True):
    """One stream a camera offers. `uri` bears no credentials; 0 = the camera does not say.

    `key_interval_s`: seconds from key frame to key frame, claimed.
    """

    token: str
    codec: str
    width: int
    height: int
    fps: float
    uri: str = ""
    snapshot: str = ""
    bitrate_kbps: int = 0
    key_interval_s: float = 0.0


class Fault(Exception):
    """A SOAP fault: its subcodes and reason in one text."""


def envelope(operation: str, fields: list[tuple[str, str]], namespace: str = MEDIA2) -> bytes:
    """A request without a security header."""
    inside = "".join(f"<m:{name}>{escape(value)}</m:{name}>" for name, value in fields)
    return (
        f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:m="{namespace}"><s:Header/><s:Body>'
        f"<m:{operation}>{inside}</m:{operation}></s:Body></s:Envelope>"
    ).encode()


def answer(body: bytes, operation: str) -> Element | None:
    """The response element, None when there is none. Raises Fault."""
    root = parse(body, LIMIT)
    inner = root.find("{*}Body") if root is not None else None
    if inner is None:
        return None
    fault = inner.find("{*}Fault")
    if fault is not None:
        raise Fault(" ".join(" ".join(fault.itertext()).split())[:400])
    return inner.find(f"{{*}}{operation}Response")


def read_profiles(told: Element | None) -> list[Profile]:
    """GetProfilesResponse: every profile with a video encoder."""
    found = []
    for item in [] if told is None else told.iterfind("{*}Profiles"):
        encoder = item.find("{*}Configurations/{*}VideoEncoder")
        if encoder is None:
            continue
        fps = _number(encoder, "RateControl/FrameRateLimit")
        group = _float(encoder.get("GovLength"))
        found.append(
            Profile(
                token=item.get("token", ""),
                codec=(encoder.findtext("{*}Encoding") or "").strip(),
                width=int(_number(encoder, "Resolution/Width")),
                height=int(_number(encoder, "Resolution/Height")),
                fps=fps,
                bitrate_kbps=int(_number(encoder, "RateControl/BitrateLimit")),
                key_interval_s=round(group / fps, 2) if group and fps else 0.0,
            )
        )
    return found


def read_uri(told: Element | None) -> str:
    """GetStreamUriResponse or GetSnapshotUriResponse; empty when the camera gives none."""
    return "" if told is None else (told.findtext("{*}Uri") or "").strip()


def read_sizes(told: Element | None) -> list[tuple[int, int]]:
    """GetVideoEncoderConfigurationOptionsResponse: sizes of H.264 and H.265; empty when the camera does not say."""
    sizes: list[tuple[int, int]] = []
    for item in [] if told is None else told.iterfind("{*}Options"):
        if (item.findtext("{*}Encoding") or "").strip().upper() not in ("H264", "H265"):
            continue
        for size in item.iterfind("{*}ResolutionsAvailable"):
            pair = int(_number(size, "Width")), int(_number(size, "Height"))
            if all(pair) and pair not in sizes:
                sizes.append(pair)
    return sizes


def _number(element: Element, path: str) -> float:
    return _float(element.findtext("/".join(f"{{*}}{name}" for name in path.split("/"))))


def _float(text: str | None) -> float:
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e6 else 0.0
