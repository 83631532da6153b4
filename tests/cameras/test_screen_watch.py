"""A screen's code on its whole way: shown in the room, recorded, read back, held against the journal, told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.clock import SystemClock
from appliance.base.screen_code import DIGITS
from appliance.base.sockets import ask_stream
from appliance.flow.box import Box
from appliance.flow.screen_codes import code_now, codes_between
from appliance.records.journal import Journal
from appliance.web.screen_watch import ScreenWatch
from appliance.wire.screens import ReadScreens, ScreenRead, ScreensHead
from appliance.wire.simulators import SetCamera
from cameras import clips
from cameras.clips.watch import PictureWatch
from cameras.index import Reader
from cameras.simulator.camera import SimulatedCamera, Traits
from tests.cameras.conftest import PASSWORD, recorded, recording, site
from tests.world import seed


@pytest.fixture
async def camera() -> AsyncIterator[SimulatedCamera]:
    async with SimulatedCamera(Traits(code="C1", password=PASSWORD, discovery_port=0, key_every=0.5)) as made:
        yield made


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_loop_a_swap_and_a_dark_screen_are_found(
    box: Box, camera: SimulatedCamera, tmp_path: Path
) -> None:
    box.clock = SystemClock()
    made = site(tmp_path, camera, segment=1.0, fragment=0.5)
    cameras = [
        msgspec.structs.replace(made.cameras[0], screen="T1"),
        msgspec.structs.replace(made.cameras[0], code="C2", screen="T2"),
    ]
    box.settings = msgspec.structs.replace(box.settings, cameras=cameras, recorder=made.recorder)
    await box.db.write(seed, box, 1)
    watch = ScreenWatch(box)
    one = msgspec.structs.replace(box.settings, cameras=cameras[:1])

    async def told(screen: str, minutes: int, looks: int) -> str:
        """The verdict when the screen in the camera's view shows what `screen` showed so many minutes ago."""
        for _look in range(looks):
            number = ""
            if screen:
                shown = await box.db.read(code_now, box, screen)
                if minutes:
                    earlier = shown.minute - minutes
                    (shown,) = await box.db.read(codes_between, [screen], earlier, earlier)
                number = f"{shown.number:0{DIGITS}d}"
            await camera.change(SetCamera(screen=number))
            await asyncio.sleep(2.2)  # that picture is on the disk
            await asyncio.to_thread(served.watch.look, "C1", datetime.now(UTC))
            await watch.look()
        return watch.states.get("C1", "")

    began = datetime.now(UTC)
    async with recording(one) as recorder:
        await recorded(recorder, 1.0)
        served = clips.ClipServer(box.settings)
        served.watch = PictureWatch(box.settings, Reader(Path(box.settings.recorder.media)))
        server = await clips.serve(box.settings, served)
        assert await told("T1", 0, 1) == "ok"
        assert await told("T1", 30, 1) == "ok", "once is somebody before the screen"
        assert await told("T1", 30, 1) == "late"
        assert await told("T2", 0, 1) == "other"
        assert await told("T1", 0, 1) == "ok"
        assert await told("", 0, 2) == "missing"
        asked = ReadScreens(camera="C1", start=began, end=datetime.now(UTC))
        head, frames = await ask_stream(box.settings.socket("clips"), asked, ScreensHead)
        read = [msgspec.msgpack.decode(frame, type=ScreenRead) async for frame in frames]
        assert head.minutes >= len(read) > 0 and all(began <= one.at for one in read), (
            "once more, from the store"
        )
        server.close()

    def kinds(session: Session) -> list[tuple[str, str]]:
        rows = select(Journal).where(Journal.subject == "C1").order_by(col(Journal.seq))
        return [(row.kind, msgspec.json.decode(row.body).get("code", "")) for row in session.exec(rows)]

    lost, back = "screen_code.lost", "screen_code.back"
    assert await box.db.read(kinds) == [(lost, "late"), (lost, "other"), (back, ""), (lost, "missing")]
