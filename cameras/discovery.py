"""Find cameras: WS-Discovery by own UDP probes on every interface, several times, so that none is missed; and by
address, with or without discovery.

An answer is taken whatever message id it bears: some devices send equal ids or relate to none. Two answers with one
endpoint name are two cameras unless their addresses meet: cheap cameras are shipped with equal names.
"""

import asyncio
import contextlib
import socket
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from appliance.base.errors import Corrupt, DeviceFault, ExamError, NotFound
from appliance.base.i18n import N_
from cameras import interfaces
from cameras.address import split_address
from cameras.onvif import OnvifCamera
from cameras.wsdiscovery import GROUP, PORT, Match, probe, read_matches

PROBES = 3
TYPES = ("dn:NetworkVideoTransmitter", "tds:Device", "")
USUAL_PORTS = (80, 8080, 8000, 8899, 2020, 5000)
"""Where cameras of common makes have their ONVIF service."""
CONNECT_TIMEOUT = 2.0
AT_ONCE = 32
"""Addresses asked at the same time."""


class Found(msgspec.Struct, kw_only=True):
    """A camera that answered. `address`: HOST:PORT to give to `cameras probe`."""

    address: str
    endpoint: str
    name: str
    hardware: str
    addresses: list[str]
    seen_from: list[str]
    """Addresses the answers came from."""


class Discovered(msgspec.Struct, kw_only=True):
    """The JSON of `cameras discover`. `silent`: named addresses at which no camera answered."""

    cameras: list[Found]
    silent: list[str] = []


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, found: list[Found]) -> None:
        self._found = found

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for match in read_matches(data):
            if match.is_camera():
                add(self._found, match, addr[0])

    def error_received(self, exc: Exception) -> None:
        """An interface that is down or a host without a listener: others still answer."""


def add(found: list[Found], match: Match, sender: str) -> None:
    """One answer: of a camera known already, or of another one."""
    address = _address(match.addresses, sender)
    for known in found:
        one_name = known.endpoint == match.endpoint and set(known.addresses) & set(match.addresses)
        if known.address == address or one_name:
            if sender not in known.seen_from:
                known.seen_from.append(sender)
            return
    found.append(
        Found(
            address=address,
            endpoint=match.endpoint,
            name=unquote(match.scope("name")),
            hardware=unquote(match.scope("hardware")),
            addresses=match.addresses,
            seen_from=[sender],
        )
    )


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
    """Every camera that answers within `seconds`, in order of address. `hosts`: IPv4 addresses asked directly too."""
    loop = asyncio.get_running_loop()
    found: list[Found] = []
    links: list[tuple[asyncio.DatagramTransport, list[tuple[str, int]]]] = []
    try:
        for _index, address in interfaces.addresses():
            # An interface that goes away just now must not take the others with it.
            with contextlib.suppress(OSError):
                links.append((await _link(loop, found, address), [(GROUP, port)]))
        if hosts:
            links.append((await _link(loop, found, ""), [(host, port) for host in hosts]))
        for _round in range(PROBES):
            for transport, asked in links:
                for target in asked:
                    for types in TYPES:
                        transport.sendto(probe(types=types), target)
            await asyncio.sleep(seconds / PROBES)
    finally:
        for transport, _asked in links:
            transport.close()
    return sorted(found, key=lambda camera: camera.address)


async def _link(
    loop: asyncio.AbstractEventLoop, found: list[Found], address: str
) -> asyncio.DatagramTransport:
    """A socket that sends from this address of ours by its own interface; empty = as the system chooses."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        link.setblocking(False)
        if address:
            link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        link.bind((address, 0))
    except OSError:
        link.close()
        raise
    transport, _protocol = await loop.create_datagram_endpoint(lambda: _Listener(found), sock=link)
    return transport


async def find_all(seconds: float, addresses: list[str], port: int = PORT) -> Discovered:
    """Discovery, and every named address asked directly: by a probe, and by its ONVIF service, which also cameras
    answer whose discovery is switched off or lies behind a router. Nothing secret is sent.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask(address: str) -> Found | None:
        async with turn:
            return await by_address(address)

    hosts = await _resolved(addresses)
    probing = asyncio.ensure_future(discover(seconds, hosts, port))
    asked = await asyncio.gather(*(ask(one) for one in addresses))
    cameras, silent = list(await probing), []
    for address, camera in zip(addresses, asked, strict=True):
        if camera and camera.address not in {known.address for known in cameras}:
            cameras.append(camera)
        if camera is None and not any(_is_at(known, address) for known in cameras):
            silent.append(address)
    return Discovered(cameras=sorted(cameras, key=lambda one: one.address), silent=silent)


def _is_at(camera: Found, address: str) -> bool:
    host, port = split_address(address)
    return camera.address == f"{host}:{port}" or (
        ":" not in address and camera.address.rpartition(":")[0] == host
    )


async def _resolved(addresses: list[str]) -> list[str]:
    """IPv4 addresses of the named hosts; a name nobody knows stays silent."""
    loop = asyncio.get_running_loop()
    found = []
    for address in addresses:
        with contextlib.suppress(OSError):
            told = await loop.getaddrinfo(
                split_address(address)[0], None, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
            found.append(str(told[0][4][0]))
    return list(dict.fromkeys(found))


async def by_address(address: str) -> Found | None:
    """Ask HOST[:PORT] for its time, anonymously; without a port at the usual ones. None: no camera there."""
    host, port = split_address(address)
    named = port != 80 or address.rstrip("/").endswith(":80")
    for candidate in (port,) if named else USUAL_PORTS:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _reader, writer = await asyncio.open_connection(host, candidate)
            writer.close()
        except (OSError, TimeoutError):
            continue
        try:
            await asyncio.to_thread(OnvifCamera(f"{host}:{candidate}", "", "").read_clock)
        except DeviceFault as error:
            if error.code != "camera_empty_answer":
                continue  # a printer's page, a switch
        except ExamError:
            pass  # it refuses an anonymous question, in ONVIF's own words: a camera
        shown = f"{host}:{candidate}"
        service = f"http://{shown}/onvif/device_service"
        return Found(address=shown, endpoint="", name="", hardware="", addresses=[service], seen_from=[host])
    return None


def read_list(path: Path) -> list[str]:
    """Addresses from a text file: one HOST[:PORT] a line, first column of a table, # begins a remark.

    Raises NotFound, or Corrupt with the line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            "no_such_file",
            N_("The file {path} cannot be read."),
            N_("Check the name."),
            path=str(path),
        ) from error
    found = []
    for number, line in enumerate(lines, 1):
        told = line.partition("#")[0].replace(",", " ").replace(";", " ").replace("\t", " ").split()
        if not told:
            continue
        try:
            split_address(told[0])
        except Corrupt as error:
            raise Corrupt(
                "bad_list",
                N_("Line {line} of {path}: {address} is no HOST:PORT."),
                N_("One address in each line; # begins a remark."),
                line=number,
                path=str(path),
                address=told[0],
            ) from error
        found.append(told[0])
    return list(dict.fromkeys(found))
