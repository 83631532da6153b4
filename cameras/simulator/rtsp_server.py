"""RTSP server of a simulated camera: several viewers of one picture source, RTP inside the connection."""

import asyncio
import base64
import contextlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from cameras import passwords, rtp, rtp_h265, rtsp
from cameras.card.session import FEATURE
from cameras.simulator import replay
from cameras.simulator.card import Card
from cameras.simulator.picture import Coded, PictureSource
from cameras.simulator.sound import SoundLine, SoundSource

PATH, SECOND = "/stream1", "/stream2"
REALM = "simulated camera"
BACKLOG = 4 * 1024 * 1024
"""Bytes a slow viewer may lag behind before pictures are left out."""
REPORT_EVERY = 5.0
OPEN_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN"


class RtspServer:
    """Serves `source` at rtsp://HOST:port/stream1, `second` at /stream2, the card at /card. An empty `user` asks for no
    password.
    """

    def __init__(
        self,
        source: PictureSource,
        user: str,
        password: str,
        second: PictureSource | None = None,
        card: Card | None = None,
        sound: SoundSource | None = None,
    ) -> None:
        self.sound = sound
        self.source = source
        self.second = second
        self.card = card
        self.user, self.password = user, password
        self.sends_to = ""
        """Where it sends whoever asks for the stream (RTSP 302); empty = nowhere."""
        self.sends_on: tuple[str, ...] = ("DESCRIBE", "SETUP", "PLAY")
        """To which questions,"""
        self.spared = 0
        """and how many connections it lets alone first."""
        self.port = 0
        self.viewers = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Viewer] = set()

    async def start(self, host: str, port: int = 0) -> None:
        """Listen; port 0 takes a free one and keeps it for later starts."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.source.parameter_sets)
        self._server = await loop.create_server(lambda: _Viewer(self), host, port or self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut every viewer off, as a pulled plug does."""
        if self._server:
            self._server.close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Cut every viewer off, go on listening."""
        for connection in list(self._connections):
            connection.cut()

    def opened(self, viewer: "_Viewer") -> None:
        """A connection came."""
        self._connections.add(viewer)

    def closed(self, viewer: "_Viewer") -> None:
        """A connection went."""
        self._connections.discard(viewer)


class _Viewer(asyncio.Protocol):
    """One RTSP connection."""

    def __init__(self, server: RtspServer) -> None:
        self._server = server
        self._source = server.source
        self._reader = rtsp.RequestReader()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._nonce = os.urandom(12).hex()
        self._spared = False
        self._session = ""
        self._channels = (0, 1)
        self._playing = False
        self._card: Card | None = None
        """Asked for in place of the live picture."""
        self._room = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._waits_for_key = True
        self._packetiser = rtp.Packetiser(
            int.from_bytes(os.urandom(4)),
            int.from_bytes(os.urandom(2)),
            cut=rtp.payloads if server.source.codec == "h264" else rtp_h265.payloads,
        )
        self._reported = 0.0
        self._sound = SoundLine(server.sound, self._in_loop, self._say) if server.sound else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.opened(self)
        self._spared = self._server.spared > 0
        self._server.spared -= self._spared
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_playing()
        self._transport = None
        self._server.closed(self)

    def cut(self) -> None:
        """End the connection without a word."""
        self._stop_playing()
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            requests = self._reader.feed(data)
        except rtsp.BadRequest:
            self.cut()
            return
        for request in requests:
            answer = self._answer(request)
            if self._transport:
                self._transport.write(answer)
            if request.method == "PLAY" and answer.startswith(b"RTSP/1.0 200"):
                self._start_playing(request)
            if request.method == "TEARDOWN" and self._transport:
                self._transport.close()

    def _answer(self, request: rtsp.Request) -> bytes:
        away = self._server.sends_to and not self._spared and request.method in self._server.sends_on
        if away and request.method == "OPTIONS":
            return rtsp.response(request, 302, {"Location": self._server.sends_to})
        if request.method == "OPTIONS":
            return rtsp.response(request, 200, {"Public": OPEN_METHODS})
        if not self._allowed(request):
            nonce = passwords.challenge(REALM, self._nonce, qop=False)
            return rtsp.response(request, 401, {"WWW-Authenticate": nonce})
        if away:
            return rtsp.response(request, 302, {"Location": self._server.sends_to})
        card = self._server.card
        self._card = card if card and card.there and replay.PATH in request.url else None
        if self._server.second and SECOND in request.url:
            self._source = self._server.second
        elif PATH not in request.url and not self._card:
            return rtsp.response(request, 404)
        match request.method:
            case "DESCRIBE":
                headers = {"Content-Type": "application/sdp", "Content-Base": request.url.rstrip("/") + "/"}
                return rtsp.response(request, 200, headers, self._description())
            case "SETUP":
                channels = rtsp.interleaved_channels(request.headers.get("transport", ""))
                if channels is None:
                    return rtsp.response(request, 461)
                wanted = request.headers.get("require", "")
                if wanted and not (self._card and wanted == FEATURE):
                    return rtsp.response(request, 551, {"Unsupported": wanted})
                ssrc = self._packetiser.ssrc
                if self._sound and "trackID=2" in request.url:
                    self._sound.channels, ssrc = channels, self._sound.packetiser.ssrc
                else:
                    self._channels = channels
                self._session = self._session or os.urandom(6).hex()
                pair = f"{channels[0]}-{channels[1]}"
                transport = f"RTP/AVP/TCP;unicast;interleaved={pair};ssrc={ssrc:08X}"
                return rtsp.response(
                    request, 200, {"Transport": transport, "Session": f"{self._session};timeout=60"}
                )
        if not self._session or request.headers.get("session", "").split(";")[0] != self._session:
            return rtsp.response(request, 454)
        headers = {"Session": self._session}
        match request.method:
            case "PLAY" if self._card:
                if not replay.wanted_range(request.headers):
                    return rtsp.response(request, 457)
                return rtsp.response(request, 200, headers | {"Range": request.headers["range"]})
            case "PLAY":
                headers["Range"] = "npt=0.000-"
                return rtsp.response(request, 200, headers)
            case "PAUSE" | "TEARDOWN":
                self._stop_playing()
                return rtsp.response(request, 200, headers)
            case "GET_PARAMETER" | "SET_PARAMETER":
                return rtsp.response(request, 200, headers)
        return rtsp.response(request, 405, {"Allow": OPEN_METHODS})

    def _allowed(self, request: rtsp.Request) -> bool:
        user, password = self._server.user, self._server.password
        if not user:
            return True
        proof = request.headers.get("authorization", "")
        return passwords.digest_holds(proof, request.method, REALM, self._nonce, user, password)

    def _description(self) -> bytes:
        """SDP (RFC 4566; RFC 6184, 8.2.1; RFC 7798, 7.2.1)."""
        units = self._source.parameter_sets()
        sets = [base64.b64encode(unit).decode() for unit in units]
        if self._source.codec == "h264":
            name, told = "H264", f"packetization-mode=1;profile-level-id={units[0][1:4].hex()};"
            told += f"sprop-parameter-sets={','.join(sets)}"
        else:
            name, told = "H265", "sprop-vps={};sprop-sps={};sprop-pps={}".format(*sets)
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=Simulated camera",
            "c=IN IP4 0.0.0.0",
            "t=0 0",
            "a=control:*",
            f"m=video 0 RTP/AVP {rtp.PAYLOAD_TYPE}",
            f"a=rtpmap:{rtp.PAYLOAD_TYPE} {name}/{rtp.CLOCK}",
            f"a=fmtp:{rtp.PAYLOAD_TYPE} {told}",
            f"a=framerate:{self._source.fps}",
            "a=control:trackID=1",
            *([f"a=x-onvif-track:{self._card.track}"] if self._card else []),
            *(self._sound.lines() if self._sound and self._hears() else []),
            "",
        ]
        return "\r\n".join(lines).encode()

    def _start_playing(self, request: rtsp.Request) -> None:
        if self._card and self._transport:
            self._stop_playing()
            sent = replay.send(
                self._card,
                request.headers,
                self._packetiser,
                self._transport,
                self._room,
                self._channels[0],
            )
            self._sending = self._loop.create_task(sent)
        elif not self._playing:
            self._playing, self._waits_for_key = True, True
            self._server.viewers += 1
            self._source.add(self._take)
            if self._sound and self._hears():
                self._sound.start()

    def _stop_playing(self) -> None:
        if self._sending:
            self._sending.cancel()
            self._sending = None
        if self._playing:
            self._playing = False
            self._server.viewers -= 1
            self._source.remove(self._take)
            if self._sound:
                self._sound.stop()

    def _hears(self) -> bool:
        """The card and the second stream are mute."""
        return self._card is None and self._source is self._server.source

    def _in_loop(self, call: Callable[..., None], made: object) -> None:
        """Called in the threads of picture and sound."""
        with contextlib.suppress(RuntimeError):  # the loop is closing
            self._loop.call_soon_threadsafe(call, made)

    def _say(self, packets: bytes) -> None:
        if self._playing and self._transport and not self._transport.is_closing():
            self._transport.write(packets)

    def _take(self, coded: Coded) -> None:
        self._in_loop(self._send, coded)

    def _send(self, coded: Coded) -> None:
        if not self._playing or not self._transport or self._transport.is_closing():
            return
        if self._waits_for_key and not coded.key:
            return
        if self._transport.get_write_buffer_size() > BACKLOG:
            self._waits_for_key = True
            return
        self._waits_for_key = False
        media, control = self._channels
        packets = [
            rtp.interleaved(media, packet) for packet in self._packetiser.picture(coded.units, coded.ticks)
        ]
        if time.monotonic() - self._reported > REPORT_EVERY:
            self._reported = time.monotonic()
            report = self._packetiser.sender_report(
                max(coded.at, datetime(1970, 1, 2, tzinfo=UTC)), coded.ticks
            )
            packets.insert(0, rtp.interleaved(control, report))
        self._transport.write(b"".join(packets))
