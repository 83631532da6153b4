"""WS-Discovery side of a simulated camera: answers probes by multicast and by unicast, on every interface."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import cast

from cameras import interfaces
from cameras.wsdiscovery import GROUP, PORT, Match, probe_matches, read_probe, wants_cameras


class Responder(asyncio.DatagramProtocol):
    """`match(host)`: what the camera says of itself to somebody who sees it as `host`."""

    def __init__(self, match: Callable[[str], Match], fixed_message: str = "") -> None:
        self._match = match
        self._fixed = fixed_message
        """A message id sent with every answer, as some real cameras do."""
        self._transport: asyncio.DatagramTransport | None = None
        self._answers: socket.socket | None = None
        self.probes = 0

    async def start(self, port: int = PORT, host: str = "") -> None:
        """Join the group on every interface. Raises OSError when the port is held by somebody alone.

        `host`: the camera's one address, which its answers come from; empty = whatever leads to the asker.
        """
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            link.bind(("", port))
            for index, _address in interfaces.addresses():
                member = socket.inet_aton(GROUP) + struct.pack("4si", b"", index)
                with contextlib.suppress(OSError):
                    link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError:
            link.close()
            raise
        link.setblocking(False)
        if host:
            self._answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._answers.bind((host, 0))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=link)

    def stop(self) -> None:
        """Answer no more."""
        if self._transport:
            self._transport.close()
            self._transport = None
        if self._answers:
            self._answers.close()
            self._answers = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        # asyncio's own datagram transport is no subclass of DatagramTransport in Python 3.11.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Somebody asks."""
        asked = read_probe(data)
        if asked is None or not wants_cameras(asked[1]) or not self._transport:
            return
        self.probes += 1
        match = self._match(interfaces.address_towards(addr[0]))
        related = Match(match.endpoint, match.addresses, match.scopes, asked[0])
        answer = probe_matches(related, self._fixed)
        if self._answers is None:
            self._transport.sendto(answer, addr)
            return
        # Whoever asks from where this one address leads nowhere hears nothing, as in a real network.
        with contextlib.suppress(OSError):
            self._answers.sendto(answer, addr)
