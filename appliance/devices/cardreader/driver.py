"""A SAM reader on a serial port (pyserial), in a thread of its own.

The port is a stable path such as /dev/serial/by-id/...: unplugged and plugged in again, it is opened anew
within half a second. Find is polled every 300 ms. After a read a card must leave the field: most readers
find it no more, and one that does is asked for the same number twice without a second tap.
"""

import asyncio
import termios
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Self

import serial

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import DeviceFault, ExamError
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.devices.cardreader import layouts, protocol
from appliance.devices.cardreader.dialogue import CardRead, Dialogue, Failed, believable
from appliance.devices.cardreader.port import ReaderEvent, ReaderLost, ReaderReady, Tap, TapFailed
from appliance.devices.cardreader.protocol import Command, Decoder, Response

POLL = 0.3
REOPEN = 0.25
READ_TRIES = 3
SILENT_AFTER = 3
"""Requests in a row without an answer after which the reader counts as silent."""
TIMEOUTS = {Command.FIND: 0.5, Command.SELECT: 0.5, Command.READ: 2.5, Command.READ_WITH_FINGERPRINT: 3.5}
DEFAULT_TIMEOUT = 1.0
GAP = 0.25
"""Seconds without a byte after which a frame that has begun is given up."""

MISSING = N_("The card reader is not plugged in.")
SILENT = N_("The card reader does not answer.")


class _Lost(Exception):
    """The port is gone."""


class _Silent(Exception):
    """The reader did not answer `command` in time, or only with damaged frames."""

    def __init__(self, command: Command) -> None:
        super().__init__(command)
        self.command = command


class Link:
    """One opened port: asks and waits for the answer."""

    def __init__(self, port: str, baud: int) -> None:
        self.baud = baud
        try:
            self._serial = serial.Serial(port, baud, timeout=0.05, write_timeout=1.0, exclusive=True)
        except (OSError, ValueError, termios.error) as error:  # termios.error: unplugged while it is set up
            raise _Lost from error

    def ask(self, command: Command) -> Response:
        """Send `command` and return its answer. Raises _Lost or _Silent; damaged frames count as silence."""
        decoder = Decoder()
        wait = TIMEOUTS.get(command, DEFAULT_TIMEOUT) + 1400 * 10 / self.baud
        try:
            self._serial.reset_input_buffer()
            self._serial.write(protocol.request(command))
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                chunk = self._serial.read(max(1, self._serial.in_waiting))
                damaged = False
                for event in decoder.feed(chunk):
                    if isinstance(event, Response) and believable(command, event):
                        return event
                    damaged = True
                if damaged or (chunk and decoder.pending > len(protocol.PREAMBLE)):
                    deadline = min(deadline, time.monotonic() + GAP)
        except serial.SerialTimeoutException as error:
            raise _Silent(command) from error
        except (OSError, TypeError, termios.error) as error:  # TypeError: closed under pyserial's feet
            raise _Lost from error
        raise _Silent(command)

    def close(self) -> None:
        """Free the port."""
        try:
            self._serial.close()
        except OSError:
            return  # the device is gone, and with it the port: nothing is left to free


