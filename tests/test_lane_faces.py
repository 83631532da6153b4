"""The camera of a lane: its loss and its end are told once each, at the desk and in the journal."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlmodel import col, select

from appliance import lane_faces
from appliance.base.errors import Unavailable
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.lane import Lane
from appliance.records.journal import Journal
from appliance.wire.faceworker import Looked, Pong


class Worker(FaceWorker):
    """A worker that says what it is told to; `says` empty = its camera delivers."""

    def __init__(self) -> None:
        super().__init__("dlib", "sim:/nowhere.jpg", 1.0)
        self.says, self.dead = "", False

    async def start(self) -> None:
        if self.dead:
            raise Unavailable("no_model", "The face engine's model {path} is missing.", path="x")

    async def ping(self) -> Pong:
        await self.start()
        return Pong(engine="dlib", version="1", camera=self.says or "ok")

    async def look(self, *_what: Any) -> Looked:
        await self.start()
        return Looked(engine="dlib", version="1", cause=f"camera_{self.says}" if self.says else "no_face")


def lane_of(box: Box, worker: Worker) -> Lane:
    nothing: Any = None
    return Lane(box, box.settings.lanes[0], nothing, nothing, worker)


def told(box: Box) -> list[tuple[str, str]]:
    """Kind and code of every entry about a device, oldest first; all are of the camera."""
    kinds = ("device.lost", "device.restored")
    rows = box.db.read_now(
        lambda s: s.exec(select(Journal).where(col(Journal.kind).in_(kinds)).order_by(col(Journal.seq))).all()
    )
    bodies = [msgspec.json.decode(row.body) for row in rows]
    assert {one["device"] for one in bodies} <= {"camera"}
    return [(row.kind, one["code"]) for row, one in zip(rows, bodies, strict=True)]


async def test_a_camera_loss_is_journaled_once_and_its_end(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_faces, "PROBE", 0.02)
    worker = Worker()
    lane = lane_of(box, worker)
    await lane.faces.start()
    assert (lane.state.camera, told(box)) == ("ok", [])
    worker.says = "silent"
    for _ in range(3):
        assert (await lane.faces.compare(b"", "")).code == "camera_silent"
    assert lane.state.camera == "silent" and lane.state.messages["camera"]
    worker.says = ""
    probing = asyncio.create_task(lane.faces.probe())
    async with asyncio.timeout(10):
        while len(told(box)) < 2:  # noqa: ASYNC110 (a journal has no event)
            await asyncio.sleep(0.05)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    assert told(box) == [("device.lost", "camera_silent"), ("device.restored", "")]
    assert (lane.state.camera, lane.state.messages) == ("ok", {})


async def test_a_face_engine_that_cannot_begin_is_journaled_and_ends_nothing(box: Box) -> None:
    worker = Worker()
    worker.dead = True
    lane = lane_of(box, worker)
    await lane.faces.start()
    assert lane.state.camera == "fault" and "model" in lane.state.messages["camera"]
    assert (await lane.faces.compare(b"", "")).code == "face_engine_silent"
    assert told(box) == [("device.lost", "no_model")]


async def test_a_bug_of_the_face_check_ends_nothing(box: Box) -> None:
    class Broken(Worker):
        async def start(self) -> None:
            raise RuntimeError("a bug")

    lane = lane_of(box, Broken())
    await lane.faces.start()
    assert lane.state.camera == "fault" and lane.state.messages["camera"]
