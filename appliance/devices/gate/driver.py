"""A relay board on a serial line (Modbus RTU, 8N1) or in the network (Modbus TCP) through pymodbus.

Several lanes may share one line: `Line` lets one frame at a time on it. pymodbus repeats an unanswered
request three times by default; here it never does (`retries=0`).
"""

import asyncio
import logging
import struct
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu.bit_message import WriteSingleCoilRequest

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import Corrupt, DeviceFault
from appliance.base.i18n import N_
from appliance.devices.gate.port import Opened
from appliance.devices.gate.protocol import Outcome, Pulse, Reply, Write, plan, settle

Client = AsyncModbusSerialClient | AsyncModbusTcpClient
TCP = "tcp://"
MODBUS_PORT = 502
RELEASE_TRIES = 5
BETWEEN_PULSES = 0.15
"""Seconds a relay stays open between two pulses."""
TIMEOUT = 0.5
CLOSE_WITHIN = 2.0

# It logs every unanswered frame as an error; an outage is told once, by whoever asked for the frame.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

SENTENCES = {
    "expired": N_("The order to open the gate came too late and was not carried out."),
    "missing": N_("The gate's relay board cannot be reached. The gate was not opened."),
    "silent": N_("The gate does not answer. Look whether it opened; it is not tried again by itself."),
    "refused": N_("The gate's relay board refused the order. The gate was not opened."),
}
STUCK = N_("The gate's relay could not be released: the gate may stay open. Watch it.")
"""What staff are told while a pulse could not be ended."""


class _WriteValue(WriteSingleCoilRequest):
    """FC05 with any 16-bit value: timed coils take a number of steps where the standard has on and off."""

    def __init__(self, address: int = 0, value: int = 0, dev_id: int = 1) -> None:
        super().__init__(address=address, bits=[bool(value)], dev_id=dev_id)
        self._value = value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self._value)


class Line:
    """One line with one or more relay boards: a serial port, or `tcp://host:port`.

    Opened when first needed, and anew after a fault.
    """

    def __init__(self, port: str, baud: int = 9600, timeout: float = TIMEOUT) -> None:
        """Raises Corrupt when `port` is an address that cannot be one."""
        self.port = port
        self._address = _address(port) if port.startswith(TCP) else None
        self.baud = baud
        self.timeout = timeout
        self._client: Client | None = None
        self.lock = asyncio.Lock()

    async def _connected(self) -> Client | None:
        if self._client and self._client.connected:
            return self._client
        self._drop()
        client = self._client = self._new()
        connected = await client.connect()
        _heed_cancel()
        if not connected:
            self._drop()
            return None
        return client

    def _new(self) -> Client:
        once: dict[str, Any] = {"timeout": self.timeout, "retries": 0, "reconnect_delay": 0}
        if self._address:
            host, port = self._address
            return AsyncModbusTcpClient(host, port=port, **once)
        return AsyncModbusSerialClient(
            self.port, baudrate=self.baud, bytesize=8, parity="N", stopbits=1, **once
        )

    def _drop(self) -> None:
        if self._client:
            self._client.close()
            self._client = None

    async def write(self, unit: int, write: Write) -> Reply:
        """Send one write-coil frame once."""
        client = await self._connected()
        if client is None:
            return "not_sent"
        try:
            reply = await client.execute(False, _WriteValue(write.address, write.value, unit))
        except (ModbusException, OSError):
            self._drop()
            _heed_cancel()
            return "none"
        _heed_cancel()
        return "refused" if reply.isError() else "echo"

    async def read(self, unit: int, what: str, address: int, count: int) -> list[bool] | None:
        """Read `coils` or `inputs`; None when there is no answer or a refusal."""
        client = await self._connected()
        if client is None:
            return None
        asks: Any = client.read_coils if what == "coils" else client.read_discrete_inputs
        try:
            reply = await asks(address, count=count, device_id=unit)
        except (ModbusException, OSError):
            self._drop()
            _heed_cancel()
            return None
        _heed_cancel()
        return None if reply.isError() else [bool(bit) for bit in reply.bits[:count]]

    async def close(self) -> None:
        """Free the port."""
        self._drop()