class SerialCardReader:
    """The serial implementation of `CardReader`."""

    def __init__(self, port: str, baud: int = 115200, clock: Clock | None = None, poll: float = POLL) -> None:
        self.port = port
        self.baud = baud
        self.sam_id = ""
        self._clock = clock or SystemClock()
        self._poll = poll
        self._stop = threading.Event()
        self._lost = ""
        self._told = False

    def events(self) -> AsyncIterator[ReaderEvent]:
        """See `CardReader`. Starts the reading thread; call it once, inside a running loop."""
        return _Events(self)

    def close(self) -> None:
        """See `CardReader`."""
        self._stop.set()

    def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Read cards until `close`; blocks. `emit` is called in this thread."""
        while not self._stop.is_set():
            try:
                link = Link(self.port, self.baud)
            except _Lost:
                self._tell_lost(emit, "missing", MISSING)
                self._stop.wait(REOPEN)
                continue
            try:
                self._serve(link, emit)
            except _Lost:
                self._tell_lost(emit, "missing", MISSING)
                self._stop.wait(REOPEN)
            finally:
                link.close()

    def _tell_lost(self, emit: Callable[[ReaderEvent], None], code: str, sentence: str) -> None:
        if self._lost != code:
            self._lost = code
            emit(ReaderLost(at=self._clock.now(), code=code, sentence=sentence))

    def _serve(self, link: Link, emit: Callable[[ReaderEvent], None]) -> None:
        """Poll one opened port until it is lost or the driver is closed."""
        last = ""
        answering = False
        misses = 0
        tries = 0
        unread = False
        while not self._stop.is_set():
            try:
                if not answering:
                    self.sam_id = protocol.sam_id(link.ask(Command.SAM_ID).data) or ""
                    answering, misses = True, 0
                    if self._lost or not self._told:
                        self._lost, self._told = "", True
                        emit(ReaderReady(at=self._clock.now(), sam_id=self.sam_id))
                outcome = read_card(link)
                misses = 0
            except _Silent as silence:
                misses += 1
                unread = unread or silence.command is Command.READ
                if misses >= SILENT_AFTER or not answering:
                    answering = False
                    self._tell_lost(emit, "silent", SILENT)
                    self._stop.wait(self._poll)
                continue
            if isinstance(outcome, Failed):
                if outcome.at is Command.FIND:
                    if unread:  # its answer was damaged, and the reader finds a card that stays only once
                        emit(self._failed("damaged", protocol.DAMAGED))
                    last, tries, unread = "", 0, False
                    self._stop.wait(self._poll)
                    continue
                tries += 1
                if tries == READ_TRIES:
                    emit(self._failed(outcome.cause.code, outcome.cause.sentence))
                self._stop.wait(self._poll if tries >= READ_TRIES else 0.05)
                continue
            tries, unread = 0, False
            last = self._tap(outcome, last, emit)
            self._stop.wait(self._poll)

    def _failed(self, code: str, sentence: str) -> TapFailed:
        return TapFailed(
            tap_id=new_id(), at=self._clock.now(), code=code, sentence=sentence, sam_id=self.sam_id
        )

    def _tap(self, read: CardRead, last: str, emit: Callable[[ReaderEvent], None]) -> str:
        """Report a card that was read, unless it has stayed on the reader.

        Returns what to compare the next with.
        """
        try:
            card = layouts.read(read.data.text)
        except ExamError as error:
            if last != error.code:
                emit(self._failed(error.code, protocol.ILLEGIBLE))
            return error.code
        if card.number != last:
            emit(
                Tap(
                    tap_id=new_id(),
                    at=self._clock.now(),
                    card=card,
                    sam_id=self.sam_id,
                    photo=read.data.photo,
                )
            )
        return card.number


class _Events:
    """The events of one reader's thread. Unlike a generator it survives a cancelled wait."""

    def __init__(self, reader: SerialCardReader) -> None:
        loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[ReaderEvent] = asyncio.Queue()

        def emit(event: ReaderEvent) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._queue.put_nowait, event)

        name = f"reader {reader.port}"
        threading.Thread(target=reader.run, args=(emit,), name=name, daemon=True).start()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReaderEvent:
        return await self._queue.get()


def read_card(link: Link) -> CardRead | Failed:
    """Find, select and read one card. Raises _Lost or _Silent."""
    dialogue = Dialogue()
    while True:
        step = dialogue.answered(link.ask(dialogue.wanted()))
        if step is not None:
            return step


def read_once(port: str, baud: int, timeout: float) -> protocol.CardData:
    """Wait at most `timeout` seconds for a card and return its blocks. Raises DeviceFault with the cause."""
    try:
        link = Link(port, baud)
    except _Lost as error:
        raise DeviceFault("missing", MISSING, N_("Check the port's path and the cable.")) from error
    deadline = time.monotonic() + timeout
    code, sentence = "silent", SILENT
    try:
        while time.monotonic() < deadline:
            try:
                outcome = read_card(link)
            except _Silent:
                continue
            if isinstance(outcome, CardRead):
                return outcome.data
            code, sentence = outcome.cause.code, outcome.cause.sentence
            time.sleep(min(POLL, max(0.0, deadline - time.monotonic())))
    except _Lost as error:
        raise DeviceFault("missing", MISSING, N_("Check the port's path and the cable.")) from error
    finally:
        link.close()
    raise DeviceFault(code, sentence, N_("Put the card down again, or check the reader."))
