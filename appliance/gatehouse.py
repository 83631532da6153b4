"""exam-gate: readers, face checks and gates of every lane in one process; goes on while the web process restarts.

A tap is decided in `flow.admit`; the order it leaves is found in the database and carried out after the commit, at
most once, whoever gave it (this process, or a person at the desk through the web process). What one lane does:
`appliance.lane`.
"""

import asyncio
import logging
import signal

from appliance.base.clock import Jumps
from appliance.base.errors import ExamError, NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.base.sockets import serve
from appliance.devices.cardreader.several import LaneReaders
from appliance.devices.gate.driver import Line, ModbusGate
from appliance.devices.printer.driver import EscposPrinter
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.flow.note_clock import note_clock
from appliance.flow.order_gate import pending_orders, settle_leftovers
from appliance.flow.paper_by_hand import checked
from appliance.lane import Lane
from appliance.records.entry import GateOrder
from appliance.wire.gate import (
    CardPhotographed,
    GetLanes,
    GetView,
    LaneState,
    PaperByHand,
    PaperTaken,
    PhotographCard,
    PrintTicket,
    TicketPrinted,
    View,
)

log = logging.getLogger("examsite.gate")

POLL = 0.05


class Gatehouse:
    """All lanes of the box."""

    def __init__(self, box: Box) -> None:
        self._box = box
        lines: dict[str, Line] = {}
        self.lanes: dict[str, Lane] = {}
        printers: dict[str, EscposPrinter] = {}
        for one in box.settings.lanes:
            line = lines.setdefault(one.gate.port, Line(one.gate.port, one.gate.baud))
            wired = one.gate
            gate = ModbusGate(line, wired.unit, wired.coil, wired.pulse_ms, wired.flash_base, box.clock)
            reader = LaneReaders(one.reader, one.second_reader)
            face = box.settings.faces
            faces = FaceWorker(face.engine, one.camera, face.timeout, face.models)
            printer = None
            if one.printer:  # lanes may share one
                printer = printers.setdefault(one.printer.port, EscposPrinter(one.printer))
            self.lanes[one.code] = Lane(box, one, reader, gate, faces, printer)
        self._pulses: set[asyncio.Task[None]] = set()
        self._begun: dict[str, float] = {}
        """Orders that were taken up, and the monotonic time at which each is void."""
        self._under_way: set[str] = set()
        self._jumps = Jumps(box.clock)
        self._untold: list[float] = []
        """Jumps of the clock that could not be written down yet."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        codes = list(self.lanes)
        await self._box.db.write(settle_leftovers, self._box, codes)
        server = await serve(
            self._box.settings.socket("gate"),
            {
                GetLanes: self._states,
                GetView: self._view,
                PaperByHand: self._paper,
                PhotographCard: self._card,
                PrintTicket: self._print,
            },
        )
        starts = [asyncio.create_task(lane.faces.start()) for lane in self.lanes.values()]
        tasks = [asyncio.create_task(lane.read_cards()) for lane in self.lanes.values()]
        tasks += [asyncio.create_task(lane.watch_gate()) for lane in self.lanes.values()]
        tasks += [asyncio.create_task(lane.faces.probe()) for lane in self.lanes.values()]
        tasks += [asyncio.create_task(lane.printer.watch()) for lane in self.lanes.values() if lane.printer]
        tasks.append(asyncio.create_task(self._orders(codes)))
        stopped = asyncio.create_task(stop.wait())
        try:
            ended, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended - {stopped}:
                task.result()  # none of them ends by itself: a bug ends the process, and systemd starts it anew
                raise RuntimeError("a lane is not looked after any more")
        finally:
            server.close()
            for lane in self.lanes.values():
                lane.stopping.set()
            for task in (stopped, *starts, *tasks):
                task.cancel()
            await asyncio.gather(stopped, *starts, *tasks, *self._pulses, return_exceptions=True)
            for lane in self.lanes.values():
                await lane.close()

    async def _states(self, _request: GetLanes) -> list[LaneState]:
        return [lane.state for lane in self.lanes.values()]

    async def _view(self, asked: GetView) -> View:
        lane = self.lanes.get(asked.lane)
        return View(picture=lane.faces.view if lane else b"")

    async def _paper(self, typed: PaperByHand) -> PaperTaken:
        self._lane(typed.lane).type_in(checked(typed, self._box.today()))
        return PaperTaken(tap=typed.tap)

    async def _card(self, asked: PhotographCard) -> CardPhotographed:
        return CardPhotographed(picture=await self._lane(asked.lane).faces.card())

    def _lane(self, code: str) -> Lane:
        if code not in self.lanes:
            raise NotFound(
                "no_lane", N_("There is no lane {lane}."), N_("Check the configuration."), lane=code
            )
        return self.lanes[code]

    async def _print(self, asked: PrintTicket) -> TicketPrinted:
        lane = self.lanes.get(asked.lane)
        if lane is None or lane.printer is None:
            raise NotFound(
                "no_printer",
                N_("Lane {lane} has no ticket printer."),
                N_("Open the ticket as PDF."),
                lane=asked.lane,
            )
        await lane.printer.print_again(asked.tap)
        return TicketPrinted(tap=asked.tap)

    async def _orders(self, codes: list[str]) -> None:
        """Find new orders and carry each out beside the others."""
        failing, looked, jumped = False, None, False
        while True:
            began = self._box.clock.monotonic()
            try:
                orders = await self._box.db.read(pending_orders, codes)
                jump, before = self._jumps.seconds(), jumped
                jumped = bool(jump)
                if jump:
                    log.warning("the clock was set by %.1f s", jump)
                    self._untold.append(jump)
                for order in orders:
                    until = self._begun.get(order.id)
                    if until is None:
                        until = self._begun[order.id] = self._void_at(order, looked, jumped or before)
                    elif until > began:
                        continue
                    # One that is void and still open could not be begun in time: it is settled as that, no more.
                    self._take_up(order, until)
                left = {order.id for order in orders}
                self._begun = {key: end for key, end in self._begun.items() if end > began or key in left}
                looked = began
                while self._untold:
                    await self._box.db.write(note_clock, self._box, self._untold[0])
                    self._untold.pop(0)
                failing = False
            except Exception as error:
                if not failing:
                    told = not isinstance(error, ExamError)
                    log.error("orders to the gates cannot be looked after: %s", error, exc_info=told)
                failing = True
            await asyncio.sleep(POLL)

    def _take_up(self, order: GateOrder, until: float) -> None:
        """Carry it out beside the others."""
        if order.id in self._under_way:
            return
        self._under_way.add(order.id)
        task = asyncio.create_task(self._carry_out(order, until))
        self._pulses.add(task)
        task.add_done_callback(self._pulses.discard)

    def _void_at(self, order: GateOrder, looked: float | None, jumped: bool) -> float:
        """The monotonic time from which an order may not be carried out any more.

        It was not there when we `looked` before, so it is younger than that, whatever the clock on the wall says;
        where that clock has not been set meanwhile, the order's own time counts as well.
        """
        lives = (order.expires_at - order.ordered_at).total_seconds()
        now = self._box.clock.monotonic()
        by_wall = now + min(lives, (order.expires_at - self._box.now()).total_seconds())
        if looked is None:
            return by_wall
        return looked + lives if jumped else min(looked + lives, by_wall)

    async def _carry_out(self, order: GateOrder, until: float) -> None:
        try:
            await self.lanes[order.lane].perform(order, until)
        except ExamError as error:  # never tried again: begun or not, its time is over soon
            log.error("lane %s: order %s: %s", order.lane, order.id, error)
        except Exception:
            log.exception("lane %s: order %s", order.lane, order.id)
        finally:
            self._under_way.discard(order.id)


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
