"""A ticket printer that speaks ESC/POS. The commands are python-escpos'; its status is asked before and after a slip.

A slip is a picture (GS v 0): Chinese code pages differ from printer to printer, dots do not. Nothing here waits for
more than some seconds, and a slip is never sent twice by itself.
"""

import asyncio
import logging
import os
import shutil
import threading
from contextlib import closing
from functools import cache
from typing import Any

from PIL import Image

from appliance.base.printer_address import SerialPrinter
from appliance.base.settings import PrinterSettings
from appliance.devices.printer.port import Printed
from appliance.devices.printer.protocol import (
    ASK,
    OFFLINE,
    PAPER,
    PRINTER,
    RECEIPT,
    is_receipt,
    is_status,
    status,
)
from appliance.devices.printer.wire import Gone, Late, Wire, open_wire

log = logging.getLogger("examsite.gate")

DOTS = {80: 576, 58: 384}
"""Dots of a line by the roll's width in mm, at 8 dots to the millimetre."""
ANSWER = 1.0
"""Seconds in which a printer answers DLE EOT."""
TAKE = 4.0
"""Seconds in which it takes a slip, besides the time the bytes need on a serial line."""
PRINTS = 3.0
"""Seconds in which a slip comes out."""
KERNEL_BUFFER = 4096
"""Bytes of a serial line that are still on their way when all is written."""


class EscposPrinter:
    """See `SlipPrinter`."""

    def __init__(self, settings: PrinterSettings) -> None:
        self._settings = settings
        self._address = settings.address
        self._turn = asyncio.Lock()
        self._stop = threading.Event()
        self._fault = ""
        self.dots = DOTS[settings.paper_mm]

    async def print_slip(self, picture: Image.Image) -> Printed:
        """See `SlipPrinter`."""
        async with self._turn:
            return Printed(await asyncio.to_thread(self._carefully, picture))

    async def look(self) -> Printed:
        """See `SlipPrinter`. Also loads what a slip needs, so that nobody waits half a second more for the first."""
        async with self._turn:
            return Printed(await asyncio.to_thread(self._carefully, None))

    async def close(self) -> None:
        """See `SlipPrinter`."""
        self._stop.set()
        async with self._turn:
            pass

    def _carefully(self, picture: Image.Image | None) -> str:
        """Code of what came of it."""
        try:
            _library()  # it writes files of its own when it is loaded: a full disk is its fault, too
            with closing(open_wire(self._address, self._settings.baud, self._stop)) as wire:
                code = self._talk(wire, picture)
        except Gone as gone:
            code = gone.code
        except Late:
            code = "silent"
        except Exception as error:  # no printer may end the process that opens the gates
            if self._fault != (fault := repr(error)):  # it is looked at every few seconds
                log.exception("ticket printer %s", self._settings.port)
            self._fault = fault
            return "fault"
        self._fault = ""
        return code

    def _talk(self, wire: Wire, picture: Image.Image | None) -> str:
        if self._settings.answers and (code := self._ask(wire)) != "ok":
            return code
        if picture is None:
            return "ok"
        slip = commands(picture)
        wire.send(slip, TAKE + self._on_the_line(len(slip)))
        if not self._settings.answers:
            self._stop.wait(self._on_the_line(KERNEL_BUFFER))  # closing drops what has not left yet
            return "ok"
        try:
            return self._receipt(wire)
        except Gone as gone:
            return gone.code if gone.code == "stopped" else "unsure"

    def _receipt(self, wire: Wire) -> str:
        """Whether the slip came out. Printers without GS r are asked how they are instead."""
        wire.drain()  # a picture may hold the bytes of DLE EOT, which are answered
        wire.send(RECEIPT, ANSWER)
        if wire.receive(is_receipt, PRINTS + self._on_the_line(KERNEL_BUFFER)) is not None:
            return "ok"
        code = self._ask(wire)
        return "unsure" if code == "silent" else code

    def _ask(self, wire: Wire) -> str:
        """How the printer is: ok, silent, or what is wrong."""
        found = []
        for which in (PRINTER, OFFLINE, PAPER):
            wire.drain()
            try:
                wire.send(ASK + bytes([which]), ANSWER)
            except Late:
                return "silent"
            byte = wire.receive(is_status, ANSWER)
            if byte is None:
                return "silent"
            found.append(status(which, byte))
        why = next((one for one in found if one not in ("ok", "offline")), "")
        return why or ("fault" if "offline" in found else "ok")

    def _on_the_line(self, count: int) -> float:
        """Seconds that `count` bytes need: 10 bits each on a serial line, nothing elsewhere."""
        return count * 10 / self._settings.baud if isinstance(self._address, SerialPrinter) else 0.0


def commands(picture: Image.Image) -> bytes:
    """The slip as ESC/POS: reset, picture, feed, partial cut."""
    made = bytearray()
    paper = _library()(made)
    paper.hw("INIT")
    paper.image(picture, impl="bitImageRaster")
    paper.cut("PART")
    return bytes(made)


@cache
def _library() -> Any:
    """A printer of python-escpos that writes into a bytearray; loaded late, as the library is slow to load."""
    from escpos import capabilities
    from escpos.capabilities import Profile
    from escpos.escpos import Escpos

    if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:  # it leaves a folder behind at every start
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)

    class Paper(Profile):
        """What our slips ask of a printer; without a width the library prints a remark to standard output."""

        profile_data = {**Profile.profile_data, "media": {"dpi": 203, "width": {"mm": 80, "pixels": 576}}}

        def __init__(self) -> None:
            super().__init__(features={"paperPartCut": True, "paperFullCut": True})

    class Written(Escpos):
        def __init__(self, made: bytearray) -> None:
            super().__init__(profile=Paper())
            self._made = made

        def _raw(self, msg: bytes) -> None:
            self._made += msg

    return Written
