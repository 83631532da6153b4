"""Find cameras by WS-Discovery: own UDP probes on every interface, several times, so that none is missed.

An answer is taken whatever message id it bears: some devices send equal ids or relate to none.
"""

import asyncio
import contextlib
import socket
from urllib.parse import urlsplit

import msgspec

from cameras import interfaces
from cameras.wsdiscovery import GROUP, PORT, probe, read_matches

PROBES = 3
TYPES = ("dn:NetworkVideoTransmitter", "")


class Found(msgspec.Struct, kw_only=True):
    """A camera that answered. `address`: HOST:PORT to give to `cameras probe`."""

    address: str
    endpoint: str
    name: str
    hardware: str
    addresses: list[str]
    seen_from: list[str]
    """Addresses the answers came from."""


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, found: dict[str, Found]) -> None:
        self._found = found

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for match in read_matches(data):
            address = _address(match.addresses, addr[0])
            key = match.endpoint or address
            known = self._found.get(key)
            if known is None:
                self._found[key] = Found(
                    address=address,
                    endpoint=match.endpoint,
                    name=match.scope("name").replace("%20", " "),
                    hardware=match.scope("hardware").replace("%20", " "),
                    addresses=match.addresses,
                    seen_from=[addr[0]],
                )
            elif addr[0] not in known.seen_from:
                known.seen_from.append(addr[0])

    def error_received(self, exc: Exception) -> None:
        """An interface that is down or a host without a listener: others still answer."""


def _address(offered: list[str], sender: str) -> str:
    """The offered address on the sender's own host, else the sender with the offered port."""
    ports = []
    for item in offered:
        try:
            parts = urlsplit(item)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            continue
        if parts.hostname == sender:
            return f"{sender}:{port}"
        ports.append(port)
    return f"{sender}:{ports[0] if ports else 80}"


async def discover(seconds: float = 3.0, hosts: list[str] | None = None, port: int = PORT) -> list[Found]:
    """Every camera that answers within `seconds`, in order of address. `hosts`: also asked directly."""
    loop = asyncio.get_running_loop()
    found: dict[str, Found] = {}
    sockets: list[tuple[asyncio.DatagramTransport, list[tuple[str, int]]]] = []
    targets = [(GROUP, port)]
    for _index, address in interfaces.addresses():
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.setblocking(False)
        with contextlib.suppress(OSError):
            link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        link.bind((address, 0))
        transport, _protocol = await loop.create_datagram_endpoint(lambda: _Listener(found), sock=link)
        sockets.append((transport, targets))
    if hosts:
        transport, _protocol = await loop.create_datagram_endpoint(
            lambda: _Listener(found), local_addr=("0.0.0.0", 0)
        )
        sockets.append((transport, [(host, port) for host in hosts]))
    try:
        for _round in range(PROBES):
            for transport, asked in sockets:
                for target in asked:
                    for types in TYPES:
                        transport.sendto(probe(types=types), target)
            await asyncio.sleep(seconds / PROBES)
    finally:
        for transport, _asked in sockets:
            transport.close()
    return sorted(found.values(), key=lambda camera: camera.address)