def _heed_cancel() -> None:
    """Raise CancelledError where pymodbus lost it.

    It waits with `asyncio.wait_for`, which up to Python 3.11 forgets a cancel that comes in the same turn of the
    loop as the answer or the fault (python/cpython#86296): a watch that was told to end would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _address(port: str) -> tuple[str, int]:
    try:
        where = urlsplit(port)
        host, number = where.hostname, where.port
    except ValueError:
        host, number = None, None
    if not host:
        raise Corrupt(
            "bad_gate_address",
            N_("The gate's address {port} cannot be read."),
            N_("Write it as tcp://192.168.10.40:502 in the settings."),
            port=port,
        )
    return host, number or MODBUS_PORT


class ModbusGate:
    """The Modbus implementation of `Gate`: one coil of one board on a line.

    `flash_base`: first address of the board's timed coils, None when it has none.
    """

    def __init__(
        self,
        line: Line,
        unit: int = 1,
        coil: int = 0,
        pulse_ms: int = 400,
        flash_base: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._line = line
        self._unit = unit
        self._coil = coil
        self._pulse = plan(coil, pulse_ms, flash_base)
        self._clock = clock or SystemClock()
        self._releasing: set[asyncio.Task[None]] = set()
        self._stuck = False
        self._rested = self._pulse.release is None
        self._turn = asyncio.Lock()
        self._free_at = 0.0

    async def open_once(self, until: float) -> Opened:
        """See `Gate`. Answers as soon as the relay has closed; the pulse goes on for its time.

        A pulse that follows another waits until the relay has been open for a moment: two people who come in
        quick succession are two pulses, never one long one.
        """
        async with self._turn:
            await asyncio.sleep(max(0.0, self._free_at - self._clock.monotonic()))
            await asyncio.gather(*self._releasing)
            return await self._open(until)

    async def _open(self, until: float) -> Opened:
        started = self._clock.monotonic()
        async with self._line.lock:
            now = self._clock.now()
            if self._clock.monotonic() >= until:
                return self._result("not_done", "expired", None, started)
            try:
                reply = await self._line.write(self._unit, self._pulse.close)
            except asyncio.CancelledError:
                self._release_later(0)
                raise
            coil = None
            if reply == "none":
                bits = await self._line.read(self._unit, "coils", self._coil, 1)
                coil = bits[0] if bits else None
            timed = self._pulse.release is None
            outcome = settle(reply, coil, timed)
            if outcome != "not_done":
                # A silent board may have obeyed as well: its own timer runs on, any other pulse is ended at once.
                hold = self._pulse.hold_ms / 1000 if outcome == "done" or timed else 0.0
                self._release_later(hold)
                self._free_at = self._clock.monotonic() + hold + BETWEEN_PULSES
            if outcome == "done":
                return self._result("done", "ok", now, started)
        code = {"not_sent": "missing", "refused": "refused"}.get(reply, "silent")
        return self._result(outcome, code, None if reply == "not_sent" else now, started)

    def _result(self, outcome: Outcome, code: str, sent_at: datetime | None, started: float) -> Opened:
        return Opened(
            outcome=outcome,
            code=code,
            sentence=SENTENCES.get(code, ""),
            sent_at=sent_at,
            seconds=self._clock.monotonic() - started,
        )

    def _release_later(self, seconds: float) -> None:
        """End the pulse in `seconds` (only where the board does not do it)."""
        if self._pulse.release is None:
            return
        task = asyncio.create_task(self._release(self._pulse, seconds))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)

    async def _release(self, pulse: Pulse, seconds: float) -> None:
        await asyncio.sleep(seconds)
        assert pulse.release is not None
        for attempt in range(RELEASE_TRIES):
            async with self._line.lock:
                if await self._line.write(self._unit, pulse.release) == "echo":
                    self._stuck = False
                    return
            await asyncio.sleep(0.1 * (attempt + 1))
        self._stuck, self._rested = True, False

    async def rest(self) -> None:
        """See `Gate`. Boards with timed coils end every pulse themselves."""
        if self._pulse.release is None or self._rested:
            return
        async with self._turn:
            await asyncio.gather(*self._releasing)
            async with self._line.lock:
                reply = await self._line.write(self._unit, self._pulse.release)
            self._free_at = self._clock.monotonic() + BETWEEN_PULSES
            if reply == "echo":
                self._rested, self._stuck = True, False
            elif self._stuck:
                raise DeviceFault("gate_stuck", STUCK)

    async def released(self) -> bool:
        """See `Gate`."""
        await asyncio.gather(*self._releasing)
        return not self._stuck

    async def inputs(self, count: int = 8) -> list[bool]:
        """See `Gate`."""
        async with self._line.lock:
            bits = await self._line.read(self._unit, "inputs", 0, count)
        if bits is None:
            raise DeviceFault(
                "gate_silent",
                N_("The gate's relay board does not answer."),
                N_("Check its cable and power; until then open the gate by hand."),
            )
        return bits

    async def close(self) -> None:
        """See `Gate`. A running pulse is ended first; a silent board is waited for only shortly."""
        if self._releasing:
            _, running = await asyncio.wait(self._releasing, timeout=CLOSE_WITHIN)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        await self._line.close()
