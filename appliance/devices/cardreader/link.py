"""One opened serial port (pyserial) to a SAM reader: ask, and wait for the answer that belongs to the request."""

import errno
import re
import termios
import time

import serial

from appliance.base.i18n import N_
from appliance.devices.cardreader import protocol
from appliance.devices.cardreader.dialogue import CardRead, Dialogue, Failed, believable
from appliance.devices.cardreader.protocol import BadFrame, Command, Decoder, Event, Response

BAUDS = (115200, 57600, 38400, 19200, 9600)
"""The speeds a reader can be set to (its command 60)."""
TIMEOUTS = {
    Command.STATUS: 0.5,
    Command.SAM_ID: 0.5,
    Command.FIND: 0.5,
    Command.SELECT: 0.5,
    Command.READ: 2.5,
    Command.READ_WITH_FINGERPRINT: 3.5,
}
DEFAULT_TIMEOUT = 1.0
GAP = 0.25
"""Seconds without a byte after which a frame that has begun is given up."""

LOST = {
    "missing": N_("The card reader is not plugged in."),
    "in_use": N_("The card reader's port is in use by another program."),
    "not_allowed": N_("This program may not use the card reader's port."),
    "silent": N_("The card reader does not answer."),
}
"""Why there is no reader, by stable code -> sentence for staff (message id)."""
_ERRNO = {
    errno.EAGAIN: "in_use",
    errno.EBUSY: "in_use",
    errno.EACCES: "not_allowed",
    errno.EPERM: "not_allowed",
}
UNSTABLE = N_(
    "{port} may be another device after the next plugging in: use a path below /dev/serial/by-path/."
)
_COUNTED = re.compile(r"/dev/tty(USB|ACM)\d+")


class Lost(Exception):
    """The port is gone, or cannot be had; `code` is one of `LOST`."""

    def __init__(self, code: str = "missing") -> None:
        super().__init__(code)
        self.code = code


class Silent(Exception):
    """The reader did not answer `command` in time; `damaged` tells of frames that came and were none."""

    def __init__(self, command: Command, damaged: BadFrame | None = None) -> None:
        super().__init__(command)
        self.command = command
        self.damaged = damaged


def stable(port: str) -> bool:
    """False for a path that another reader may have after the next plugging in, such as /dev/ttyUSB0.

    /dev/serial/by-path/ names the socket of the box, so that a reader may be exchanged; by-id/ the reader
    itself, which two of one make without a serial number share.
    """
    return _COUNTED.fullmatch(port) is None


class Link:
    """One opened port. Raises Lost when it cannot be opened."""

    def __init__(self, port: str, baud: int) -> None:
        self.baud = baud
        try:
            self._serial = serial.Serial(port, baud, timeout=0.05, write_timeout=1.0, exclusive=True)
        except OSError as error:
            raise Lost(_ERRNO.get(error.errno or 0, "missing")) from error
        except (ValueError, termios.error) as error:  # termios.error: unplugged while it is set up
            raise Lost from error

    def ask(self, command: Command) -> Response:
        """Send `command` and return its answer. Raises Lost or Silent; damaged frames count as silence."""
        decoder = Decoder()
        wait = TIMEOUTS.get(command, DEFAULT_TIMEOUT) + 1400 * 10 / self.baud
        damaged: BadFrame | None = None
        try:
            self._serial.reset_input_buffer()
            self._serial.write(protocol.request(command))
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                chunk = self._serial.read(max(1, self._serial.in_waiting))
                answer, bad, disturbed = _among(decoder.feed(chunk), command)
                if answer:
                    return answer
                damaged = bad or damaged
                if disturbed or (chunk and decoder.pending > len(protocol.PREAMBLE)):
                    deadline = min(deadline, time.monotonic() + GAP)
        except serial.SerialTimeoutException as error:
            raise Silent(command) from error
        except (OSError, TypeError, termios.error) as error:  # TypeError: closed under pyserial's feet
            raise Lost from error
        answer, bad, _ = _among(decoder.end(), command)  # a cut frame may have hidden the answer behind it
        if answer:
            return answer
        raise Silent(command, bad or damaged)

    def close(self) -> None:
        """Free the port."""
        try:
            self._serial.close()
        except OSError:
            return  # the device is gone, and with it the port: nothing is left to free


def _among(events: list[Event], command: Command) -> tuple[Response | None, BadFrame | None, bool]:
    """The answer to `command` among what arrived, the last damaged frame, and whether there was anything else."""
    damaged: BadFrame | None = None
    for event in events:
        if isinstance(event, Response) and believable(command, event):
            return event, damaged, True
        if isinstance(event, BadFrame):
            damaged = event
    return None, damaged, bool(events)


def read_card(link: Link, fingerprint: bool = False, address: bool = False) -> CardRead | Failed:
    """Find, select and read one card. Raises Lost or Silent."""
    dialogue = Dialogue(fingerprint, address)
    while True:
        try:
            step = dialogue.answered(link.ask(dialogue.wanted()))
        except Silent:
            step = dialogue.abandon()
            if step is None:
                raise
        if step is not None:
            return step


Greeting = tuple[str, protocol.Cause | None]


def greet(link: Link) -> Greeting:
    """The reader's number and, when its security module does not work, the cause. Raises Lost or Silent.

    A module that fails is reset once. A reader that does not know the request is taken for sound.
    """
    answer = link.ask(Command.STATUS)
    if not _sound(answer):
        link.ask(Command.RESET)
        answer = link.ask(Command.STATUS)
        if not _sound(answer):
            return "", answer.cause
    return protocol.sam_id(link.ask(Command.SAM_ID).data) or "", None


def _sound(answer: Response) -> bool:
    return answer.cause.ok or answer.cause.code == "bad_command"
