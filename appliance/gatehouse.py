"""exam-gate: readers, face checks and gates of every lane in one process; goes on while the web process restarts.

Per lane: one task reads cards, one carries out orders to the gate. A tap is decided in `flow.admit`; the order it
leaves is found in the database and carried out after the commit, at most once, whoever gave it (this process, or
a person at the desk through the web process).
"""

import asyncio
import logging
import signal
import time
from contextlib import suppress
from datetime import datetime
from typing import Literal

import msgspec

from appliance.base.errors import ExamError, NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import LaneSettings, Settings
from appliance.base.sockets import serve
from appliance.devices.cardreader.port import ReaderEvent, ReaderLost, ReaderReady, Tap, TapFailed, TypedCard
from appliance.devices.cardreader.several import LaneReaders
from appliance.devices.gate import watch
from appliance.devices.gate.driver import STUCK, Line, ModbusGate
from appliance.devices.gate.port import Gate
from appliance.faces import chip_photo
from appliance.faces.lane import FaceWorker
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit, preview
from appliance.flow.box import Box
from appliance.flow.face_taken import face_taken
from appliance.flow.note_alarm import note_alarm
from appliance.flow.note_device import note_device
from appliance.flow.order_gate import begin_order, pending_orders, settle_leftovers, settle_order
from appliance.flow.record_unread import record_unread
from appliance.records.entry import GateOrder
from appliance.wire.faceworker import Reference
from appliance.wire.gate import Alarm, GetLanes, LaneState, PaperByHand, PaperTaken

log = logging.getLogger("examsite.gate")

POLL = 0.05
SETTLE_AGAIN, SETTLE_LONGEST = 0.5, 15.0
"""Seconds until what came of a pulse is written again, doubled up to the longest."""
PATIENCE = 1.5
"""Seconds a person may take to look at the camera."""
PROBE = 5.0
"""Seconds between two looks at a board that has nothing wired to its inputs, or does not answer."""
LOOK = 0.25
NO_PICTURE = N_("The face camera gives no picture.")
UNDECIDED = N_("The box made a mistake with this card. Put it down again, or admit the manual way.")


class Lane:
    """One lane: its devices and what they last said."""

    def __init__(
        self, box: Box, settings: LaneSettings, readers: LaneReaders, gate: Gate, faces: FaceWorker
    ) -> None:
        self.settings = settings
        self.state = LaneState(lane=settings.code, name=settings.name, kind=settings.kind, reader="missing")
        self._box = box
        self._readers = readers
        self.gate = gate
        self._faces = faces
        faces.prompt = lambda code: setattr(self.state, "prompt", code)
        self._decoder = chip_photo.Outage(settings.code)
        self.stopping = asyncio.Event()
        """Set when the process ends: nothing is tried again."""
        self._seen = watch.Seen()
        self._told_alarms: frozenset[Alarm] | None = None

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
            face = await self.compare(tap.photo, first.roster_photo)
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

    async def compare(self, block: bytes, roster_photo: str) -> FaceTaken:
        """Hold the live face against the chip's photograph and the roster's."""
        settings = self._box.settings.faces
        chip = await chip_photo.decode(block, settings.photo_decoder)
        self._decoder.tell(chip.cause)
        references = [Reference("chip", chip.picture)] if chip.picture else []
        if roster_photo:
            picture = await asyncio.to_thread(self._box.files.get, roster_photo, True)
            references.append(Reference("roster", picture))
        self.state.camera = "busy"
        try:
            looked = await self._faces.look(
                references, b"", PATIENCE, settings.liveness, settings.review_below
            )
        except Unavailable as error:
            self.state.camera = "silent"
            self._say("camera", error.message)
            log.error("lane %s: %s", self.settings.code, error)
            return FaceTaken(
                engine=settings.engine, version="", reference="", band="review", code="face_engine_silent"
            )
        self._camera("silent" if looked.cause == "camera_missing" else "ok")
        return await asyncio.to_thread(face_taken, self._box, looked, references, chip.cause)

    async def perform(self, order: GateOrder) -> None:
        """Carry out one order at most once and record what came of it."""
        if not await self._box.db.write(begin_order, self._box, order.id):
            return
        self.state.gate = "busy"
        opened = await self.gate.open_once(order.expires_at)
        if opened.outcome != "not_done":
            self._seen = watch.opened(self._seen, time.monotonic(), self._limits())
        before, after = self.state.gate, "ok" if opened.outcome == "done" else _part(opened.code)
        self.state.gate = after  # type: ignore[assignment]
        self._say("gate", opened.sentence)
        await self._settle(order.id, opened.outcome, opened.code)
        if before != after:
            await self._device("gate", "" if after == "ok" else opened.code)

    async def _settle(self, order: str, outcome: str, code: str) -> None:
        """Record what came of a pulse; again and again while the database cannot take it, until this process stops.

        A stop leaves it to the next start, which settles it as unknown.
        """
        pause = SETTLE_AGAIN
        while not self.stopping.is_set():
            try:
                await self._box.db.write(settle_order, self._box, order, outcome, code)
            except ExamError as error:
                if pause == SETTLE_AGAIN:
                    log.error("lane %s: order %s cannot be settled yet: %s", self.settings.code, order, error)
            else:
                if pause != SETTLE_AGAIN:
                    log.info("lane %s: order %s is settled", self.settings.code, order)
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            pause = min(pause * 2, SETTLE_LONGEST)

    async def watch_gate(self) -> None:
        """Look whether the board answers, and what its door and fire inputs say."""
        wired = [
            one for one in (self.settings.gate.door_input, self.settings.gate.fire_input) if one is not None
        ]
        while True:
            if self.state.gate != "busy" or wired:
                try:
                    await self.gate.rest()  # a killed process may have left the gate open
                    await self._look(await self.gate.inputs(max(wired, default=0) + 1))
                except ExamError as error:
                    if error.message == STUCK:
                        self._say("gate", STUCK)
                    if self.state.gate == "ok":
                        self.state.gate = "silent"
                        await self._device("gate", error.code)
                else:
                    self._say("gate", "")
                    if self.state.gate not in ("ok", "busy"):
                        self.state.gate = "ok"
                        await self._device("gate", "")
            await asyncio.sleep(LOOK if wired and self.state.gate in ("ok", "busy") else PROBE)

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
                await self._box.db.write(note_alarm, self._box, self.settings.code, alarm, on)
        self._told_alarms = self._seen.alarms

    def _limits(self) -> watch.Limits:
        return watch.Limits(self.settings.gate.pass_within, self.settings.gate.held_after)

    async def probe_camera(self) -> None:
        """Look whether a face camera that was lost is back: nobody taps at a lane that is shown as closed."""
        while True:
            await asyncio.sleep(PROBE)
            if self.state.camera not in ("silent", "fault"):
                continue
            with suppress(ExamError):
                if (await self._faces.ping()).camera in ("ok", "none"):
                    self._camera("ok")

    def _camera(self, state: Literal["ok", "silent"]) -> None:
        self.state.camera = state
        self._say("camera", NO_PICTURE if state == "silent" else "")

    async def _device(self, device: str, code: str) -> None:
        with suppress(ExamError):
            await self._box.db.write(note_device, self._box, self.settings.code, device, code)

    async def start_faces(self) -> None:
        """Load the face engine; entry goes on the manual way when it cannot."""
        try:
            await self._faces.start()
        except ExamError as error:
            log.error("lane %s: %s", self.settings.code, error)
            self.state.camera = "fault"
            self._say("camera", error.message)

    async def close(self) -> None:
        """Free the devices."""
        self._readers.close()
        await self._faces.close()
        await self.gate.close()


