"""RTSP 1.0 (RFC 2326) seen from the server: bytes in, requests out. Pure."""

import msgspec

LIMIT = 16_384
"""Longest request header taken."""
REASONS = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    457: "Invalid Range",
    461: "Unsupported Transport",
    503: "Service Unavailable",
    551: "Option not supported",
}


class BadRequest(Exception):
    """What came is not RTSP; the connection has to be closed."""


class Request(msgspec.Struct, frozen=True):
    """One request. Header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def number(self) -> str:
        """CSeq."""
        return self.headers.get("cseq", "0")


class RequestReader:
    """Takes the bytes of one connection apart; interleaved data from the client (receiver reports) is
    dropped.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """Add bytes; returns the requests that are whole now. Raises BadRequest."""
        self._waiting += data
        found: list[Request] = []
        while self._waiting:
            if self._waiting[0] == 0x24:
                if len(self._waiting) < 4:
                    break
                length = 4 + int.from_bytes(self._waiting[2:4], "big")
                if len(self._waiting) < length:
                    break
                del self._waiting[:length]
                continue
            if self._waiting[0] in b"\r\n":
                del self._waiting[:1]
                continue
            end = self._waiting.find(b"\r\n\r\n")
            if end < 0:
                if len(self._waiting) > LIMIT:
                    raise BadRequest("header too long")
                break
            head = bytes(self._waiting[:end])
            method, url, headers = parse_head(head)
            try:
                length = int(headers.get("content-length", "0"))
            except ValueError:
                raise BadRequest("bad content length") from None
            if not 0 <= length <= LIMIT:
                raise BadRequest("body too long")
            if len(self._waiting) < end + 4 + length:
                break
            found.append(Request(method, url, headers, bytes(self._waiting[end + 4 : end + 4 + length])))
            del self._waiting[: end + 4 + length]
        return found


def parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Method, address and headers of a request (RTSP and HTTP look alike here)."""
    try:
        lines = head.decode("utf-8").split("\r\n")
        method, url, protocol = lines[0].split(" ")
    except ValueError:
        raise BadRequest("no request line") from None
    if not protocol.startswith(("RTSP/1.", "HTTP/1.")):
        raise BadRequest("not RTSP/1.0")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, separator, value = line.partition(":")
        if not separator:
            raise BadRequest("bad header line")
        headers[name.strip().lower()] = value.strip()
    return method, url, headers


def response(
    request: Request, status: int, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """One RTSP answer."""
    lines = [f"RTSP/1.0 {status} {REASONS.get(status, 'Error')}", f"CSeq: {request.number}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def interleaved_channels(transport: str) -> tuple[int, int] | None:
    """The channel pair asked for in a Transport header, or None when it is not RTP over this connection."""
    for offer in transport.split(","):
        parts = [part.strip().lower() for part in offer.split(";")]
        if not parts[0].startswith("rtp/avp/tcp"):
            continue
        for part in parts[1:]:
            if part.startswith("interleaved="):
                first, _, second = part.removeprefix("interleaved=").partition("-")
                if first.isdigit() and (second.isdigit() or not second):
                    channels = int(first), int(second or int(first) + 1)
                    return channels if max(channels) < 256 else None
        return 0, 1
    return None
