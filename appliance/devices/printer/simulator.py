"""A simulated ticket printer: ESC/POS on pseudo-terminals and in the network; each slip becomes a PNG in a folder.

It takes the bytes apart as a printer does (protocol.py), answers DLE EOT and GS r, and behaves badly when told to.
Demo sites and tests only.
"""

import asyncio
import os
import pty
import tty
from pathlib import Path
from typing import Self

from PIL import Image

from appliance.base import sockets
from appliance.base.site import require_demo
from appliance.devices.printer.protocol import (
    OFFLINE,
    PAPER,
    PRINTER,
    Asked,
    Command,
    Commands,
    Cut,
    Raster,
    ReceiptAsked,
    Reset,
    Unknown,
)
from appliance.wire.simulators import GetPrinter, PrinterDid, PrinterMode, SetPrinter

READ = 65536
FIXED = 0x12
"""The bits every answer to DLE EOT has."""
PAPER_GONE = 0x0C
"""In the answer to GS r 1."""
WORSE: dict[str, dict[int, int]] = {
    "paper_end": {PRINTER: 0x08, OFFLINE: 0x20, PAPER: 0x60},
    "cover_open": {PRINTER: 0x08, OFFLINE: 0x04},
}
"""Bits that are added to the answers, by what is wrong."""


class SimulatedPrinter:
    """The printer. `links`: where its serial ports appear; `listen`: host and port of the network, 0 = any free one."""

    def __init__(
        self,
        folder: Path,
        links: list[Path] | None = None,
        listen: tuple[str, int] | None = None,
        control: Path | None = None,
    ) -> None:
        require_demo()
        self.folder = folder
        self.links = links or []
        self.listen = listen
        self.control = control
        self.mode: PrinterMode = "normal"
        self.slips: list[Path] = []
        self.unknown = 0
        self._ends: list[_Terminal] = []
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Appear, and open the control socket."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ends = [_Terminal(self, link) for link in self.links]
        if self.listen:
            server = await asyncio.start_server(self._connected, *self.listen)
            self.listen = (self.listen[0], server.sockets[0].getsockname()[1])
            self._servers.append(server)
        if self.control:
            self._servers.append(
                await sockets.serve(self.control, {SetPrinter: self._set, GetPrinter: self._get})
            )

    async def stop(self) -> None:
        """Disappear: connections are cut."""
        for end in self._ends:
            end.close()
        for server in self._servers:
            server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._ends, self._servers = [], []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        paper = _Paper(self)
        try:
            while more := await reader.read(READ):
                writer.write(paper.take(more))
        except OSError:
            return  # the other end went away in its own manner
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _set(self, order: SetPrinter) -> PrinterDid:
        self.mode = order.mode
        return await self._get(GetPrinter())

    async def _get(self, _asked: GetPrinter) -> PrinterDid:
        return PrinterDid(mode=self.mode, slips=[str(one) for one in self.slips], unknown=self.unknown)

    def _save(self, slip: Image.Image) -> None:
        path = self.folder / f"slip-{len(self.slips) + 1:04d}.png"
        slip.save(path)
        self.slips.append(path)


class _Paper:
    """The roll of one connection: what was printed since the last cut, and what it answers."""

    def __init__(self, printer: SimulatedPrinter) -> None:
        self._printer = printer
        self._commands = Commands()
        self._pictures: list[Image.Image] = []

    def take(self, data: bytes) -> bytes:
        """Do what the bytes say; the bytes to send back."""
        if self._printer.mode == "silent":
            return b""
        answers = b"".join(self._do(command) for command in self._commands.feed(data))
        return b"" if self._printer.mode == "mute" else answers

    def _do(self, command: Command) -> bytes:
        printer = self._printer
        if isinstance(command, Asked):
            return bytes([FIXED | WORSE.get(printer.mode, {}).get(command.which, 0)])
        if printer.mode in WORSE:
            return b""  # off line: everything else waits, GS r too
        match command:
            case Reset():
                self._pictures.clear()
            case Raster():
                if printer.mode == "runs_out":
                    printer.mode = "paper_end"
                else:
                    self._pictures.append(_picture(command))
            case Cut() if self._pictures:
                printer._save(_joined(self._pictures))
                self._pictures.clear()
            case ReceiptAsked():
                return b"\x00"
            case Unknown(data):
                printer.unknown += len(data)
            case _:
                pass
        return b""


class _Terminal:
    """A pseudo-terminal that is the printer's serial port."""

    def __init__(self, printer: SimulatedPrinter, link: Path) -> None:
        self._link = link
        self._printer = printer
        self._paper = _Paper(printer)
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        scratch = link.with_name(link.name + ".new")
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(os.ttyname(self._slave))
        scratch.rename(link)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _readable(self) -> None:
        try:
            os.write(self._master, self._paper.take(os.read(self._master, READ)))
        except OSError:
            return  # nobody is at the other end: the bytes are lost, as on a wire

    def close(self) -> None:
        """Pull the plug."""
        asyncio.get_running_loop().remove_reader(self._master)
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)


def _picture(raster: Raster) -> Image.Image:
    """As it comes out: black where a dot was sent."""
    size = (raster.width * 8, raster.height)
    return Image.frombytes("1", size, bytes(byte ^ 0xFF for byte in raster.data))


def _joined(pictures: list[Image.Image]) -> Image.Image:
    """One under the other."""
    width, height = max(one.width for one in pictures), sum(one.height for one in pictures)
    whole, top = Image.new("1", (width, height), 1), 0
    for one in pictures:
        whole.paste(one, (0, top))
        top += one.height
    return whole
