"""exam-clips' own look at the pictures: two looks in a row, from the recorder's store."""

import asyncio
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from appliance.base import sockets
from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import Corrupt, NotFound
from appliance.base.settings import Settings
from appliance.wire.recorder import GetPictures, GetStill, Pictures
from appliance.wire.simulators import SetCamera
from cameras import check, clips
from cameras.clips.watch import PictureWatch, faults
from cameras.index import Index, Reader
from cameras.reference import References
from cameras.simulator.camera import SimulatedCamera, Traits
from tests.cameras.conftest import PASSWORD, recorded, recording, site
from tests.cameras.test_picture import room
from tests.web.recordings import MINUTE, record


@pytest.fixture
async def camera() -> Any:
    async with SimulatedCamera(Traits(code="C1", password=PASSWORD, discovery_port=0, key_every=0.5)) as made:
        yield made


@pytest.mark.long
async def test_two_looks_in_a_row_make_a_fault(
    camera: SimulatedCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site(tmp_path, camera, segment=1.0, fragment=0.5)
    assert (await asyncio.to_thread(check.take, settings, [])).ok
    async with recording(settings) as recorder:
        await recorded(recorder, 1.5)
        watch = PictureWatch(settings, Reader(Path(settings.recorder.media)))
        served = clips.ClipServer(settings)
        served.watch = watch
        server = await clips.serve(settings, served)

        async def told() -> list[str]:
            await asyncio.to_thread(watch.look, "C1", datetime.now(UTC))
            answer = await sockets.ask(settings.socket("clips"), GetPictures(), Pictures)
            return list(answer.cameras[0].faults)

        assert await told() == []
        await camera.change(SetCamera(view="turned"))
        await asyncio.sleep(2.0)
        newest, taken = watch._newest, await asyncio.to_thread(watch._newest, "C1")
        monkeypatch.setattr(watch, "_newest", lambda _camera: taken)
        assert await told() == [], "once is somebody before the lens"
        assert await told() == [], "the same picture is not looked at twice"
        monkeypatch.setattr(watch, "_newest", newest)
        await asyncio.sleep(1.2)
        assert await told() == ["moved"]
        watch.look("C1", datetime.now(UTC) + timedelta(minutes=5))
        assert watch.status().cameras == [], "an old picture says nothing about now"
        server.close()


def test_looks_go_on_after_the_clock_was_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = PictureWatch(site(tmp_path), Reader(tmp_path))
    now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    taken = [(now, room("theory"))]
    monkeypatch.setattr(watch, "_newest", lambda _camera: taken[0])
    watch.look("C1", now)
    back = now - timedelta(hours=1)
    watch.look("C1", back + timedelta(seconds=1))
    assert watch.status().cameras == [], "a picture of before the step says nothing about now"
    watch.look("C1", now)
    taken[0] = back, room("theory")
    watch.look("C1", back + timedelta(seconds=1))
    assert [one.at for one in watch.status().cameras] == [back]


def kept(settings: Settings) -> Path:
    """A reference still of C1; where it lies."""
    picture = np.repeat(room("theory")[:, :, None], 3, axis=2)
    References(settings).keep("C1", av.VideoFrame.from_ndarray(picture, format="rgb24"), datetime.now(UTC))
    (found,) = Path(settings.recorder.media).rglob("*.jpg")
    return found


async def test_a_resting_camera_is_marked_on_its_reference_still(tmp_path: Path) -> None:
    settings = site(tmp_path)
    Index(Path(settings.recorder.media)).close()
    served = clips.ClipServer(settings)
    with pytest.raises(NotFound):
        await served.get_still(GetStill(camera="C1", or_reference=True))
    body = kept(settings).read_bytes()
    made = await served.get_still(GetStill(camera="C1", or_reference=True))
    assert b"".join([chunk async for chunk in made.chunks]) == body and made.head.bytes == len(body)
    assert made.head.reference
    with pytest.raises(NotFound):  # nobody takes it for now who did not ask for it
        await served.get_still(GetStill(camera="C1"))


async def test_pictures_of_before_an_exchange_are_nothing_to_mark_on(tmp_path: Path) -> None:
    """Neither what was recorded just now nor the reference still, until it is taken again."""
    settings = site(tmp_path)
    settings.cameras.append(CameraSettings(code="C1", name="C1", address="192.0.2.1:80"))
    start = datetime.now(UTC) - timedelta(seconds=90)
    record(settings, start, start + MINUTE, (start, start))
    kept(settings)
    served = clips.ClipServer(settings)
    since = datetime.now(UTC).timestamp()
    asked = GetStill(camera="C1", or_reference=True)
    assert not (await served.get_still(asked)).head.reference
    asked.since = since
    with pytest.raises(NotFound) as fault:
        await served.get_still(asked)
    assert fault.value.code == "still_of_before"
    recorded = start + MINUTE  # its stream went on until its recorder had stopped
    asked.since = (recorded - timedelta(seconds=5)).timestamp()
    assert (await served.get_still(asked)).head.reference
    asked.since = since + 3600
    assert not (await served.get_still(asked)).head.reference, "the clock was set back: nobody knows"
    asked.since = since
    for one in Path(settings.recorder.media).rglob("*.jpg"):
        one.unlink()
    kept(settings)
    assert (await served.get_still(asked)).head.reference


@pytest.mark.parametrize("open_row", [False, True])
async def test_an_old_picture_is_nothing_to_mark_on(tmp_path: Path, open_row: bool) -> None:
    """Recorded last three days ago; also where a kill left its row open."""
    settings = site(tmp_path)
    settings.cameras.append(CameraSettings(code="C1", name="C1", address="192.0.2.1:80"))
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    record(settings, start, start + MINUTE, (start, start))
    if open_row:
        with sqlite3.connect(Path(settings.recorder.media) / "index.db") as index:
            index.execute("UPDATE segment SET state = 'open', end = NULL")
    served = clips.ClipServer(settings)
    asked = GetStill(camera="C1", or_reference=True)
    with pytest.raises(NotFound) as fault:
        await served.get_still(asked)
    assert fault.value.code == "no_still_of_now"
    still = kept(settings)
    assert (await served.get_still(asked)).head.reference
    still.write_bytes(b"x")
    with pytest.raises(Corrupt):
        await served.get_still(asked)


def test_a_picture_is_looked_at_without_its_reference_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site(tmp_path)
    still = kept(settings)
    still.write_bytes(still.read_bytes()[:-1] + b"x")
    watch = PictureWatch(settings, Reader(tmp_path))
    now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    for minute in range(2):
        at = now + timedelta(minutes=minute)
        monkeypatch.setattr(watch, "_newest", lambda _camera, at=at: (at, np.zeros((72, 128), np.uint8)))
        watch.look("C1", at)
    (seen,) = watch.status().cameras
    assert seen.faults == ["black"] and watch.status().references == {"C1": "altered"}


def test_the_reference_still_of_a_resting_camera_is_looked_after(tmp_path: Path) -> None:
    settings = site(tmp_path)
    still = kept(settings)
    Index(Path(settings.recorder.media)).close()
    watch = PictureWatch(settings, Reader(Path(settings.recorder.media)))

    def told() -> str:
        watch.look("C1", datetime.now(UTC))
        assert watch.status().cameras == [], "it was never recorded"
        return watch.status().references["C1"]

    assert told() == "kept"
    body = still.read_bytes()
    still.write_bytes(body[:-1] + b"x")
    assert told() == "altered"
    still.write_bytes(body)
    assert told() == "kept"
    shutil.rmtree(still.parent)
    assert told() == "none"


def test_a_reference_still_just_taken_is_known_before_the_next_look(tmp_path: Path) -> None:
    """The journal has it at once: until the next look it would be told as lost."""
    settings = site(tmp_path)
    Index(Path(settings.recorder.media)).close()
    watch = PictureWatch(settings, Reader(Path(settings.recorder.media)))
    watch.look("C1", datetime.now(UTC))
    assert watch.status().references == {"C1": "none"}
    still = kept(settings)
    assert watch.status().references == {"C1": "kept"}
    still.write_bytes(b"x")
    watch.look("C1", datetime.now(UTC))
    assert watch.status().references == {"C1": "altered"}
    still.unlink()
    kept(settings)
    assert watch.status().references == {"C1": "kept"}, "taken again"


def test_faults() -> None:
    kept, later = room("theory"), room("theory", 20.0)
    assert faults(later, kept, kept) == set() and faults(later, None, None) == set()
    assert faults(later, later, kept) == {"frozen"}
    assert faults(room("practical"), kept, kept) == {"moved"}
    assert faults(kept * 0, kept, kept) == {"black"}
