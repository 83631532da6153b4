"""A station as the bench needs it: one TLS connection, one request at a time, almost no client cost.

Each station speaks from its own loopback address, as the box knows a seat by its address.
"""

import asyncio
import ssl

import msgspec

from appliance.wire import station as wire


class BenchStation:
    """One station's connection."""

    def __init__(self, address: str, port: int, tls: ssl.SSLContext) -> None:
        self._address, self._port, self._tls = address, port, tls
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self.cookie = ""
        self.csrf = ""
        self.attempt = ""
        self.lease = 0
        self.n = 0

    async def open(self) -> None:
        """Connect from the station's own address."""
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._tls, local_addr=(self._address, 0), server_hostname="localhost"
        )

    def close(self) -> None:
        """Drop the connection."""
        self._writer.close()

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """One request; (status, body). A connection the server has ended meanwhile is opened anew, as a page does."""
        if self._reader.at_eof() or self._writer.is_closing():
            self._writer.close()
            await self.open()
        cookie = f"cookie: seat={self.cookie}\r\n" if self.cookie else ""
        csrf = f"x-csrf-token: {self.csrf}\r\n" if self.csrf else ""
        head = (
            f"{method} /station/api/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"{cookie}{csrf}content-length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        header = await self._reader.readuntil(b"\r\n\r\n")
        status = int(header[9:12])
        length = 0
        for line in header.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
            elif line.startswith(b"set-cookie: seat="):
                at = header.lower().index(b"set-cookie: seat=") + 17
                self.cookie = header[at:].split(b";")[0].decode()
        return status, await self._reader.readexactly(length) if length else b""

    async def sign_in(self, last_four: str) -> None:
        """Sign in and accept the rules."""
        status, body = await self.request("POST", "sign-in", msgspec.json.encode({"last_four": last_four}))
        if status != 200:
            raise RuntimeError(f"sign-in: {status} {body!r}")
        shown = msgspec.json.decode(body, type=wire.Attempt)
        self.csrf, self.attempt, self.lease = shown.csrf, shown.attempt, shown.lease
        status, body = await self.request("POST", "rules", b"{}")
        if status != 200:
            raise RuntimeError(f"rules: {status} {body!r}")

    def change(self, now: str) -> bytes:
        """The body of the next change."""
        self.n += 1
        position, value = (self.n - 1) % 100 + 1, "AB"[self.n % 2]
        return (
            f'{{"attempt":"{self.attempt}","lease":{self.lease},"answers":'
            f'[{{"n":{self.n},"position":{position},"value":"{value}","at":"{now}"}}]}}'
        ).encode()
