"""Have pictures sent from a camera's card: one RTSP connection, RTP inside it (ONVIF Streaming Specification, replay).

Faster than they were taken (`Rate-Control: no`) and all of them (no `Frames` header), as fast as they are read: whoever
reads slowly has the camera wait. The connection goes to the host that was asked and nowhere else.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from appliance.base.errors import DeviceFault, Refused
from appliance.base.i18n import N_
from cameras import passwords, rtsp
from cameras.address import rewritten
from cameras.card.packets import Gathering, Picture, read_packet
from cameras.card.ranges import clock_range
from cameras.card.session import (
    FEATURE,
    AnswerReader,
    Frame,
    Nonsense,
    Reply,
    Track,
    question,
    read_description,
    session_of,
)
from cameras.rtsp_ask import TIMEOUT, proof

QUIET = 8.0
"""Seconds without a picture after which the camera will send no more."""
OVER, NEAR = 1.0, timedelta(seconds=2)
"""The same after a picture that says it is the last before a gap, or is so near the end of what was asked for."""
TICK = 0.5
"""Seconds after which it is looked whether to leave."""
PIECE = 65_536
BYE = 203
NOTHING_THERE = (404, 416, 457)
"""Answers to PLAY that mean: nothing of that time."""


class Replay:
    """One connection. `rate`: bytes a second at most; `going`: False ends it soon."""

    def __init__(
        self, uri: str, user: str, password: str, rate: float, keep_alive: float, going: Callable[[], bool]
    ) -> None:
        self._uri, self._user, self._password = uri, user, password
        self._rate, self._keep_alive, self._going = rate, keep_alive, going
        parts = urlsplit(uri)
        self._where = parts.hostname or "", parts.port or 554
        self._reader = AnswerReader()
        self._number = 0
        self._session: dict[str, str] = {}
        self._proofs: Reply | None = None
        self._due = 0.0
        self._waiting: list[Reply | Frame] = []
        """What came together with an answer, after it."""
        self.sets: list[bytes] = []
        """Parameter sets its description names."""
        self.codec = ""
        """Of its pictures, once they are described."""

    def pictures(self, start: datetime, end: datetime) -> Iterator[Picture]:
        """Pictures from the last one at or before `start` that can be decoded alone to `end` (the camera's time).

        Raises Refused or DeviceFault; `card_stalled` when the camera stops before the end.
        """
        try:
            self._link = socket.create_connection(self._where, TIMEOUT)
            try:
                track = self._prepare()
                if self._play(start, end):
                    yield from self._received(track, end)
            finally:
                with suppress(OSError):
                    if self._session:
                        self._send("TEARDOWN", self._uri, self._session)
                self._link.close()
        except OSError as error:
            raise self._fault("card_stalled", error.strerror or type(error).__name__) from error
        except Nonsense as error:
            raise self._fault("card_stalled", str(error)) from error

    def _prepare(self) -> Track:
        reply = self._ask("DESCRIBE", self._uri, {"Accept": "application/sdp"})
        try:
            base = rewritten(reply.head.first("content-base") or self._uri, self._where[0])
        except ValueError:
            base = self._uri
        track = read_description(reply.body, base)
        if reply.head.status != 200 or track is None:
            raise self._refused(reply)
        self.sets, self.codec = track.sets, track.codec
        wanted = {"Require": FEATURE, "Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        reply = self._ask("SETUP", track.control, wanted)
        if reply.head.status != 200:
            raise self._refused(reply)
        name, seconds = session_of(reply.head)
        self._session = {"Session": name}
        self._keep_alive = min(self._keep_alive, seconds)
        self._channels = rtsp.interleaved_channels(reply.head.first("transport")) or (0, 1)
        return track

    def _play(self, start: datetime, end: datetime) -> bool:
        """False: it has nothing of that time."""
        headers = {"Require": FEATURE, "Range": clock_range(start, end), "Rate-Control": "no"}
        reply = self._ask("PLAY", self._uri, self._session | headers)
        if reply.head.status in NOTHING_THERE:
            return False
        if reply.head.status != 200:
            raise self._refused(reply)
        return True

    def _received(self, track: Track, end: datetime) -> Iterator[Picture]:
        gathering = Gathering(track.codec, track.kind)
        heard = told = time.monotonic()
        patience, ended = QUIET, False
        while self._going():
            now = time.monotonic()
            if now - told > self._keep_alive / 3:
                self._send("GET_PARAMETER", self._uri, self._session)
                told = now
            try:
                came = self._read(TICK)
            except OSError:
                if ended:
                    return
                raise
            if came is None:
                if now - heard > patience and patience == OVER:
                    return
                if now - heard > patience:
                    raise self._fault("card_stalled", f"{QUIET:.0f} s")
                continue
            for one in came:
                if not isinstance(one, Frame):
                    continue
                if one.channel == self._channels[1] and one.data[1:2] == bytes([BYE]):
                    return
                packet = read_packet(one.data) if one.channel == self._channels[0] else None
                for picture in gathering.feed(packet) if packet else ():
                    heard = time.monotonic()
                    ended = picture.stamp.ends
                    patience = OVER if ended or picture.stamp.at >= end - NEAR else QUIET
                    yield picture
                    if picture.stamp.last or picture.stamp.at >= end:
                        return

    def _read(self, seconds: float) -> list[Reply | Frame] | None:
        """What has come; None when nothing came for so long. Raises OSError when the camera has hung up."""
        if self._waiting:
            came, self._waiting = self._waiting, []
            return came
        wait = self._due - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, seconds))
        self._link.settimeout(seconds)
        try:
            data = self._link.recv(PIECE)
        except TimeoutError:
            return None
        if not data:
            raise ConnectionResetError(0, "the camera has hung up")
        self._due = max(self._due, time.monotonic() - TICK) + len(data) / self._rate
        return self._reader.feed(data)

    def _send(self, method: str, uri: str, headers: dict[str, str]) -> None:
        self._number += 1
        if self._proofs:
            shown = proof(self._proofs.head, uri, self._user, self._password, method)
            headers = headers | ({"Authorization": shown} if shown else {})
        self._link.settimeout(TIMEOUT)
        self._link.sendall(question(method, uri, self._number, headers))

    def _ask(self, method: str, uri: str, headers: dict[str, str]) -> Reply:
        """One question; with the proof when it is asked for, and once more when the nonce of that is too old."""
        for _again in range(3):
            self._send(method, uri, headers)
            reply = self._answer()
            told = [passwords.digest_fields(one) for one in reply.head.every("www-authenticate")]
            stale = any(one.get("stale", "").lower() == "true" for one in told)
            if reply.head.status != 401 or not self._user or (self._proofs and not stale):
                break
            if not any(told):
                raise Refused(
                    "camera_clear_password",
                    N_("The camera {address} wants the password in clear; it was not sent."),
                    N_("Switch digest authentication on for RTSP on the camera's page."),
                    address=f"{self._where[0]}:{self._where[1]}",
                )
            if not proof(reply.head, uri, self._user, self._password, method):
                raise Refused(
                    "camera_digest_unknown",
                    N_("The camera {address} wants a proof of the password that is not known here: {detail}"),
                    N_("Switch digest authentication with MD5 on for RTSP on the camera's page."),
                    address=f"{self._where[0]}:{self._where[1]}",
                    detail=", ".join(one.get("algorithm", "?") for one in told if one),
                )
            self._proofs = reply
            if "close" in reply.head.first("connection").lower():
                self._link.close()
                self._link = socket.create_connection(self._where, TIMEOUT)
        if reply.head.status == 401 and stale:
            raise self._refused(reply)
        if reply.head.status in (401, 403):
            raise Refused(
                "camera_password",
                N_("The camera {address} refuses the user or the password."),
                N_("Check user and password; many cameras lock themselves after several wrong ones."),
                address=f"{self._where[0]}:{self._where[1]}",
            )
        return reply

    def _answer(self) -> Reply:
        ends = time.monotonic() + TIMEOUT
        while time.monotonic() < ends and self._going():
            came = self._read(TICK) or []
            for place, one in enumerate(came):
                if isinstance(one, Reply) and one.head.first("cseq") in ("", str(self._number)):
                    self._waiting = came[place + 1 :]
                    return one
        raise TimeoutError(0, "no answer")

    def _refused(self, reply: Reply) -> DeviceFault:
        return self._fault("card_refuses", str(reply.head.status))

    def _fault(self, code: str, detail: str) -> DeviceFault:
        sentence = (
            N_("The camera {address} does not send its card's pictures: {detail}")
            if code == "card_refuses"
            else N_("The camera {address} has stopped sending its card's pictures: {detail}")
        )
        return DeviceFault(
            code,
            sentence,
            N_(
                "Try again; else copy the film from its card, and"
                " fill the gap with examsite recordings fill --from FILE."
            ),
            address=f"{self._where[0]}:{self._where[1]}",
            detail=detail,
        )
