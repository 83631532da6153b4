"""Ask a camera's RTSP server once, before the stream is opened: does it refuse, or send us to another host?

The description is asked for (RFC 2326, 10.2) with the same proof FFmpeg would give: who is sent away, or refused, is
told so, and FFmpeg, which would spend another wrong password on a camera that locks itself, is not started. What the
camera answers to FFmpeg afterwards passes the door (cameras/rtsp_door.py).
"""

import re
import socket
import time
from urllib.parse import urlsplit

import msgspec

from appliance.base.errors import DeviceFault, Refused
from appliance.base.i18n import N_
from cameras import passwords

LIMIT = 64 * 1024
TIMEOUT = 5.0
"""Seconds to connect, and for each answer."""


class Answer(msgspec.Struct, frozen=True):
    """The head of one RTSP answer; header names in lower case, in order, repeated ones too."""

    status: int
    headers: list[tuple[str, str]]

    def every(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key == name]

    def first(self, name: str) -> str:
        """The first value of a header, or empty."""
        return next(iter(self.every(name)), "")


def read_answer(head: bytes) -> Answer | None:
    """Take the head of an answer apart; None when it is none. Pure."""
    lines = head.decode("utf-8", "replace").replace("\r\n", "\n").strip("\n").split("\n")
    parts = lines[0].split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("RTSP/") or not re.fullmatch(r"[1-5]\d\d", parts[1]):
        return None
    headers = [line.partition(":") for line in lines[1:]]
    return Answer(int(parts[1]), [(name.strip().lower(), value.strip()) for name, _, value in headers])


def proof(answer: Answer, uri: str, user: str, password: str, method: str = "DESCRIBE") -> str:
    """The Authorization header a digest challenge asks for (RFC 2617, without qop); empty when there is none. Pure."""
    for challenge in answer.every("www-authenticate"):
        told = passwords.digest_fields(challenge)
        if not told or told.get("algorithm", "MD5").upper() != "MD5":
            continue
        fields = {
            "username": user,
            "realm": told.get("realm", ""),
            "nonce": told.get("nonce", ""),
            "uri": uri,
        }
        response = passwords.digest_response(fields, password, method)
        shown = ", ".join(f'{name}="{value}"' for name, value in fields.items())
        return f'Digest {shown}, response="{response}"'
    return ""


def ask(uri: str, user: str, password: str, timeout: float = TIMEOUT) -> None:
    """DESCRIBE `uri` (without credentials). Returns when FFmpeg may open it; raises Refused or DeviceFault."""
    parts = urlsplit(uri)
    host, port = parts.hostname or "", parts.port or 554
    try:
        with socket.create_connection((host, port), timeout) as link:
            answer = _describe(link, uri, "", 1, timeout)
            if answer and answer.status == 401 and user:
                shown = proof(answer, uri, user, password)
                if not shown:
                    if any(one.lower().startswith("digest") for one in answer.every("www-authenticate")):
                        return  # another way to prove it: FFmpeg may know it
                    raise Refused(
                        "camera_clear_password",
                        N_("The camera {address} wants the password in clear; it was not sent."),
                        N_("Switch digest authentication on for RTSP on the camera's page."),
                        address=f"{host}:{port}",
                    )
                if "close" in answer.first("connection").lower():
                    with socket.create_connection((host, port), timeout) as again:
                        answer = _describe(again, uri, shown, 2, timeout)
                else:
                    answer = _describe(link, uri, shown, 2, timeout)
                if answer and answer.status in (401, 403):
                    raise Refused(
                        "camera_password",
                        N_("The camera {address} refuses the user or the password."),
                        N_("Check user and password; many cameras lock themselves after several wrong ones."),
                        address=f"{host}:{port}",
                    )
    except OSError as error:
        raise DeviceFault(
            "stream_silent",
            N_("The stream {uri} does not come: {detail}"),
            N_("Check the camera's power, its cable and the address."),
            uri=uri,
            detail=error.strerror or type(error).__name__,
        ) from error
    if answer and 300 <= answer.status < 400:
        raise redirects(f"{host}:{port}")


def redirects(address: str) -> DeviceFault:
    """The camera sends us to another address; none is followed, for who asks for the password there is not known."""
    return DeviceFault(
        "camera_redirects",
        N_("The camera {address} points to another address. The password was not sent there."),
        N_("Check that the address is the camera's own; switch redirection off on its page."),
        address=address,
    )


def opens(uri: str, timeout: float = TIMEOUT) -> bool:
    """Is `uri` described to somebody who proves nothing? Raises OSError."""
    parts = urlsplit(uri)
    with socket.create_connection((parts.hostname or "", parts.port or 554), timeout) as link:
        answer = _describe(link, uri, "", 1, timeout)
    return answer is not None and answer.status == 200


def _describe(link: socket.socket, uri: str, proven: str, number: int, timeout: float) -> Answer | None:
    lines = [f"DESCRIBE {uri} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp", "User-Agent: examsite"]
    lines += [f"Authorization: {proven}"] if proven else []
    link.sendall("\r\n".join([*lines, "", ""]).encode())
    ends, waiting = time.monotonic() + timeout, bytearray()
    while b"\r\n\r\n" not in waiting:
        link.settimeout(max(0.01, ends - time.monotonic()))
        chunk = link.recv(4096)
        waiting += chunk
        if not chunk or len(waiting) > LIMIT or time.monotonic() > ends:
            return None  # nonsense, or the connection was closed: FFmpeg may understand it
    head, _, body = bytes(waiting).partition(b"\r\n\r\n")
    answer = read_answer(head)
    length = answer.first("content-length") if answer else ""
    left = (int(length) if length.isdigit() and len(length) < 6 else 0) - len(body)
    while left > 0:  # the next answer on this connection comes after the body
        link.settimeout(max(0.01, ends - time.monotonic()))
        chunk = link.recv(min(left, 4096))
        if not chunk:
            return answer
        left -= len(chunk)
    return answer
