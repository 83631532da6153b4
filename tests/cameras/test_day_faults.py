"""One camera's thread in simulated time: what may not be told as something else, and what may not be waited for."""

import io
import os
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from appliance.base.errors import Corrupt, Refused
from cameras import integrity
from cameras.index import Index, Segment
from cameras.recorder import camera as room
from cameras.recorder import copying, segment, sound
from cameras.recorder.at_rest import AtRest
from cameras.recorder.facts import Facts
from tests.cameras.reel import SECONDS, film
from tests.cameras.test_day import BEGIN, Simulated


@pytest.mark.parametrize("step", [3000.0, -3000.0])
@pytest.mark.parametrize("at", [1000.0, 21.0])
def test_a_clock_set_while_nothing_is_recorded_is_a_fact(
    at: float, step: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The camera is away from second 20 to second 1620: so long, whatever the clock says meanwhile."""
    made = Simulated(tmp_path, monkeypatch)
    made.events |= {
        20.0: lambda: setattr(made, "plugged", False),
        at: lambda: made.clock.jump(step),
        1620.0: lambda: setattr(made, "plugged", True),
    }
    made.run(1660.0)
    gaps = [(one.cause, (one.end - one.start).total_seconds()) for one in made.gaps() if one.end]
    away = [length for cause, length in gaps if cause == "network"]
    assert len(away) == 2 and 1598 < sum(away) < 1610, gaps
    assert any(abs(length - (at - 20)) < 12 for length in away), gaps
    assert [round(length / 10) for cause, length in gaps if cause == "clock"] == ([300] if step > 0 else [])
    assert made.index.rows("SELECT count(*) FROM gap WHERE end < start + 1000 AND cause <> 'stopped'") == [
        (0,)
    ]
    assert integrity.verify(tmp_path).ok


def test_a_camera_that_starts_and_refuses_at_first_is_back_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switched off and on it refuses the right password twice; a wrong one from the beginning is not tried so fast."""
    made = Simulated(tmp_path, monkeypatch)
    refusals, asked, opened = [0], list[float](), made.open

    def refusing(uri: str, shown: str) -> Any:
        asked.append(made.clock.monotonic())
        if made.plugged and refusals[0]:
            refusals[0] -= 1
            raise Refused("camera_password", "no")
        return opened(uri, shown)

    monkeypatch.setattr(room, "open_stream", refusing)

    def switched_off() -> None:
        made.plugged, refusals[0] = False, 2

    made.events |= {
        20.0: switched_off,
        120.0: lambda: setattr(made, "plugged", True),
    }
    made.run(160.0)
    back = made.covered()[-2]
    assert back[0] == "recorded" and 120 <= back[1] < 120 + 12
    other = Simulated(tmp_path / "other", monkeypatch)
    refusals[0], made, opened = 3, other, other.open
    asked.clear()
    monkeypatch.setattr(room, "open_stream", refusing)
    other.run(200.0)
    assert [round(two - one) for one, two in pairwise(asked)][:2] == [30, 60]


def test_a_recorder_killed_while_a_camera_is_away_does_not_call_it_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other camera was recorded until an hour before: from then on nobody recorded."""
    made = Simulated(tmp_path, monkeypatch)
    made.index.open_gap_row("g", "C1", BEGIN, "network", "gone")
    other = Segment(
        id="o", run="r", camera="C2", path="C2/x.mp4", start=BEGIN, end=None, bytes=0, sha256="", state="open"
    )
    made.index.open_segment(other)
    made.index.close_segment("o", BEGIN, BEGIN + timedelta(hours=1), 1, "", "closed", "")
    made.clock.advance(2 * 3600)
    made.run(2 * 3600 + 20)
    told = [(one.cause, round((one.start - BEGIN).total_seconds() / 3600)) for one in made.gaps()]
    assert told[:2] == [("network", 0), ("stopped", 1)]


@pytest.mark.parametrize(
    "code", ["camera_password_sealed", "cameras_key_damaged", "no_key", "bad_address", "camera_no_rtsp"]
)
def test_what_is_set_wrongly_is_not_called_the_network(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch)

    def refusing(_uri: str, _shown: str) -> Any:
        raise Corrupt(code, "wrong")

    monkeypatch.setattr(room, "open_stream", refusing)
    recorder = made.recorder()
    states = list[tuple[str, bool]]()
    made.events |= {
        20.0: lambda: states.append((recorder.status.cause, recorder.status.refused)),
        30.0: recorder.stop,
    }
    recorder.run()
    assert states == [("camera", False)], "nobody is told to look at a cable, or at a refusing camera"


def test_a_fact_that_is_kept_already_holds_up_no_other(tmp_path: Path) -> None:
    """The disk said no although it had taken the row: told again, it is there twice."""
    index, facts = Index(tmp_path), Facts()
    for name in ("a", "a", "b"):
        facts.add(index.open_gap_row, name, "C1", BEGIN, "network", "")
    facts.settle()
    assert len(facts) == 0 and index.rows("SELECT id FROM gap ORDER BY id") == [("a",), ("b",)]
    index.close()


def test_a_camera_without_key_frames_ends_its_file_before_it_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch)
    made.segment = 10_000.0
    monkeypatch.setattr(copying, "WITHOUT_KEY", 60.0)
    made.run(200.0)
    lengths = [(one.end - one.start).total_seconds() for one in made.segments() if one.end]
    assert len(lengths) == 4 and max(lengths) < 62
    assert integrity.verify(tmp_path).ok


def test_sound_that_comes_before_the_first_picture_costs_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that begins its picture with the next key frame, and its sound at once."""
    made = Simulated(tmp_path, monkeypatch, sound=True)
    whole, opened = made.demux, list[float]()

    def sound_first() -> Iterator[Any]:
        opened.append(made.clock.monotonic())
        for packet in whole():
            if packet.stream.type == "audio" or made.clock.monotonic() > opened[-1] + 4:
                yield packet

    monkeypatch.setattr(made, "demux", sound_first)
    made.run(20.0)
    assert len(opened) == 1 and [one[0] for one in made.covered()] == ["recorded", "stopped"]
    (segment,) = made.segments()
    assert segment.start - BEGIN < timedelta(seconds=5.5)


def with_ac3() -> bytes:
    """The reel, its sound as MP4 takes it only when a packet of it came before the head."""
    target = io.BytesIO()
    reel: Any = av.open(io.BytesIO(film()))
    with av.open(target, "w", format="matroska") as out:
        stream = out.add_stream_from_template(reel.streams.video[0])
        voice = out.add_stream("ac3", rate=48000, layout="mono")
        for number in range(SECONDS * 48000 // 1536):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1536), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, number * 1536
            out.mux(voice.encode(frame))
        for packet in reel.demux():
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return target.getvalue()


def sound_fails(track: Any) -> None:
    raise ValueError(track)


@pytest.mark.parametrize("where", ["head", "packet", "track"])
def test_sound_that_cannot_be_kept_does_not_cost_the_picture(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch, sound=True)
    if where == "head":
        monkeypatch.setattr(made, "_film", with_ac3())
        monkeypatch.setattr(sound, "COPIED", {"ac3"})
    elif where == "packet":
        monkeypatch.setattr(sound.Copied, "write", lambda *_: sound_fails(where))
    else:
        monkeypatch.setattr(segment, "sound_track", lambda *_: sound_fails(where))
    recorder = made.recorder()
    heard = list[str]()
    made.events |= {20.0: lambda: heard.append(recorder.snapshot()[0].sound), 21.0: recorder.stop}
    recorder.run()
    assert heard == ["-ac3" if where == "head" else "-aac"]
    told = made.covered()
    assert told[-2][0] == "recorded" and told[-2][1] < 3, told
    assert len(made.gaps()) <= 3 and len(list(tmp_path.rglob("*.mp4"))) <= 2
    held = [os.path.realpath(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd")]
    assert not any(one.startswith(str(tmp_path)) and one.endswith(".mp4") for one in held)


def test_half_a_sample_of_g711_is_left_out() -> None:
    track = object.__new__(sound.Flac)
    track._law, track._channels, track._rate, track._until, track._sent, track._held = (
        "pcm_alaw",
        2,
        8000,
        0,
        0,
        [],
    )
    track.write(bytes(321), 0.0)
    assert track._until == 160


@pytest.mark.parametrize("refused_from", [19.5, 25.0])
@pytest.mark.parametrize("step", [300.0, -300.0])
def test_a_clock_set_is_one_fact_though_the_index_takes_nothing(
    refused_from: float, step: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set at second 20; the disk takes no row from then, or from the next file on, until second 40."""
    made = Simulated(tmp_path, monkeypatch)
    made.segment = 8.0
    true = made.index.close_segment

    def refused(*values: Any) -> None:
        if refused_from <= made.clock.monotonic() < 40:
            raise sqlite3.OperationalError("disk I/O error")
        true(*values)

    monkeypatch.setattr(made.index, "close_segment", refused)
    made.events[20.0] = lambda: made.clock.jump(step)
    made.run(60.0)
    gaps = [one for one in made.gaps() if one.cause != "stopped"]
    assert sorted(one.cause for one in gaps) == (["clock", "disk"] if step > 0 else ["disk"]), gaps
    (away,) = [one for one in gaps if one.cause == "disk"]
    assert away.end and 10 < (away.end - away.start).total_seconds() < 25
    assert away.start >= BEGIN + timedelta(seconds=19 + step), "it is told by the clock as it was set"


def test_a_sound_that_was_not_the_fault_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Simulated(tmp_path, monkeypatch, sound=True)
    true, tries = segment.SegmentWriter.write, list[bool]()

    def write(writer: segment.SegmentWriter, *packet: Any) -> None:
        if len(tries) < 2:
            tries.append(writer._sound is not None)
            raise ValueError("a picture that is none")
        true(writer, *packet)

    monkeypatch.setattr(segment.SegmentWriter, "write", write)
    recorder, heard = made.recorder(), list[str]()
    made.events |= {20.0: lambda: heard.append(recorder.snapshot()[0].sound), 21.0: recorder.stop}
    recorder.run()
    assert tries == [True, False] and heard == ["aac"]


def test_a_camera_at_rest_that_refuses_is_asked_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch)
    asked: list[float] = []
    refusing = [True]

    def answer(_self: AtRest, _uri: str) -> None:
        asked.append(made.clock.monotonic())
        if refusing[0]:
            raise Refused("camera_password", "no")

    monkeypatch.setattr(AtRest, "_describe", answer)
    recorder = made.recorder(plan=lambda _camera, _now: False)
    seen: list[tuple[str, str, bool]] = []

    def look() -> None:
        seen.append((recorder.status.state, recorder.status.unready, recorder.status.refused))

    made.events |= {
        100.0: look,
        200.0: lambda: refusing.__setitem__(0, False),
        300.0: look,
        400.0: recorder.stop,
    }
    recorder.run()
    steps = [round(two - one) for one, two in pairwise(asked)]
    assert steps[:3] == [30, 60, 120] and set(steps[3:]) == {60}, "right again: once a minute"
    assert seen == [("resting", "camera", True), ("resting", "", False)]


def test_the_disks_fault_asks_a_camera_at_rest_no_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(tmp_path, monkeypatch)
    asked: list[float] = []

    def answer(_self: AtRest, _uri: str) -> None:
        asked.append(made.clock.monotonic())
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(AtRest, "_describe", answer)
    recorder = made.recorder(plan=lambda _camera, _now: False)
    made.events |= {100.0: recorder.stop}
    recorder.run()
    assert 2 <= len(asked) <= 4
