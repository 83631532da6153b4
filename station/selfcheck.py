"""Does this computer meet the site list, and is it locked: only the box answers, forbidden addresses are refused.

The limits are those of the exam-site inspection list, item A9 (facts: site_requirements.md). A self-check says
what the machine says of itself; its limits are told in docs/hardware.md.
"""

import errno
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from appliance.base.i18n import _
from station import machine
from station.settings import StationFile

GHZ = 2.5
MEMORY_MB = 4096 * 0.9
"""4 GB of memory modules, less what firmware and graphics keep for themselves."""
DISK_GB = 100.0
LINK_MBIT = 100
PIXELS = 1_000_000
WAIT = 2.0


class Check(msgspec.Struct):
    """One line of the check."""

    code: str
    ok: bool
    detail: str


def place(text: str) -> tuple[str, int]:
    """`ADDRESS:PORT` or `[v6]:PORT`. Raises ValueError."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.port is None:
        raise ValueError(f"{text} is not ADDRESS:PORT")
    return parts.hostname, parts.port


def reach(address: str, port: int, wait: float = WAIT) -> str:
    """`open`, or why not: the error's name, or `timeout`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as stream:
            stream.settimeout(wait)
            stream.connect((address, port))
        return "open"
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def box_answers(station: StationFile, try_: Callable[[str, int], str] = reach) -> list[Check]:
    """The box's port answers at every address it has."""
    found = []
    for address in station.addresses:
        how = try_(address, station.port)
        found.append(Check("box_answers", how == "open", f"{address}:{station.port} {how}"))
    return found


def nothing_else_answers(station: StationFile, try_: Callable[[str, int], str] = reach) -> list[Check]:
    """No forbidden address answers, nor any other port of the box. Silence counts as refused, and is told."""
    places = [place(text) for text in station.forbidden]
    places += [(address, port) for address in station.addresses for port in (22, 80) if port != station.port]
    found = []
    for address, port in places:
        how = try_(address, port)
        found.append(Check("forbidden_refused", how != "open", f"{address}:{port} {how}"))
    return found


def hardware(station: StationFile) -> list[Check]:
    """Processor, memory, disk, network and camera against the list."""
    model, ghz, threads = machine.processor()
    memory, disk = machine.memory_mb(), machine.disk_gb()
    cameras = machine.cameras()
    best = max(cameras.values(), key=lambda size: size[0] * size[1], default=(0, 0))
    found = [
        Check("processor", ghz >= GHZ, f"{model}, {ghz} GHz, {threads}"),
        Check("memory", memory >= MEMORY_MB, f"{memory} MB"),
        Check("disk", disk >= DISK_GB, f"{disk} GB"),
        Check("camera", best[0] * best[1] >= PIXELS, f"{best[0]}x{best[1]}" if cameras else _("none")),
    ]
    wired = [entry for entry in machine.addresses() if station.interface in ("", entry["interface"])]
    fixed = bool(wired) and not any(entry["dynamic"] for entry in wired)
    found.append(Check("fixed_address", fixed, ", ".join(entry["address"] for entry in wired) or _("none")))
    speeds = {entry["interface"]: machine.link_mbit(entry["interface"]) for entry in wired}
    fastest = max(speeds.values(), default=0)
    found.append(Check("network", fastest >= LINK_MBIT, f"{fastest} Mbit/s"))
    return found


def locked(station: StationFile) -> bool:
    """Only the box answers."""
    return all(check.ok for check in [*box_answers(station), *nothing_else_answers(station)])


def everything(station: StationFile) -> list[Check]:
    """The whole self-check of the machine."""
    return [*box_answers(station), *nothing_else_answers(station), *hardware(station)]
