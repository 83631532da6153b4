"""A simulated relay board with timed coils that counts its pulses: Modbus RTU on a pseudo-terminal, or Modbus TCP.

Frames are taken apart and built by pymodbus' own framers. Demo sites and tests only.
"""

import asyncio
import os
import pty
import tty
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pymodbus import ModbusException
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
    WriteSingleCoilRequest,
)

from appliance.base import sockets
from appliance.base.site import require_demo
from appliance.devices.gate.protocol import FLASH_STEP_MS
from appliance.wire.simulators import BoardDid, BoardMode, Edge, GetBoard, SetBoard

COILS = 8
INPUTS = 8
FLASH_BASE = 0x0200
ILLEGAL_ADDRESS = 2
FAILURE = 4


class SimulatedBoard:
    """The board. `link`: where its serial port appears; `control`: its control socket, if any."""

    def __init__(self, link: Path, control: Path | None = None, unit: int = 1) -> None:
        require_demo()
        self.link = link
        self.control = control
        self.unit = unit
        self.mode: BoardMode = "normal"
        self.coils = [False] * COILS
        self.inputs = [False] * INPUTS
        self.pulses: list[Edge] = []
        self.frames = 0
        self._master = -1
        self._slave = -1
        self._buffer = b""
        self._framer: FramerBase = FramerRTU(_decoder())
        self._server: asyncio.Server | None = None
        self._timers: dict[int, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Appear at `link` and open the control socket."""
        self.plug()
        if self.control:
            self._server = await sockets.serve(self.control, {SetBoard: self._set, GetBoard: self._get})

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

    def plug(self) -> None:
        """Plug in: a new pseudo-terminal behind the old name."""
        if self._master >= 0:
            return
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._buffer = b""
        self.link.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.link.with_name(self.link.name + ".new")
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(os.ttyname(self._slave))
        scratch.rename(self.link)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        """Pull the plug; the relays fall off."""
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        for coil in range(COILS):
            self._switch(coil, False)

    def _readable(self) -> None:
        try:
            self._buffer += os.read(self._master, 4096)
        except OSError:
            return  # nobody has opened the other end yet
        self._buffer, answers = self._answers(self._framer, self._buffer)
        try:
            os.write(self._master, answers)
        except OSError:
            return  # nobody reads: the bytes are lost, as on a wire

    def _answers(self, framer: FramerBase, buffer: bytes) -> tuple[bytes, bytes]:
        """Act on every whole frame of `buffer`; what is left of it, and the bytes to send back."""
        answers = b""
        while buffer:
            try:
                used, request = framer.handleFrame(buffer, self.unit, 0)
            except ModbusException:
                return b"", answers
            buffer = buffer[used:]
            if request is None:
                break
            self.frames += 1
            if self.mode == "deaf":
                continue
            answer = self._act(request)
            if self.mode != "silent":
                answer.dev_id, answer.transaction_id = self.unit, request.transaction_id
                answers += framer.buildFrame(answer)
        return buffer, answers

    def _act(self, request: ModbusPDU) -> ModbusPDU:
        """Do what the request says; the answer to it."""
        if self.mode == "refusing":
            return ExceptionResponse(request.function_code, FAILURE)
        end = request.address + request.count
        if isinstance(request, ReadDiscreteInputsRequest):
            if end > INPUTS:
                return ExceptionResponse(request.function_code, ILLEGAL_ADDRESS)
            return ReadDiscreteInputsResponse(bits=self.inputs[request.address : end])
        if isinstance(request, ReadCoilsRequest):
            if end > COILS:
                return ExceptionResponse(request.function_code, ILLEGAL_ADDRESS)
            return ReadCoilsResponse(bits=self.coils[request.address : end])
        if isinstance(request, _WriteCoil):
            return self._write(request)
        return ExceptionResponse(request.function_code, 1)

    def _write(self, request: "_WriteCoil") -> ModbusPDU:
        address = request.address
        if address < COILS:
            self._switch(address, bool(request.value))
        elif FLASH_BASE <= address < FLASH_BASE + COILS:
            self._switch(address - FLASH_BASE, True)
            self._timers[address - FLASH_BASE] = asyncio.get_running_loop().call_later(
                request.value * FLASH_STEP_MS / 1000, self._switch, address - FLASH_BASE, False
            )
        else:
            return ExceptionResponse(request.function_code, ILLEGAL_ADDRESS)
        return request

    def _switch(self, coil: int, on: bool) -> None:
        if timer := self._timers.pop(coil, None):
            timer.cancel()
        now = datetime.now(UTC)
        if on and not self.coils[coil]:
            self.pulses.append(Edge(coil=coil, at=now))
        elif not on and self.coils[coil]:
            for edge in reversed(self.pulses):
                if edge.coil == coil:
                    edge.seconds = (now - edge.at).total_seconds()
                    break
        self.coils[coil] = on

    async def _set(self, order: SetBoard) -> BoardDid:
        self.mode = order.mode
        for number, value in order.inputs.items():
            if 0 <= number < INPUTS:
                self.inputs[number] = value
        return await self._get(GetBoard())

    async def _get(self, _order: GetBoard) -> BoardDid:
        return BoardDid(mode=self.mode, coils=self.coils, pulses=self.pulses, frames=self.frames)


class SimulatedTcpBoard(SimulatedBoard):
    """The same board in the network: Modbus TCP at `host`:`port`."""

    def __init__(self, host: str, port: int, control: Path | None = None, unit: int = 1) -> None:
        super().__init__(Path(), control, unit)
        self.host, self.port = host, port
        self._network: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen, and open the control socket."""
        self._network = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = self._network.sockets[0].getsockname()[1]
        await super().start()

    async def stop(self) -> None:
        """Disappear: the relays fall off, connections are cut."""
        if self._network:
            self._network.close()
        for writer in self._writers:
            writer.transport.abort()
        await super().stop()

    def plug(self) -> None:
        """The network is there once `start` listens."""

    def unplug(self) -> None:
        """The relays fall off."""
        for coil in range(COILS):
            self._switch(coil, False)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        framer, buffer = FramerSocket(_decoder()), b""
        try:
            while more := await reader.read(4096):
                buffer, answers = self._answers(framer, buffer + more)
                writer.write(answers)
        except OSError:
            return  # the other end went away in its own manner
        finally:
            self._writers.discard(writer)
            writer.close()


def _decoder() -> DecodePDU:
    decoder = DecodePDU(is_server=True)
    decoder.register(_WriteCoil)
    return decoder


class _WriteCoil(WriteSingleCoilRequest):
    """FC05 as boards with timed coils take it: the value is a number, not only on and off."""

    value = 0

    def decode(self, data: bytes) -> None:
        self.address = int.from_bytes(data[:2])
        self.value = int.from_bytes(data[2:4])

    def encode(self) -> bytes:
        return self.address.to_bytes(2) + self.value.to_bytes(2)
