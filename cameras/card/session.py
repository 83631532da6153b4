"""RTSP of a replay (RFC 2326 with ONVIF's replay headers) seen from the one who asks: bytes in and out. Pure."""

import base64
import binascii
from urllib.parse import urlsplit

import msgspec

from cameras.address import rewritten
from cameras.card.packets import Codec
from cameras.rtsp_ask import Answer, read_answer

LIMIT = 64 * 1024
FEATURE = "onvif-replay"
CODECS: dict[str, Codec] = {"H264": "h264", "H265": "h265"}


class Reply(msgspec.Struct, frozen=True):
    """One answer with its body."""

    head: Answer
    body: bytes = b""


class Frame(msgspec.Struct, frozen=True):
    """An RTP or RTCP packet inside the connection."""

    channel: int
    data: bytes


class Nonsense(Exception):
    """What came is no RTSP."""


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """The picture of a replay: where to set it up, its RTP payload type, its codec, its parameter sets."""

    control: str
    kind: int
    codec: Codec
    sets: list[bytes] = []


class AnswerReader:
    """Takes the bytes of one connection apart. What the camera asks of us is read over."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[Reply | Frame]:
        """Add bytes; what is whole now. Raises Nonsense."""
        waiting = self._waiting
        waiting += data
        found: list[Reply | Frame] = []
        at = 0
        while at < len(waiting):
            if waiting[at] == 0x24:
                if len(waiting) < at + 4:
                    break
                end = at + 4 + int.from_bytes(waiting[at + 2 : at + 4], "big")
                if len(waiting) < end:
                    break
                found.append(Frame(waiting[at + 1], bytes(waiting[at + 4 : end])))
                at = end
                continue
            if waiting[at] in b"\r\n":
                at += 1
                continue
            over = waiting.find(b"\r\n\r\n", at)
            if over < 0:
                if len(waiting) - at > LIMIT:
                    raise Nonsense("header too long")
                break
            answer, length = _head(bytes(waiting[at:over]))
            end = over + 4 + length
            if len(waiting) < end:
                break
            if answer:
                found.append(Reply(answer, bytes(waiting[over + 4 : end])))
            at = end
        del waiting[:at]
        return found


def _head(head: bytes) -> tuple[Answer | None, int]:
    """An answer (None: a question) and the length of its body."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    answer = read_answer(head)
    if answer is None and not lines[0].rstrip().endswith("RTSP/1.0"):
        raise Nonsense(lines[0][:80])
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines[1:])
    }
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LIMIT:
        raise Nonsense("body too long")
    return answer, int(length)


def question(method: str, uri: str, number: int, headers: dict[str, str]) -> bytes:
    """One request."""
    lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {number}", "User-Agent: examsite"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def read_description(sdp: bytes, base: str) -> Track | None:
    """The first video of an SDP in a codec we keep; None when there is none. `base`: address it is relative to."""
    blocks: list[list[str]] = []
    for line in sdp.decode("utf-8", "replace").splitlines():
        if line.startswith("m="):
            blocks.append([])
        if blocks:
            blocks[-1].append(line.strip())
    for block in blocks:
        parts = block[0].removeprefix("m=").split()
        if len(parts) < 4 or parts[0] != "video" or not parts[3].isdigit():
            continue
        told = dict(one.removeprefix("a=").partition(":")[::2] for one in block[1:] if one.startswith("a="))
        name = told.get("rtpmap", "").partition(" ")[2].partition("/")[0].upper()
        if name in CODECS:
            return Track(
                control=_control(told.get("control", "*"), base),
                kind=int(parts[3]),
                codec=CODECS[name],
                sets=_sets(told.get("fmtp", "")),
            )
    return None


def _control(told: str, base: str) -> str:
    if told == "*":
        return base
    if "://" in told:
        try:
            return rewritten(told, urlsplit(base).hostname or "")
        except ValueError:
            return base
    return f"{base.rstrip('/')}/{told.lstrip('/')}"


def _sets(fmtp: str) -> list[bytes]:
    """Parameter sets of an fmtp line (RFC 6184, 8.1; RFC 7798, 7.1); none when it cannot be read."""
    told = dict(one.strip().partition("=")[::2] for one in fmtp.partition(" ")[2].split(";"))
    found = []
    for name in ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets"):
        for one in told.get(name, "").split(","):
            try:
                found += [base64.b64decode(one, validate=True)] if one else []
            except binascii.Error:
                return []
    return found


def session_of(answer: Answer) -> tuple[str, float]:
    """Name of the session and seconds it lasts without a word from us (RFC 2326, 12.37)."""
    name, _, rest = answer.first("session").partition(";")
    told = rest.strip().removeprefix("timeout=")
    return name.strip(), float(told) if told.isdigit() and len(told) < 6 and int(told) else 60.0