def _part(code: str) -> str:
    return {"missing": "missing", "silent": "silent", "expired": "ok"}.get(code, "fault")


class Gatehouse:
    """All lanes of the box."""

    def __init__(self, box: Box) -> None:
        self._box = box
        lines: dict[str, Line] = {}
        self.lanes: dict[str, Lane] = {}
        for one in box.settings.lanes:
            line = lines.setdefault(one.gate.port, Line(one.gate.port, one.gate.baud))
            gate = ModbusGate(line, one.gate.unit, one.gate.coil, one.gate.pulse_ms, one.gate.flash_base)
            reader = LaneReaders(one.reader, one.second_reader)
            face = box.settings.faces
            faces = FaceWorker(face.engine, one.camera, face.timeout, face.models)
            self.lanes[one.code] = Lane(box, one, reader, gate, faces)
        self._pulses: set[asyncio.Task[None]] = set()
        self._begun: dict[str, datetime] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        codes = list(self.lanes)
        await self._box.db.write(settle_leftovers, self._box, codes)
        server = await serve(
            self._box.settings.socket("gate"), {GetLanes: self._states, PaperByHand: self._paper}
        )
        tasks = [asyncio.create_task(lane.start_faces()) for lane in self.lanes.values()]
        tasks += [asyncio.create_task(lane.read_cards()) for lane in self.lanes.values()]
        tasks += [asyncio.create_task(lane.watch_gate()) for lane in self.lanes.values()]
        tasks += [asyncio.create_task(lane.probe_camera()) for lane in self.lanes.values()]
        tasks.append(asyncio.create_task(self._orders(codes)))
        try:
            await stop.wait()
        finally:
            server.close()
            for lane in self.lanes.values():
                lane.stopping.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, *self._pulses, return_exceptions=True)
            for lane in self.lanes.values():
                await lane.close()

    async def _states(self, _request: GetLanes) -> list[LaneState]:
        return [lane.state for lane in self.lanes.values()]

    async def _paper(self, typed: PaperByHand) -> PaperTaken:
        if (lane := self.lanes.get(typed.lane)) is None:
            raise NotFound(
                "no_lane", N_("There is no lane {lane}."), N_("Check the configuration."), lane=typed.lane
            )
        lane.type_in(typed)
        return PaperTaken(tap=typed.tap)

    async def _orders(self, codes: list[str]) -> None:
        """Find new orders and carry each out beside the others."""
        failing = False
        while True:
            try:
                for order in await self._box.db.read(pending_orders, codes):
                    if order.id not in self._begun:
                        self._begun[order.id] = order.expires_at
                        task = asyncio.create_task(self._carry_out(order))
                        self._pulses.add(task)
                        task.add_done_callback(self._pulses.discard)
                now = self._box.now()
                self._begun = {key: end for key, end in self._begun.items() if end > now}
                failing = False
            except Exception as error:
                if not failing:
                    told = not isinstance(error, ExamError)
                    log.error("orders to the gates cannot be read: %s", error, exc_info=told)
                failing = True
            await asyncio.sleep(POLL)

    async def _carry_out(self, order: GateOrder) -> None:
        try:
            await self.lanes[order.lane].perform(order)
        except ExamError as error:  # never tried again: begun or not, its time is over soon
            log.error("lane %s: order %s: %s", order.lane, order.id, error)
        except Exception:
            log.exception("lane %s: order %s", order.lane, order.id)


async def main(settings: Settings) -> None:
    """`examsite run gate`."""
    if not settings.lanes:
        raise Unavailable(
            "no_lanes", N_("No lane is configured."), N_("Add a [[lanes]] section and start again.")
        )
    box = Box.open(settings)
    box.db.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    try:
        async with supervised(lambda: box.db.alive):
            await Gatehouse(box).run(stop)
    finally:
        box.db.stop()
