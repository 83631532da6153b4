"""A SAM reader on a serial port, in a thread of its own.

The port is a stable path such as /dev/serial/by-path/...: unplugged and plugged in again, it is opened anew
within half a second. Find is polled every 300 ms. After a read a card must leave the field: most readers
find it no more, and one that does is asked for the same number twice without a second tap.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Self

import msgspec

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import DeviceFault, ExamError
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.devices.cardreader import layouts, protocol
from appliance.devices.cardreader.dialogue import CardRead, Failed
from appliance.devices.cardreader.link import LOST, Link, Lost, Silent, greet, read_card
from appliance.devices.cardreader.port import ReaderEvent, ReaderLost, ReaderReady, Tap, TapFailed
from appliance.devices.cardreader.protocol import BadFrame, Command

POLL = 0.3
REOPEN = 0.25
READ_TRIES = 3
SILENT_AFTER = 3
"""Requests in a row without an answer after which the reader counts as silent."""

log = logging.getLogger("examsite.reader")

Emit = Callable[[ReaderEvent], None]


class _Field:
    """What the driver remembers of the card on the reader."""

    def __init__(self) -> None:
        self.last = ""
        """Number of the card that was told, or code of what was wrong with it."""
        self.tries = 0
        """Readings of it that failed."""
        self.unread = False
        """Its answer was damaged on the way, and the reader finds a card that stays only once."""


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
        self._answering = False
        self._misses = 0
        self._field = _Field()

    def events(self) -> AsyncIterator[ReaderEvent]:
        """See `CardReader`. Starts the reading thread; call it once, inside a running loop."""
        return _Events(self)

    def close(self) -> None:
        """See `CardReader`."""
        self._stop.set()

    def run(self, emit: Emit) -> None:
        """Read cards until `close`; blocks. `emit` is called in this thread."""
        while not self._stop.is_set():
            try:
                link = Link(self.port, self.baud)
            except Lost as lost:
                self._tell_lost(emit, lost.code, LOST[lost.code])
                self._stop.wait(REOPEN)
                continue
            self._answering, self._misses, self._field = False, 0, _Field()
            try:
                while not self._stop.is_set():
                    self._stop.wait(self._turn(link, emit))
            except Lost as lost:
                self._tell_lost(emit, lost.code, LOST[lost.code])
                self._stop.wait(REOPEN)
            except Exception:  # the thread must outlive its own mistakes: the entrance hangs on it
                log.exception("reader %s", self.port)
                self._tell_lost(emit, "link_fault", protocol.CAUSES[0xFF].sentence)
                self._stop.wait(self._poll)
            finally:
                link.close()

    def _tell_lost(self, emit: Emit, code: str, sentence: str) -> None:
        self._answering = False
        if self._lost != code:
            self._lost = code
            emit(ReaderLost(at=self._clock.now(), code=code, sentence=sentence))

    def _tell_ready(self, emit: Emit) -> None:
        if self._lost or not self._told:
            self._lost, self._told = "", True
            emit(ReaderReady(at=self._clock.now(), sam_id=self.sam_id))

    def _turn(self, link: Link, emit: Emit) -> float:
        """Look once whether there is a card, and read it. Returns the seconds to wait before the next look."""
        try:
            if not self._answering:
                self.sam_id, fault = greet(link)
                if fault:
                    self._tell_lost(emit, fault.code, fault.sentence)
                    return self._poll
                self._answering = True
            outcome = read_card(link)
        except Silent as silence:
            self._misses += 1
            reading = (Command.READ, Command.READ_WITH_FINGERPRINT)
            self._field.unread = self._field.unread or silence.command in reading
            if (
                self._misses >= SILENT_AFTER
            ):  # not at once: one that was just plugged in needs its time to wake up
                self._tell_lost(emit, "silent", LOST["silent"])
            return 0.0 if self._answering else min(self._poll, REOPEN)
        if isinstance(outcome, Failed) and outcome.at is Command.FIND:
            return self._nothing(outcome, emit)
        self._misses = 0
        self._tell_ready(emit)
        if isinstance(outcome, Failed):
            self._field.tries += 1
            if self._field.tries == READ_TRIES:
                emit(self._failed(outcome.cause.code, outcome.cause.sentence))
            return self._poll if self._field.tries >= READ_TRIES else 0.05
        self._field.tries, self._field.unread = 0, False
        self._field.last = self._tap(outcome, self._field.last, emit)
        return self._poll

    def _nothing(self, outcome: Failed, emit: Emit) -> float:
        """No card was found: there is none, or the reader says that it cannot look."""
        if outcome.cause.code != "no_card":
            self._misses += 1
            if self._misses >= SILENT_AFTER:
                self._tell_lost(emit, outcome.cause.code, outcome.cause.sentence)
            return self._poll
        self._misses = 0
        self._tell_ready(emit)
        if self._field.unread:
            emit(self._failed("damaged", protocol.DAMAGED))
        self._field = _Field()
        return self._poll

    def _failed(self, code: str, sentence: str) -> TapFailed:
        return TapFailed(
            tap_id=new_id(), at=self._clock.now(), code=code, sentence=sentence, sam_id=self.sam_id
        )

    def _tap(self, read: CardRead, last: str, emit: Emit) -> str:
        """Report a card that was read, unless it has stayed on the reader. Returns what to compare the next with.

        A card that contradicts itself is not taken for a card: the data were damaged in a way the check byte does
        not show, or it is not what it seems.
        """
        try:
            card = layouts.read(read.data.text)
        except ExamError as error:
            if last != error.code:
                emit(self._failed(error.code, protocol.ILLEGIBLE))
            return error.code
        if found := layouts.findings(card):
            if last != found[0]:
                emit(self._failed(found[0], layouts.FINDINGS[found[0]]))
            return found[0]
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


class OneCard(msgspec.Struct, frozen=True):
    """One card read for a person who tries a reader."""

    data: protocol.CardData
    sam_id: str = ""
    address: str = ""


def read_once(
    port: str, baud: int, timeout: float, fingerprint: bool = False, address: bool = False
) -> OneCard | BadFrame:
    """Wait at most `timeout` seconds for a card and return its blocks.

    Returns the last damaged frame when the reader's answers arrived damaged to the end; raises DeviceFault with the
    cause when there was no card, no answer or no reader.
    """
    deadline = time.monotonic() + timeout
    code, sentence, damaged = "silent", LOST["silent"], None
    sam_id: str | None = None
    try:
        link = Link(port, baud)
        try:
            while time.monotonic() < deadline:
                try:
                    if sam_id is None:
                        sam_id, fault = greet(link)
                        if fault:
                            raise DeviceFault(fault.code, fault.sentence, N_("Try another reader."))
                    outcome = read_card(link, fingerprint, address)
                except Silent as silence:
                    code, sentence, damaged = "silent", LOST["silent"], silence.damaged
                    continue
                if isinstance(outcome, CardRead):
                    return OneCard(outcome.data, sam_id, outcome.address)
                if (
                    damaged is None or outcome.cause.code != "no_card"
                ):  # the reader finds a card that stays once
                    code, sentence, damaged = outcome.cause.code, outcome.cause.sentence, None
                time.sleep(min(POLL, max(0.0, deadline - time.monotonic())))
        finally:
            link.close()
    except Lost as lost:
        raise DeviceFault(lost.code, LOST[lost.code], N_("Check the port's path and the cable.")) from lost
    if damaged:
        return damaged
    raise DeviceFault(code, sentence, N_("Put the card down again, or check the reader."))
