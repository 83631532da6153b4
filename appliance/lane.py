"""One lane of the entrance: its card readers, face check, gate and ticket printer.

One task reads cards, one looks at the gate's inputs; an order is carried out at most once, whoever gave it.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from appliance.base.errors import ExamError
from appliance.base.i18n import N_
from appliance.base.settings import LaneSettings
from appliance.devices.cardreader.port import ReaderEvent, ReaderLost, ReaderReady, Tap, TapFailed, TypedCard
from appliance.devices.cardreader.several import LaneReaders
from appliance.devices.gate import watch
from appliance.devices.gate.driver import SENTENCES, STUCK
from appliance.devices.gate.port import Gate, Opened
from appliance.devices.printer.port import SlipPrinter
from appliance.faces.lane import FaceWorker
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit, preview
from appliance.flow.box import Box
from appliance.flow.note_alarm import note_alarm
from appliance.flow.note_device import note_device
from appliance.flow.order_gate import begin_order, settle_order
from appliance.flow.record_unread import record_unread
from appliance.lane_faces import LaneFaces
from appliance.lane_printer import LanePrinter
from appliance.records.entry import GateOrder
from appliance.rules import papers
from appliance.wire.gate import Alarm, LaneState, PaperByHand

log = logging.getLogger("examsite.gate")

SETTLE_AGAIN, SETTLE_LONGEST = 0.5, 15.0
"""Seconds until what came of a pulse is written again, doubled up to the longest."""
PROBE = 5.0
"""Seconds between two looks at a board that has nothing wired to its inputs, or does not answer."""
LOOK = 0.25
STANDS = 10.0
"""Seconds for which staff are told to look whether a gate opened, although the board answers again."""
NO_BOARD = N_(
    "The gate's relay board does not answer. Check its cable and power; until then open the gate by hand."
)
UNDECIDED = N_("The box made a mistake with this card. Put it down again, or admit the manual way.")


class Lane:
    """One lane: its devices and what they last said."""

    def __init__(
        self,
        box: Box,
        settings: LaneSettings,
        readers: LaneReaders,
        gate: Gate,
        faces: FaceWorker,
        printer: SlipPrinter | None = None,
    ) -> None:
        self.settings = settings
        self.state = LaneState(lane=settings.code, name=settings.name, kind=settings.kind, reader="missing")
        self._box = box
        self._readers = readers
        self.gate = gate
        self.faces = LaneFaces(
            box,
            self.state,
            faces,
            lambda message: self._say("camera", message),
            lambda code: self._device("camera", code),
        )
        self.stopping = asyncio.Event()
        """Set when the process ends: nothing is tried again."""
        self._seen = watch.Seen()
        self._stands_until = 0.0
        self._told_alarms: frozenset[Alarm] | None = None
        self._unwritten: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._writing = asyncio.Lock()
        self._behind = False
        self.printer: LanePrinter | None = None
        if printer:
            self.printer = LanePrinter(
                box,
                self.state,
                printer,
                lambda message: self._say("printer", message),
                lambda code: self._device("printer", code),
            )

    async def read_cards(self) -> None:
        """Decide every card that is put down; never ends by itself."""
        async for event in self._readers.events():
            try:
                await self._event(event)
            except ExamError as error:
                log.error("lane %s: %s", self.settings.code, error)
                self._say("card", error.message)
            except Exception:  # one card must not shut the lane for everybody after it
                log.exception("lane %s: a card was not decided", self.settings.code)
                self._say("card", UNDECIDED)
            else:
                self._say("card", "")

    def _say(self, part: str, message: str) -> None:
        """What staff are told of a part; empty = it is in order."""
        if message:
            self.state.messages[part] = message
        else:
            self.state.messages.pop(part, None)

    async def _event(self, event: ReaderEvent) -> None:
        match event:
            case Tap():
                self.state.last_tap_at = event.at
                await self.tap(event)
            case TapFailed():
                self.state.last_tap_at = event.at
                await self._box.db.write(
                    record_unread,
                    self._box,
                    event.tap_id,
                    self.settings.code,
                    event.at,
                    event.code,
                    event.sam_id,
                )
            case ReaderLost():
                self.state.reader = event.part
                self._say("reader", event.sentence)
                await self._device("reader", event.code)
            case ReaderReady():
                self.state.reader = "ok"
                self._say("reader", "")
                await self._device("reader", "")

    async def tap(self, tap: Tap) -> TapResult:
        """One card: refuse at once what no face could change, else compare and decide."""
        facts = TapFacts(
            tap=tap.tap_id,
            lane=self.settings.code,
            kind=self.settings.kind,
            happened_at=tap.at,
            sam_id=tap.sam_id,
            card_kind=tap.card.kind,
            name=tap.card.name,
            number=tap.card.number,
            valid_from=tap.card.valid_from,
            valid_to=tap.card.valid_to,
        )
        if isinstance(tap.card, TypedCard):
            facts = msgspec.structs.replace(facts, typed_by=tap.card.typed_by, paper_picture=tap.card.picture)
        first = await self._box.db.read(preview, self._box, facts)
        if first.result == "face_needed":
            if not isinstance(tap.card, TypedCard):
                face: FaceTaken | None = await self.faces.compare(tap.photo, first.roster_photo)
            elif tap.card.kind in papers.WITH_PICTURE:
                face = await self.faces.photograph(first.roster_photo)
            else:
                face = None  # the person asked to be looked at by people alone
            facts = msgspec.structs.replace(facts, face=face)
        return await self._box.db.write(admit, self._box, facts)

    def type_in(self, typed: PaperByHand) -> None:
        """A paper instead of a card: one more tap of the desk's keyboard."""
        card = TypedCard(
            name=typed.name,
            number=typed.number,
            typed_by=typed.actor,
            kind=typed.paper,
            valid_to=typed.valid_to,
            picture=typed.picture,
        )
        self._readers.keyboard.type_in(card, typed.tap)

    async def perform(self, order: GateOrder, until: float | None = None) -> None:
        """Carry out one order at most once and record what came of it.

        `until`: monotonic seconds of the box's clock after which it is void; a clock that is set by an hour moves
        it in no way. By default what the order's own time says now.
        """
        if until is None:
            until = self._box.clock.monotonic() + (order.expires_at - self._box.now()).total_seconds()
        if not await self._box.db.write(begin_order, self._box, order.id, until):
            return
        before, self.state.gate = self.state.gate, "busy"
        opened = await self._open(until)
        if self.printer:
            self.printer.print_soon(order)
        if opened.outcome != "not_done":
            self._seen = watch.opened(self._seen, time.monotonic(), self._limits())
        after = "ok" if opened.outcome == "done" else _part(opened.code)
        self.state.gate = after  # type: ignore[assignment]
        self._say("gate", opened.sentence)
        self._stands_until = time.monotonic() + STANDS if opened.outcome == "unknown" else 0.0
        await self._settle(order.id, opened.outcome, opened.code)
        if before != after:
            await self._device("gate", "" if after == "ok" else opened.code)

    async def _open(self, until: float) -> Opened:
        """`Gate.open_once`, which never raises; should it, nobody knows whether the gate opened."""
        try:
            return await self.gate.open_once(until)
        except Exception:
            log.exception("lane %s: the gate", self.settings.code)
            return Opened(outcome="unknown", code="fault", sentence=SENTENCES["silent"])

    async def _settle(self, order: str, outcome: str, code: str) -> None:
        """Record what came of a pulse; again and again while the database cannot take it, until this process stops.

        A stop leaves it to the next start, which settles it as unknown.
        """
        pause = SETTLE_AGAIN
        while True:
            try:
                await self._box.db.write(settle_order, self._box, order, outcome, code)
            except ExamError as error:
                if pause == SETTLE_AGAIN:
                    log.error("lane %s: order %s cannot be settled yet: %s", self.settings.code, order, error)
            else:
                if pause != SETTLE_AGAIN:
                    log.info("lane %s: order %s is settled", self.settings.code, order)
                return
            if self.stopping.is_set():
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.stopping.wait()
            pause = min(pause * 2, SETTLE_LONGEST)

    async def watch_gate(self) -> None:
        """Look whether the board answers, and what its door and fire inputs say."""
        wired = [
            one for one in (self.settings.gate.door_input, self.settings.gate.fire_input) if one is not None
        ]
        while True:
            answers = True
            if self.state.gate != "busy" or wired:
                try:
                    await self.gate.rest()  # a killed process may have left the gate open
                    inputs = await self.gate.inputs(max(wired, default=0) + 1)
                except ExamError as error:
                    answers = False
                    if error.message == STUCK:
                        self._say("gate", STUCK)
                    elif (
                        "gate" not in self.state.messages
                    ):  # what is said of an opening stands until it answers
                        self._say("gate", NO_BOARD)
                    if self.state.gate == "ok":
                        self.state.gate = "silent"
                        await self._device("gate", error.code)
                else:
                    if time.monotonic() >= self._stands_until:
                        self._say("gate", "")
                        if self.state.gate not in ("ok", "busy"):
                            self.state.gate = "ok"
                            await self._device("gate", "")
                    await self._look(inputs)
            await self._write_down()
            await asyncio.sleep(LOOK if wired and answers else PROBE)

    async def _look(self, inputs: list[bool]) -> None:
        """Hold the inputs against the openings that were ordered; tell what changed."""
        wired = self.settings.gate
        door = wired.door_input is not None and inputs[wired.door_input] == wired.door_open_on
        fire = wired.fire_input is not None and inputs[wired.fire_input] == wired.fire_on
        self._seen = watch.step(self._seen, time.monotonic(), door, fire, self._limits())
        if self._seen.alarms == self._told_alarms:
            return
        self.state.alarms = sorted(self._seen.alarms)
        for alarm in watch.ALARMS:
            on = alarm in self._seen.alarms
            if self._told_alarms is None or on != (alarm in self._told_alarms):
                self._unwritten.append((note_alarm, (alarm, on, self._box.now())))
        self._told_alarms = self._seen.alarms
        await self._write_down()

    def _limits(self) -> watch.Limits:
        return watch.Limits(self.settings.gate.pass_within, self.settings.gate.held_after)

    async def _device(self, device: str, code: str) -> None:
        self._unwritten.append((note_device, (device, code, self._box.now())))
        await self._write_down()

    async def _write_down(self) -> None:
        """Write what happened to devices and doors into the journal; what it cannot take now is tried again."""
        async with self._writing:
            while self._unwritten:
                note, facts = self._unwritten[0]
                try:
                    await self._box.db.write(note, self._box, self.settings.code, *facts)
                except ExamError as error:
                    if not self._behind:
                        log.error("lane %s: cannot be written down yet: %s", self.settings.code, error)
                    self._behind = True
                    return
                self._unwritten.popleft()
                self._behind = False

    async def close(self) -> None:
        """Free the devices."""
        self._readers.close()
        if self.printer:
            await self.printer.close()
        await self.faces.close()
        await self.gate.close()


def _part(code: str) -> str:
    return {"missing": "missing", "silent": "silent", "expired": "ok"}.get(code, "fault")
