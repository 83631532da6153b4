"""Where a ticket printer is: one text of the configuration file, taken apart.

`tcp://192.168.10.50:9100` (the network), `/dev/serial/by-path/...` (a serial port), `usb://04b8:0e15` (vendor and
product as `lsusb` shows them), `usb://04b8:0e15@1-1.3` (that one at this socket, where the box has two alike).
"""

import ipaddress
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import msgspec

TCP, USB = "tcp://", "usb://"
RAW_PORT = 9100
"""Where printers take raw data in the network."""
_USB = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})(?:@(\d+(?:-\d+(?:\.\d+)*)?))?", re.IGNORECASE)


class NetworkPrinter(msgspec.Struct, frozen=True):
    """In the network, by a numeric address: a name would have to be looked up while somebody waits."""

    host: str
    port: int = RAW_PORT


class SerialPrinter(msgspec.Struct, frozen=True):
    """At a serial port, or a USB-serial adapter."""

    path: str


class UsbPrinter(msgspec.Struct, frozen=True):
    """At a USB socket. `socket`: the box's name for it (`1-1.3`), empty = wherever it is."""

    vendor: str
    product: str
    socket: str = ""


Address = NetworkPrinter | SerialPrinter | UsbPrinter


def printer_address(text: str) -> Address:
    """Take `text` apart. Raises ValueError that shows the right form."""
    if text.startswith(TCP):
        return _network(text)
    if text.startswith(USB):
        found = _USB.fullmatch(text.removeprefix(USB))
        if found is None:
            raise ValueError(f"{text!r} is no USB printer: usb://04b8:0e15, or usb://04b8:0e15@1-1.3")
        return UsbPrinter(found[1].lower(), found[2].lower(), found[3] or "")
    if PurePosixPath(text).is_absolute():
        return SerialPrinter(text)
    raise ValueError(
        f"{text!r} is no printer: tcp://192.168.10.50:9100, /dev/serial/by-path/..., or usb://04b8:0e15"
    )


def _network(text: str) -> NetworkPrinter:
    try:
        where = urlsplit(text)
        host = str(ipaddress.ip_address(where.hostname or ""))
        port = where.port
    except ValueError:
        raise ValueError(
            f"{text!r} is no network printer: tcp://192.168.10.50:9100, with a numeric address"
        ) from None
    if where.path or where.username or port == 0:
        raise ValueError(f"{text!r} is no network printer: tcp://192.168.10.50:9100")
    return NetworkPrinter(host, port or RAW_PORT)
