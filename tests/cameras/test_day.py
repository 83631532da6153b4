"""One camera's thread in simulated time: hours without a camera, clocks that are set, rest by plan, a whole day."""

import contextlib
import errno
import io
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from appliance.base.clock import FakeClock
from appliance.base.errors import DeviceFault, Unavailable
from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.wire.orders import Orders, SittingOrder
from cameras import integrity
from cameras.index import GapRow, Index, Segment
from cameras.media import open_segment
from cameras.own_disk import require_own_disk
from cameras.plan import first_wanted, wanted
from cameras.recorder import Recorder
from cameras.recorder import camera as room
from cameras.recorder.at_rest import AtRest
from cameras.recorder.camera import CameraRecorder
from tests.cameras.reel import RATE, SECONDS, film

BEGIN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)


class Patience(threading.Event):
    """Waiting lets the clock go on, and with it what happens."""

    def __init__(self, made: "Simulated") -> None:
        super().__init__()
        self._made = made

    def wait(self, timeout: float | None = None) -> bool:
        self._made.clock.advance(timeout or 0.0)
        self._made.happen()
        return self.is_set()


class Simulated:
    """A camera and its recorder. `events`: by second of the day, what happens then; each is done once."""

    def __init__(
        self, media: Path, patch: pytest.MonkeyPatch, *, rate: int = RATE, sound: bool = False
    ) -> None:
        self.clock = FakeClock(BEGIN)
        self.media, self.rate = media, rate
        self.plugged = True
        self.segment = 60.0
        self.events: dict[float, Callable[[], None]] = {}
        self._film = film(sound)
        self._sound = sound
        self.index = Index(media)
        patch.setattr(room, "open_stream", self.open)
        patch.setattr(AtRest, "_describe", lambda _self, _uri: self.asked())

    def recorder(self, **more: Any) -> CameraRecorder:
        settings = RecorderSettings(media=str(self.media), segment=self.segment)
        camera = CameraSettings(code="C1", name="C1", address="rtsp://x", room="T1", record="sittings")
        made = CameraRecorder(
            camera, settings, self.index, lambda: "", self.clock, lambda _folder: (10**9, 10**9), **more
        )
        made._leaving = Patience(self)
        return made

    def run(self, until: float, **more: Any) -> None:
        """Record up to that second, then stop cleanly."""
        recorder = self.recorder(**more)
        self.events[until] = recorder.stop
        recorder.run()

    def asked(self) -> None:
        """At rest: does it answer?"""
        if not self.plugged:
            raise DeviceFault("stream_silent", "nothing")

    def open(self, _uri: str, _shown: str) -> Any:
        self.happen()
        if not self.plugged:
            self.clock.advance(5.0)
            raise DeviceFault("stream_silent", "nothing")
        return self

    def happen(self) -> None:
        """What is due by now."""
        for second in sorted(self.events):
            if second <= self.clock.monotonic():
                self.events.pop(second)()

    @property
    def streams(self) -> Any:
        self._container = av.open(io.BytesIO(self._film))
        return self._container.streams

    def demux(self) -> Iterator[Any]:
        """As PyAV's, at the camera's pace."""
        round_ = 0
        container: Any = self._container
        while True:
            for packet in container.demux():
                if packet.pts is None:
                    continue
                slow = RATE / self.rate
                shift = round(round_ * SECONDS / packet.time_base)
                packet.pts = round((packet.pts + shift) * slow)
                packet.dts = packet.pts
                packet.duration = round(packet.duration * slow)
                if packet.stream.type == "video":
                    self.clock.advance(1 / self.rate)
                    self.happen()
                if not self.plugged:
                    raise av.error.TimeoutError(110, "gone", "x")
                yield packet
            round_ += 1
            self._kept = container
            container = av.open(io.BytesIO(self._film))

    def close(self) -> None:
        """As PyAV's."""

    def gaps(self) -> list[GapRow]:
        return self.index.gaps("C1", BEGIN - timedelta(days=2), BEGIN + timedelta(days=2))

    def segments(self) -> list[Segment]:
        return [one for one in self.index.every() if one.end and one.end > one.start]

    def covered(self) -> list[tuple[str, float, float]]:
        """What the day holds, in order: recorded stretches and gaps, in seconds since its beginning."""
        found = [("recorded", one.start, one.end) for one in self.segments()]
        found += [(one.cause, one.start, one.end or self.clock.now()) for one in self.gaps()]
        merged: list[tuple[str, float, float]] = []
        for what, start, end in sorted(found, key=lambda one: one[1]):
            first, last = (start - BEGIN).total_seconds(), (end - BEGIN).total_seconds()  # type: ignore[operator]
            if merged and merged[-1][0] == what and abs(first - merged[-1][2]) < 0.5:
                merged[-1] = (what, merged[-1][1], last)
            else:
                merged.append((what, first, last))
        return merged


