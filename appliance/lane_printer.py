"""The ticket printer of one lane: one slip after each admission, again when the desk asks, and how the printer is.

Nobody waits for a slip: it is begun after the gate's pulse, and what came of it is told at the desk. A slip is never
printed twice by itself, also not after a restart; a lost one is printed again by hand.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import msgspec

from appliance.base.errors import DeviceFault, ExamError
from appliance.base.i18n import N_
from appliance.devices.printer.port import Printed, SlipPrinter
from appliance.devices.printer.slip import slip
from appliance.flow.box import Box
from appliance.flow.ticket_slip import slip_of_admission, ticket_slip_facts
from appliance.records.entry import GateOrder
from appliance.wire.gate import LaneState, Part
from appliance.wire.sheets import TicketSlip

log = logging.getLogger("examsite.gate")

LOOK_WELL, LOOK_AGAIN = 20.0, 4.0
"""Seconds between two looks at a printer in order, and at one that is not."""
STANDING = ("unsure", "no_font")
"""What a look cannot clear up: it stands until a slip comes out."""
KEPT = 20
"""Slips whose outcome is remembered for the desk."""
NOT_PRINTED = N_("The ticket was not printed.")


class LanePrinter:
    """`say`: what staff are told of the printer, as a message id; `note`: an outage or its end, for the journal."""

    def __init__(
        self,
        box: Box,
        state: LaneState,
        printer: SlipPrinter,
        say: Callable[[str], None],
        note: Callable[[str], Awaitable[None]],
    ) -> None:
        self._box = box
        self._state = state
        self._printer = printer
        self._say = say
        self._note = note
        self._code = ""
        self._looked = 0.0
        self._under_way: set[asyncio.Task[None]] = set()
        state.printer = "ok"

    def print_soon(self, order: GateOrder) -> None:
        """Begin the slip of the admission behind `order`, if there is one, and return at once."""
        if order.admission is None:
            return  # a lane opened by hand, or somebody who comes back and has the ticket
        task = asyncio.create_task(self._by_itself(order.admission))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _by_itself(self, admission: str) -> None:
        try:
            tap, facts = await self._box.db.read(slip_of_admission, self._box, admission)
            await self._print(tap, facts)
        except ExamError as error:
            log.error("lane %s: the ticket of admission %s: %s", self._state.lane, admission, error)
        except Exception:  # a slip must not end the process that opens the gates
            log.exception("lane %s: the ticket of admission %s", self._state.lane, admission)

    async def print_again(self, tap: str) -> None:
        """Print the slip of a tap now. Raises NotFound without a ticket, DeviceFault when it does not come out."""
        facts = await self._box.db.read(ticket_slip_facts, self._box, tap)
        facts = msgspec.structs.replace(facts, again=True)
        printed = await self._print(tap, facts)
        if not printed.ok:
            raise DeviceFault(f"printer_{printed.code}", NOT_PRINTED, printed.sentence)

    async def _print(self, tap: str, facts: TicketSlip) -> Printed:
        self._slip(tap, "printing")
        self._state.printer = "busy"
        code = "unsure"
        try:
            code = (printed := await self._printed(facts)).code
        finally:
            self._slip(tap, code)
        await self._heard(printed)
        return printed

    async def _printed(self, facts: TicketSlip) -> Printed:
        try:
            picture = await asyncio.to_thread(slip, facts, self._printer.dots)
        except ExamError as error:
            log.error("lane %s: %s", self._state.lane, error)
            return Printed("no_font")
        return await self._printer.print_slip(picture)

    def _slip(self, tap: str, code: str) -> None:
        self._state.slips.pop(tap, None)
        self._state.slips[tap] = code
        while len(self._state.slips) > KEPT:
            del self._state.slips[next(iter(self._state.slips))]

    async def watch(self) -> None:
        """Look at the printer now and then: staff know before the first ticket that the roll is empty."""
        while True:
            now = self._box.clock.monotonic()
            wanted = self._code != "ok" or now - self._looked >= LOOK_WELL
            if wanted and not self._under_way and self._code not in STANDING:
                self._looked = now
                await self._heard(await self._printer.look())
            await asyncio.sleep(LOOK_AGAIN)

    async def _heard(self, printed: Printed) -> None:
        if printed.code == "stopped":
            return
        before, self._code = self._code, printed.code
        self._state.printer = _part(printed.code)
        self._say(printed.sentence)
        if before != printed.code:
            await self._note("" if printed.ok else printed.code)

    async def close(self) -> None:
        """Give up what is under way: a ticket is printed again by hand."""
        await self._printer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await asyncio.gather(*self._under_way, return_exceptions=True)


def _part(code: str) -> Part:
    known: dict[str, Literal["ok", "missing", "silent"]] = {
        "ok": "ok",
        "missing": "missing",
        "silent": "silent",
        "unsure": "silent",
    }
    return known.get(code, "fault")
