"""Liveness from the card to the gate: whoever does what is asked comes in, a photograph held up leads to a person."""

import asyncio
import contextlib
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from sqlmodel import select

from appliance.base.settings import FaceSettings
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.devices.cardreader.protocol import CardData
from appliance.devices.cardreader.simulator import SimulatedReader
from appliance.devices.gate.simulator import SimulatedBoard
from appliance.faces import demo_people, pictures
from appliance.faces.demo_motion import Actor
from appliance.faces.demo_photo import pack
from appliance.faces.engines import load
from appliance.faces.landmarks import Landmarker
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.gatehouse import Gatehouse
from appliance.records.entry import Admission, Case, Tap
from appliance.records.journal import Journal
from tests.conftest import site_settings
from tests.test_entry_power import expect
from tests.world import number_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


async def decided(box: Box, count: int, seconds: float) -> Tap:
    """The newest of `count` taps."""
    for _ in range(int(seconds / 0.2)):
        taps = await box.db.read(lambda s: s.exec(select(Tap)).all())
        if len(taps) == count:
            return max(taps, key=lambda tap: tap.recorded_at)
        await asyncio.sleep(0.2)
    raise AssertionError("the tap is not decided")


async def test_a_living_person_comes_in_and_a_photograph_does_not(tmp_path: Path) -> None:
    base = site_settings(tmp_path)
    decoder = [sys.executable, "-m", "appliance.faces.demo_photo"]
    faces = FaceSettings(photo_decoder=decoder, liveness=12.0)
    settings = msgspec.structs.replace(base, lanes=base.lanes[:1], faces=faces)
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    await box.db.write(expect, box)
    live = Path(settings.lanes[0].camera.removeprefix("sim:"))
    picture = pictures.decode(demo_people.live("astronaut"))
    [found] = load("dlib").detect(picture)
    actor = Actor(picture, Landmarker().find(picture, found))

    async def act(house: Gatehouse, does: bool) -> None:
        """Stand before the camera; `does`: what the entry screen asks for."""
        while True:
            for frame in actor.perform(house.lanes["L1"].state.prompt if does else ""):
                live.with_suffix(".new").write_bytes(pictures.encode(frame))
                live.with_suffix(".new").rename(live)
                await asyncio.sleep(0.15)

    live.write_bytes(pictures.encode(actor.frame()))
    text = write(demo_card("考生0", number_of(0), date(2020, 1, 1)))
    card = CardData(text=text, photo=pack(demo_people.portrait("astronaut")))
    stop, house = asyncio.Event(), Gatehouse(box)
    lane = settings.lanes[0]
    async with contextlib.AsyncExitStack() as stack:
        reader = await stack.enter_async_context(SimulatedReader(Path(lane.reader.port)))
        board = await stack.enter_async_context(SimulatedBoard(Path(lane.gate.port)))
        running = asyncio.create_task(house.run(stop))
        for count, does in ((1, False), (2, True)):
            acting = asyncio.create_task(act(house, does))
            reader.put(card)
            tap = await decided(box, count, 90)
            acting.cancel()
            reader.take()
            await asyncio.sleep(1.0)
            if does:
                assert (tap.result, tap.code) == ("admit", "admitted")
                assert len(board.pulses) == 1
            else:
                assert (tap.result, tap.code) == ("review", "liveness_failed")
                [case] = await box.db.read(lambda s: s.exec(select(Case)).all())
                assert case.tap == tap.id and not board.pulses
                assert not await box.db.read(lambda s: s.exec(select(Admission)).all())
        assert house.lanes["L1"].faces.view == b""
        kinds = Journal.kind == "face.compared"
        told = await box.db.read(
            lambda s: s.exec(select(Journal.body).where(kinds).order_by(Journal.seq)).all()
        )
        why = [json.loads(body)["liveness"] for body in told]
        assert why[0].startswith("liveness_") and why[1:] == ["passed"]
        stop.set()
        await running
    box.db.stop()
