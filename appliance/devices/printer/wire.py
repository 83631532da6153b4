"""The bytes to a printer and back, each step by a deadline: a TCP connection, a serial port, or a USB printer.

python-escpos has ways of its own to the printer. They are not used: its serial one has no limit for writing and waits
on closing until a switched-off printer has taken everything; its USB one claims the device from the kernel by libusb,
for which the entry process would have to be let at every USB device of the box. Here a USB printer is the kernel's own
`/dev/usb/lp*` (usblp).
"""

import os
import select
import socket
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import serial

from appliance.base.printer_address import Address, NetworkPrinter, SerialPrinter, UsbPrinter

CONNECT = 2.0
SLICE = 0.1
"""Seconds after which a wait looks whether it shall end."""
USB_PRINTERS = Path("/sys/class/usbmisc")
USB_FILES = Path("/dev/usb")


class Gone(Exception):
    """The printer cannot be reached, or went away; `code` is one of port.SENTENCES."""

    def __init__(self, code: str = "missing") -> None:
        super().__init__(code)
        self.code = code


class Late(Exception):
    """The printer did not take the bytes in time."""


class Wire:
    """An opened way to one printer."""

    def __init__(self, fd: int, close: Callable[[], None], stop: threading.Event) -> None:
        self._fd = fd
        self._close = close
        self._stop = stop

    def send(self, data: bytes, seconds: float) -> None:
        """Hand over all of `data`. Raises Late when it takes longer than `seconds`, Gone when the printer went away."""
        until = time.monotonic() + seconds
        rest = memoryview(data)
        while rest:
            self._wait(until, writing=True)
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone from error

    def receive(self, wanted: Callable[[int], bool], seconds: float) -> int | None:
        """The next byte that is `wanted`; None when there is none within `seconds`. Others are thrown away."""
        until = time.monotonic() + seconds
        while True:
            try:
                self._wait(until, writing=False)
            except Late:
                return None
            try:
                data = os.read(self._fd, 64)
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone from error
            if not data:
                raise Gone
            for byte in data:
                if wanted(byte):
                    return byte

    def drain(self) -> None:
        """Throw away what was said before."""
        while self.receive(lambda _byte: True, 0.0) is not None:
            pass

    def _wait(self, until: float, writing: bool) -> None:
        """Until the way is free, or `until`. Raises Late, or Gone when the process ends meanwhile."""
        while True:
            if self._stop.is_set():
                raise Gone("stopped")
            left = max(0.0, min(SLICE, until - time.monotonic()))
            ways = ([], [self._fd]) if writing else ([self._fd], [])
            readable, writable, _ = select.select(*ways, [], left)
            if readable or writable:
                return
            if time.monotonic() >= until:
                raise Late

    def close(self) -> None:
        """Let go; what the printer has not taken is dropped."""
        self._close()


def open_wire(address: Address, baud: int, stop: threading.Event) -> Wire:
    """Raises Gone. `stop`: ends every wait at once."""
    try:
        match address:
            case NetworkPrinter(host, port):
                return _network(host, port, stop)
            case SerialPrinter(path):
                return _serial(path, baud, stop)
            case UsbPrinter():
                fd = os.open(usb_file(address), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
                return Wire(fd, lambda: os.close(fd), stop)
    except (
        OSError,
        ValueError,
    ) as error:  # pyserial's are OSErrors, or ValueErrors for what is no port at all
        raise Gone from error


def _network(host: str, port: int, stop: threading.Event) -> Wire:
    link = socket.create_connection((host, port), timeout=CONNECT)
    link.setblocking(False)

    def close() -> None:
        with suppress(OSError):
            link.shutdown(socket.SHUT_WR)
        link.close()

    return Wire(link.fileno(), close, stop)


def _serial(path: str, baud: int, stop: threading.Event) -> Wire:
    port = serial.Serial(path, baud, timeout=0, exclusive=True)

    def close() -> None:
        with suppress(OSError, termios.error):
            port.reset_output_buffer()  # or closing waits for a printer that is switched off
        with suppress(OSError, termios.error):
            port.close()

    return Wire(port.fileno(), close, stop)


def usb_file(address: UsbPrinter, known: Path | None = None, files: Path | None = None) -> Path:
    """The kernel's file of a USB printer. Raises Gone: none such, or several."""
    known, files = known or USB_PRINTERS, files or USB_FILES
    found = []
    for entry in sorted(known.glob("lp*")):
        device = (entry / "device").resolve().parent  # an interface lies below its device
        with suppress(OSError):
            kind = [(device / name).read_text().strip().lower() for name in ("idVendor", "idProduct")]
            if kind == [address.vendor, address.product] and address.socket in ("", device.name):
                found.append(files / entry.name)
    if len(found) != 1:
        raise Gone("several" if found else "missing")
    return found[0]
