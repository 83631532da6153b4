"""What is missing in the recordings of a sitting stands on its record and on the office's page."""

from datetime import timedelta

from appliance.base import sockets
from appliance.base.settings import CameraSettings
from appliance.flow.box import Box
from appliance.flow.sheets import room_record_facts
from appliance.flow.start_sitting import start_sitting
from appliance.web.camera_alarms import ALARMS
from appliance.web.sitting_gaps import recordings_of, with_recordings
from appliance.wire.recorder import AlarmSpan, FindClips, Found, Gap
from tests.world import seed


async def test_a_sitting_names_the_gaps_of_its_cameras(box: Box) -> None:
    world = await box.db.write(seed, box, 1)
    box.settings.cameras.extend(
        CameraSettings(code=code, name=f"摄像机{code}", address="127.0.0.1:1", room=room)
        for code, room in (("C1", "T1"), ("C2", "T1"), ("C9", "P1"))
    )
    start = box.now()
    assert not (await recordings_of(box, world.sitting)).begun
    await box.db.write(start_sitting, box, world.sitting, "test")
    box.clock.advance(600)  # type: ignore[attr-defined]
    assert (await recordings_of(box, world.sitting)).unknown, "nobody answers"
    asked: list[FindClips] = []

    async def find(wanted: FindClips) -> Found:
        asked.append(wanted)
        hole = start + timedelta(seconds=60)
        return Found(
            clips=[],
            gaps=[
                Gap(camera="C2", start=hole, end=hole + timedelta(seconds=5), cause="network"),
                Gap(camera="C1", start=start, end=start + timedelta(milliseconds=200), cause=""),
            ],
            alarms=[AlarmSpan(camera="C1", kind="tamper", start=hole, end=None)],
        )

    server = await sockets.serve(box.settings.socket("clips"), {FindClips: find})
    try:
        record = await box.db.read(room_record_facts, box, world.sitting)
        told = (await with_recordings(box, world.sitting, record)).recordings
    finally:
        server.close()
    assert (asked[0].cameras, asked[0].start, asked[0].end) == (["C1", "C2"], start, box.now())
    assert told.cameras == ["摄像机C1", "摄像机C2"] and not told.unknown
    assert [(one.camera, one.cause) for one in told.gaps] == [("摄像机C2", "network")]
    assert [(one.camera, one.what) for one in told.alarms] == [("摄像机C1", ALARMS["tamper"])]
