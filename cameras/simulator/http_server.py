"""HTTP side of a simulated camera: SOAP posts and the snapshot, HTTP digest (RFC 2617) asked for where
set.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime

from cameras import passwords
from cameras.card.search import REPLAY, SEARCH
from cameras.events import EVENTS, NOTIFICATION
from cameras.rtsp import LIMIT, BadRequest, parse_head
from cameras.simulator import soap
from cameras.simulator.card import Card
from cameras.simulator.soap_card import CardService
from cameras.simulator.soap_events import EventService

REALM = "simulated camera"
SNAPSHOT = "/snapshot.jpg"
IDLE = 30.0
BODY_LIMIT = 1_000_000
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


class HttpServer:
    """Answers on one port. `camera` may be changed while it runs; `now` is the camera's own clock."""

    def __init__(
        self,
        camera: soap.Camera,
        now: Callable[[], datetime],
        jpeg: Callable[[], Awaitable[bytes]],
        card: Card,
    ) -> None:
        self.camera = camera
        self.card = CardService(card)
        self.port = 0
        self.calls: list[str] = []
        """Operations asked, in order."""
        self.events = EventService()
        self.set_clock: Callable[[datetime], None] = lambda _to: None
        """Called when somebody sets the camera's clock."""
        self.silent = False
        """Take questions and never answer."""
        self.sends_to = ""
        """Where it sends whoever asks (HTTP 302); empty = nowhere."""
        self._now = now
        self._jpeg = jpeg
        self._nonce = os.urandom(12).hex()
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one and keeps it for later starts."""
        self._server = await asyncio.start_server(self._connection, host, port or self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut open connections."""
        if self._server:
            self._server.close()
            self._server = None
        for writer in self._open.values():
            writer.transport.abort()
        self.events.wake()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            while True:
                async with asyncio.timeout(IDLE):
                    head = await reader.readuntil(b"\r\n\r\n")
                    method, url, headers = parse_head(head[:-4])
                    length = int(headers.get("content-length", "0"))
                    if not 0 <= length <= BODY_LIMIT or len(head) > LIMIT:
                        return
                    body = await reader.readexactly(length)
                if self.silent:
                    async with asyncio.timeout(IDLE):
                        await reader.read()  # until the client goes away, or this camera does
                    return
                status, kind, answer, extra = await self._answer(method, url, headers, body)
                lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"Content-Type: {kind}"]
                lines += [f"Content-Length: {len(answer)}", *extra, "", ""]
                writer.write("\r\n".join(lines).encode() + answer)
                await writer.drain()
        except (
            OSError,
            EOFError,
            TimeoutError,
            ValueError,
            BadRequest,
            asyncio.LimitOverrunError,
        ):
            return  # the client went away or does not speak HTTP: close, as a camera does
        finally:
            del self._open[task]
            writer.close()

    async def _answer(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, str, bytes, list[str]]:
        if self.sends_to:
            return 302, "text/plain", b"", [f"Location: {self.sends_to}"]
        camera = self.camera
        proof = headers.get("authorization", "")
        proven = bool(proof) and passwords.digest_holds(
            proof, method, REALM, self._nonce, camera.user, camera.password
        )
        ask = [f"WWW-Authenticate: {passwords.challenge(REALM, self._nonce, qop=True)}"]
        if url.startswith(SNAPSHOT):
            if camera.authentication != "none" and not proven:
                return 401, "text/plain", b"", ask
            return 200, "image/jpeg", await self._jpeg(), []
        if method != "POST" or not url.startswith("/onvif/"):
            return 404, "text/plain", b"", []
        kind = "application/soap+xml; charset=utf-8"
        call = soap.read_call(body)
        if call is None:
            return 400, kind, soap.fault("ter:WellFormed", "Not a SOAP envelope"), []
        self.calls.append(call.operation)
        anybody = call.operation == "GetSystemDateAndTime" and camera.tells_time
        if not anybody and not proven:
            refused = camera.authentication == "digest"
            if camera.authentication == "both":
                refused = not soap.token_allows(camera, call, self._now())
            if refused:
                return 401, kind, soap.fault("ter:NotAuthorized", "Sender not Authorized"), ask
        if camera.authentication == "token":
            proven = False
        apart = (
            *((EVENTS, NOTIFICATION) if camera.events else ()),
            *((SEARCH, REPLAY) if camera.card else ()),
        )
        if call.namespace in apart:
            if (
                camera.authentication != "none"
                and not proven
                and not soap.token_allows(camera, call, self._now())
            ):
                return 400, kind, soap.fault("ter:NotAuthorized", "Sender not Authorized"), []
            if call.namespace in (SEARCH, REPLAY):
                status, answer = self.card.answer(call)
            else:
                status, answer = await self.events.answer(call, url, self._now())
            return status, kind, answer, []
        status, answer = soap.answer(camera, call, self._now(), proven)
        if call.operation == "SetSystemDateAndTime" and status == 200:
            camera.ntp = call.fields.get("DateTimeType") == "NTP"
            if to := soap.set_to(call):
                self.set_clock(to)
        return status, kind, answer, []
