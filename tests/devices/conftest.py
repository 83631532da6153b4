"""A simulated reader on a pseudo-terminal and the driver before it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.devices.cardreader.driver import SerialCardReader
from appliance.devices.cardreader.simulator import SimulatedReader


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[SimulatedReader]:
    async with SimulatedReader(tmp_path / "reader", tmp_path / "reader.sock") as reader:
        yield reader


@pytest.fixture
async def driver(simulated: SimulatedReader) -> AsyncIterator[SerialCardReader]:
    reader = SerialCardReader(str(simulated.link), poll=0.05)
    yield reader
    reader.close()
    await asyncio.sleep(0.1)