def without_holes(parts: list[tuple[str, float, float]], slack: float = 1.5) -> bool:
    """Does one follow the other?"""
    return all(abs(two[1] - one[2]) < slack for one, two in pairwise(parts))


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_set_by_an_hour_is_a_fact(
    step: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch)
    made.events[30.0] = lambda: made.clock.jump(step)
    made.run(70.0)
    parts = [part for part in made.covered() if part[0] != "stopped"]
    if step > 0:
        assert [part[0] for part in parts] == ["recorded", "clock", "recorded"]
        assert without_holes(parts) and abs(parts[1][2] - parts[1][1] - 3600) < 1.5
    else:
        runs = {one.run for one in made.segments()}
        assert len(runs) == 2, "what follows is a stretch of its own, an hour earlier"
        assert {round(one[1] / 3600) for one in parts} == {-1, 0}
    lengths = sum(one.end.timestamp() - one.start.timestamp() for one in made.segments() if one.end)
    assert abs(lengths - 70) < 2, "every second once"
    assert integrity.verify(tmp_path).ok


def test_an_hour_without_the_camera_is_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Simulated(tmp_path, monkeypatch)

    def plug(there: bool) -> Callable[[], None]:
        return lambda: setattr(made, "plugged", there)

    made.events |= {20.0: plug(False), 3620.0: plug(True)}
    made.run(3660.0)
    parts = made.covered()
    assert [part[0] for part in parts] == ["recorded", "network", "recorded", "stopped"]
    assert without_holes(parts)
    assert abs(parts[1][1] - 20) < 1 and 3620 <= parts[1][2] < 3620 + 7, "back within seconds"
    assert integrity.verify(tmp_path).ok


def test_sound_is_kept_beside_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Simulated(tmp_path, monkeypatch, sound=True)
    made.run(100.0)
    for segment in made.segments():
        with open_segment(tmp_path / segment.path) as container:
            assert [stream.type for stream in container.streams] == ["video", "audio"]
            ends = {"video": 0.0, "audio": 0.0}
            for packet in container.demux():
                if packet.pts is not None:
                    ends[packet.stream.type] = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            assert segment.end
            length = (segment.end - segment.start).total_seconds()
            assert abs(ends["video"] - length) < 0.3 and abs(ends["audio"] - length) < 0.6, (ends, length)
    assert integrity.verify(tmp_path).ok


def by_plan(camera: CameraSettings, now: datetime) -> bool:
    """The camera's plan with the orders of that minute."""
    return wanted(camera, two_sittings(now.replace(second=0, microsecond=0)), now, UTC)


@lru_cache(maxsize=4)
def two_sittings(now: datetime) -> Orders:
    """Nine to eleven and two to four, as exam-web tells it."""
    nine, two = BEGIN + timedelta(hours=9), BEGIN + timedelta(hours=14)
    return Orders(
        made_at=now,
        rooms=["T1"],
        sittings=[
            SittingOrder(
                id=name,
                rooms=["T1"],
                opens_at=start - timedelta(minutes=30),
                starts_at=start,
                ends_at=start + timedelta(hours=2),
                started_at=start if now >= start else None,
                ended_at=start + timedelta(hours=2) if now >= start + timedelta(hours=2) else None,
            )
            for name, start in (("a", nine), ("b", two))
        ],
    )


