"""A simulated SAM reader on a pseudo-terminal, speaking the reader's side of the protocol byte for byte.

A stable symbolic link stands in front of the pseudo-terminal, as udev's by-path links do, so that it can be
unplugged and plugged in again. Cards are put down by a call or over a control socket. Demo sites and tests
only.
"""

import asyncio
import os
import pty
import tty
from collections import Counter
from pathlib import Path
from typing import Self

from appliance.base import sockets
from appliance.base.site import require_demo
from appliance.devices.cardreader import protocol
from appliance.devices.cardreader.protocol import CardData, Command, Decoder, Request
from appliance.wire.simulators import GetReader, Misbehave, Misbehaviour, Plug, PutCard, ReaderDid, TakeCard

SAM = (
    (5).to_bytes(2, "little")
    + (3).to_bytes(2, "little")
    + b"".join(n.to_bytes(4, "little") for n in (20240101, 999999, 20260101))
)
NAMES = {int(command): command.name.lower() for command in Command}
OF_READS = ("read_failed", "cut", "read_bad_checksum")
READS = (Command.READ, Command.READ_WITH_FINGERPRINT)
NOISE = bytes.fromhex("00FFAAAA9669AA13")


class SimulatedReader:
    """The reader itself. `link`: where its serial port appears; `control`: its control socket, if any.

    Like the real ones it finds a card once and, after a read, not again until the card has left the field.
    """

    def __init__(self, link: Path, control: Path | None = None) -> None:
        require_demo()
        self.link = link
        self.control = control
        self.requests: Counter[str] = Counter()
        self.reads = 0
        self._card: CardData | None = None
        self._address = ""
        self._stage = "idle"
        self._spoil: list[Misbehaviour] = []
        self._cut_after: int | None = None
        self._master = -1
        self._slave = -1
        self._decoder = Decoder()
        self._server: asyncio.Server | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Appear at `link` and open the control socket."""
        self.plug()
        if self.control:
            self._server = await sockets.serve(
                self.control,
                {
                    PutCard: self._put_card,
                    TakeCard: self._take_card,
                    Misbehave: self._misbehave,
                    Plug: self._plug,
                    GetReader: self._state,
                },
            )

    async def stop(self) -> None:
        """Disappear."""
        self.unplug()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def put(self, card: CardData, seconds: float = 0.0, address: str = "") -> None:
        """Put a card into the field; it is taken away after `seconds` unless that is 0.

        `address`: what is appended to it.
        """
        self._card, self._stage, self._address = card, "idle", address
        if self._leaving:
            self._leaving.cancel()
        self._leaving = asyncio.get_running_loop().call_later(seconds, self.take) if seconds else None

    def take(self) -> None:
        """Take the card away."""
        self._card, self._stage = None, "idle"

    def misbehave(self, how: Misbehaviour, count: int = 1) -> None:
        """Spoil the next `count` answers (those `OF_READS`: of the next reads)."""
        self._spoil += [how] * count

    def plug(self) -> None:
        """Plug in: a new pseudo-terminal behind the old name."""
        if self._master >= 0:
            return
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._decoder = Decoder()
        self.link.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.link.with_name(self.link.name + ".new")
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(os.ttyname(self._slave))
        scratch.rename(self.link)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self, after_bytes: int | None = None) -> None:
        """Pull the plug now, or after that many bytes of the next read's answer."""
        if after_bytes is not None:
            self._cut_after = after_bytes
            return
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        self._stage = "idle"

    def _readable(self) -> None:
        try:
            chunk = os.read(self._master, 4096)
        except OSError:
            return  # nobody has opened the other end yet
        for event in self._decoder.feed(chunk):
            if isinstance(event, Request):
                self._answer(event.command)

    def _answer(self, command: int) -> None:
        name = NAMES.get(command, "unknown")
        self.requests[name] += 1
        body = self._reply(command)
        how = self._spoiling(command)
        if how == "silent":
            return
        if how == "read_failed":
            body = protocol.response(0x41)
            self._stage = "idle"
        elif how in ("bad_checksum", "read_bad_checksum"):
            body = body[:-1] + bytes([body[-1] ^ 0x5A])
        elif how == "cut":
            body = body[: len(body) // 2]
        elif how == "noise":
            body = NOISE + body + NOISE[:3]
        elif how == "glued":
            body = body[: len(body) // 2] + body + body[:9]
        elif how == "sam_failed":
            body = protocol.response(0x60)
            self._stage = "idle"
        if self._cut_after is not None and command in READS:
            body, self._cut_after = body[: self._cut_after], None
            self._write(body)
            asyncio.get_running_loop().call_later(0.05, self.unplug)
            return
        if command in READS and self._stage == "read":
            self.reads += 1
        self._write(body)

    def _spoiling(self, command: int) -> Misbehaviour | None:
        if not self._spoil or (self._spoil[0] in OF_READS and command not in READS):
            return None
        return self._spoil.pop(0)

    def _write(self, body: bytes) -> None:
        view = memoryview(body)
        while view:
            try:
                view = view[os.write(self._master, view) :]
            except OSError:
                return  # nobody reads, or the plug was pulled: the bytes are lost, as on a wire

    def _reply(self, command: int) -> bytes:
        """The answer of a sound reader in its present stage."""
        if command == Command.SAM_ID:
            return protocol.response(0x90, SAM)
        if command in (Command.STATUS, Command.RESET):
            self._stage = "idle" if command == Command.RESET else self._stage
            return protocol.response(0x90)
        if command == Command.FIND:
            if self._card is None or self._stage == "read":
                return protocol.response(0x80)
            self._stage = "found"
            return protocol.response(0x9F, bytes(4))
        if command == Command.SELECT:
            if self._card is None or self._stage != "found":
                return protocol.response(0x81)
            self._stage = "selected"
            return protocol.response(0x90, bytes(8))
        if command in READS:
            if self._card is None or self._stage != "selected":
                return protocol.response(0x41)
            self._stage = "read"
            return protocol.card_response(self._card, command == Command.READ_WITH_FINGERPRINT)
        if command == Command.READ_ADDRESS:
            if self._card is None or self._stage != "read":
                return protocol.response(0x41)
            if not self._address:
                return protocol.response(0x91)
            cells = self._address.ljust(protocol.ADDRESS_BYTES // 2).encode("utf-16-le")
            return protocol.response(0x90, cells[: protocol.ADDRESS_BYTES])
        return protocol.response(0x21)

    async def _put_card(self, order: PutCard) -> ReaderDid:
        self.put(CardData(order.text, order.photo, order.fingerprint), order.seconds, order.address)
        return await self._state(GetReader())

    async def _take_card(self, _order: TakeCard) -> ReaderDid:
        self.take()
        return await self._state(GetReader())

    async def _misbehave(self, order: Misbehave) -> ReaderDid:
        self.misbehave(order.how, order.count)
        return await self._state(GetReader())

    async def _plug(self, order: Plug) -> ReaderDid:
        if order.plugged:
            self.plug()
        else:
            self.unplug(order.after_bytes or None)
        return await self._state(GetReader())

    async def _state(self, _order: GetReader) -> ReaderDid:
        return ReaderDid(
            plugged=self._master >= 0,
            card=self._card is not None,
            requests=dict(self.requests),
            reads=self.reads,
        )