@pytest.mark.long
def test_a_day_by_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded around both sittings, at rest between them, an hour of the second one lost, a stop in the night."""
    made = Simulated(tmp_path, monkeypatch, rate=1)
    made.segment = 600.0

    made.events |= {
        15 * 3600.0: lambda: setattr(made, "plugged", False),
        15.5 * 3600.0: lambda: setattr(made, "plugged", True),
    }
    made.run(24 * 3600.0, plan=by_plan)
    parts = made.covered()
    told = [(what, round(start / 60), round(end / 60)) for what, start, end in parts]
    assert told == [
        ("resting", 0, 525),
        ("recorded", 525, 675),
        ("resting", 675, 825),
        ("recorded", 825, 900),
        ("network", 900, 930),
        ("recorded", 930, 975),
        ("resting", 975, 1440),
        ("stopped", 1440, 1440),
    ]
    assert without_holes(parts, 7.0)
    assert made.index.rows("SELECT count(*) FROM gap WHERE cause = 'network'") == [(1,)]
    assert integrity.verify(tmp_path).ok


def test_a_recorder_killed_at_rest_does_not_call_it_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch)

    made.index.open_gap_row("g", "C1", BEGIN, "resting", "by plan")
    made.clock.advance(10 * 3600)  # killed at some time in the night, started again at ten

    def missed(camera: CameraSettings, since: datetime, now: datetime) -> datetime | None:
        return first_wanted(camera, two_sittings(BEGIN + timedelta(hours=6)), since, now, UTC)

    made.run(10 * 3600 + 20, plan=by_plan, missed=missed)
    told = [(what, round(start / 360) / 10) for what, start, _ in made.covered()]
    assert told[:3] == [("resting", 0.0), ("stopped", 8.8), ("recorded", 10.0)]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENODEV])
def test_a_disk_that_takes_nothing_for_a_minute(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full, read-only, broken, gone: one gap with its cause; what was kept stays, and every fact follows."""
    made = Simulated(tmp_path, monkeypatch)
    broken = [False]
    write, begin = os.write, Index.transaction

    def writes(file: int, data: Any) -> int:
        if broken[0]:
            raise OSError(number, os.strerror(number))
        return write(file, data)

    @contextlib.contextmanager
    def commits(index: Index) -> Iterator[sqlite3.Connection]:
        if broken[0]:
            raise sqlite3.OperationalError("disk I/O error")
        with begin(index) as link:
            yield link

    monkeypatch.setattr(os, "write", writes)
    monkeypatch.setattr(Index, "transaction", commits)
    made.events |= {20.0: lambda: broken.__setitem__(0, True), 80.0: lambda: broken.__setitem__(0, False)}
    made.run(110.0)
    parts = made.covered()
    assert [part[0] for part in parts] == ["recorded", "disk", "recorded", "stopped"]
    assert without_holes(parts, 3.0) and 15 < parts[0][2] < 21 and 80 <= parts[1][2] < 84
    assert integrity.verify(tmp_path).ok


def test_a_disk_taken_away_ends_the_process_and_no_other_is_filled(tmp_path: Path) -> None:
    settings = Settings(
        site=SiteSettings(
            code="999999-01", name="示范考点", state=str(tmp_path / "state"), run=str(tmp_path)
        ),
        recorder=RecorderSettings(media=str(tmp_path / "media")),
    )
    (tmp_path / "state").mkdir()
    recorder = Recorder(settings)
    recorder.start()
    recorder.duty.round()
    assert recorder.healthy()
    (tmp_path / "media").rename(tmp_path / "taken")
    recorder.duty.round()
    assert not recorder.healthy(), "systemd starts it again"
    recorder.stop()
    (tmp_path / "media").mkdir()
    settings = msgspec.structs.replace(
        settings, recorder=msgspec.structs.replace(settings.recorder, own_disk=True)
    )
    with pytest.raises(Unavailable, match="media_not_mounted"):
        Recorder(settings).start()
    assert list((tmp_path / "media").iterdir()) == []
    (tmp_path / "media").rmdir()
    (tmp_path / "media").symlink_to("/dev/shm")  # another file system
    require_own_disk(tmp_path / "media", tmp_path / "state")
