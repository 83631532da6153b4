"""`examsite recordings find` follows a candidate as the inspector's page does, in lines a person can read."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from appliance.base.clock import FakeClock
from appliance.base.errors import Unavailable
from appliance.base.settings import Settings, dump
from appliance.cli import recordings
from appliance.flow.bad_checks import KIND, BadStretch
from appliance.flow.box import Box
from appliance.flow.look import append_fact
from appliance.records.base import moment
from appliance.web.package import LONGEST
from cameras.integrity import file_sha256
from tests.command import examsite
from tests.conftest import START
from tests.web.day_server import Running, running
from tests.web.test_inspection import files_of, newest
from tests.world import number_of

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("day")) as found:
        yield found


@pytest.fixture
def run(day: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on that day, at that hour."""
    (tmp_path / "x.toml").write_bytes(dump(day.day.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))

    def opened(settings: Settings) -> Box:
        return Box.open(settings, day.clock)

    monkeypatch.setattr(recordings, "Box", SimpleNamespace(open=opened))

    def at_work(*line: str, command: str = "find") -> tuple[int, str, str]:
        with ThreadPoolExecutor(1) as elsewhere:  # a browser's event loop may live in this thread
            return elsewhere.submit(examsite, "recordings", command, *line).result()

    return at_work


def test_a_candidate_is_followed_from_the_entrance(run: Run) -> None:
    status, out, err = run("--candidate", number_of(20))
    lines = out.splitlines()
    places = [line for line in lines if not line.startswith(" ")]
    assert status == 0 and [line.split()[0] for line in places] == ["入口", "候考室", "考位"]
    assert all("2026-11-21 09:" in line or "2026-11-21 08:" in line for line in places), places
    assert "  候考室没有监控覆盖。" in lines
    clips = [line for line in lines if "MB" in line or "kB" in line]
    assert clips[0].startswith("  C4 理论入口  2026-11-21 ") and any(
        "C1 理论考场前部" in one for one in clips
    )
    assert "  录像缺失：C2 2026-11-21 09:20:00 – 09:23:00，网络中断" in lines
    assert err.splitlines() == ["录像缺失 1 段。", "没有摄像机的地方：1 处。"]


def test_the_contract_of_the_json_holds(run: Run) -> None:
    status, out, err = run("--candidate", number_of(20), "--json")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert all(set(one) == {"camera", "start", "end", "bytes"} for one in told["clips"])
    assert [set(one) for one in told["gaps"]] == [{"camera", "start", "end", "cause"}]
    assert [one["kind"] for one in told["places"]] == ["entrance", "waiting", "seat"]


def test_a_seat_without_a_gap_says_so(run: Run) -> None:
    times = ("--from", "2026-11-21T09:05:00", "--to", "2026-11-21T09:10:00")
    status, out, err = run("--seat", "T1-07", *times)
    assert status == 0 and out.startswith("考位 T1-07  2026-11-21 09:05:00 – 09:10:00\n")
    assert err == "有摄像机的地方，录像无缺失。\n"


def test_what_was_found_before_is_told_at_the_recording(run: Run, day: Running) -> None:
    """A list does not look whole where a check found an altered file, though it may have been put back."""
    since = START + timedelta(minutes=66)
    altered = BadStretch("C1", since, since + timedelta(minutes=1), "altered")
    missing = BadStretch("C2", since - timedelta(minutes=30), since - timedelta(minutes=2), "missing")
    body = {"files": 9, "whole": 6, "damaged": ["altered a"], "broken": [], "more": 2}
    body["stretches"] = [altered.text(), missing.text()]
    day.box.db.write_now(append_fact, day.box, KIND, "T1", "account:x", body)
    entry = newest(day, KIND)
    assert entry is not None
    times = ("--from", "2026-11-21T09:05:00", "--to", "2026-11-21T09:10:00")
    status, out, err = run("--seat", "T1-07", *times)
    told = f"核对于 2026-11-21 {day.box.local(moment(entry.at)):%H:%M:%S} · 第 {entry.seq} 条"
    lines = out.splitlines()
    at = lines.index(f"    以前的核对：2026-11-21 09:06:00 – 09:07:00  被改动  {told}")
    assert lines[at - 1].startswith("  C1 "), "below the recording it is about"
    assert f"以前的核对：另有 2 段未逐一列出  {told}" in lines
    assert "缺失  核对于" not in out, "another time's"
    assert status == 0 and "以前的核对发现过与录制时不一致的录像；" in err
    status, out, _err = run("--seat", "T1-07", *times, "--json")
    found = json.loads(out)
    (check,) = found["found_before"]
    assert (check["entry"], check["bad"], check["unnamed"]) == (entry.seq, 3, 2) and status == 0
    marked = {one["camera"]: one.get("found_before") for one in found["clips"]}
    assert marked["C2"] is None
    (one,) = marked["C1"]
    assert (one["what"], one["entry"], one["at"]) == ("altered", entry.seq, check["at"])
    for first, last, lines in (
        ("09:04:00", "09:06:00", []),
        # What it does not name begins after what it names: it may be of this time.
        ("09:08:00", "09:10:00", [f"以前的核对：另有 2 段未逐一列出  {told}"]),
    ):
        _, out, _ = run("--seat", "T1-07", "--from", f"2026-11-21T{first}", "--to", f"2026-11-21T{last}")
        assert [one for one in out.splitlines() if "以前的核对" in one] == lines


def test_who_is_unknown_is_named(run: Run) -> None:
    status, out, err = run("--candidate", "somebody unknown", "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "no_candidate"
    assert "没有与 somebody unknown 相符的考生。" in err and "…" not in err
    number = number_of(999)
    status, _, err = run("--candidate", number)
    assert status == 2 and number not in err, "a whole ID number is never repeated"
    assert "…" not in err


def authority(day: Running) -> tuple[str, str]:
    return "--authority", str(day.day.settings.state / "keys" / "authority.pem")


def test_a_clip_is_exported_and_verified_by_the_file_alone(run: Run, day: Running, tmp_path: Path) -> None:
    file = tmp_path / "C1.mp4"
    line = ("--camera", "C1", "--from", "2026-11-21T09:05:30", "--to", "2026-11-21T09:06:30")
    status, out, err = run(str(file), *line, command="export")
    assert (status, err) == (0, "100 %\n") and out.startswith(f"{file}  2026-11-21 09:05:30 – 09:06:30")
    given = newest(day, "clip.exported")
    assert given is not None and given.actor == "process:cli"
    assert msgspec.json.decode(given.body)["sha256"] == file_sha256(file)
    status, out, err = run(str(file), *authority(day), command="verify-clip")
    assert status == 0 and "C1 理论考场前部  2026-11-21 09:05:" in out and "要求的时间：" in out
    assert "录像片段完整" in err
    status, out, _err = run(str(file), *authority(day), "--json", command="verify-clip")
    assert status == 0 and json.loads(out)["ok"]
    status, _out, err = run(str(file), *line, command="export")
    assert status == 4 and "已存在" in err, "nothing is written over"
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    status, out, _err = run(str(file), *authority(day), command="verify-clip")
    assert status == 1 and "画面数据与给出时不一致" in out
    # It reaches into the gap of C2: said, and no less given.
    into = ("--camera", "C2", "--from", "2026-11-21T09:19:00", "--to", "2026-11-21T09:21:00")
    status, out, err = run(str(tmp_path / "C2.mp4"), *into, command="export")
    assert status == 1 and "录像有中断" in err
    assert "网络中断" in out and "不在这个文件里：" not in out, "why; nothing of the time lies behind it"
    out_of = ("--camera", "C2", "--from", "2026-11-21T09:22:00", "--to", "2026-11-21T09:24:00")
    status, out, err = run(str(tmp_path / "late.mp4"), *out_of, command="export")
    assert status == 1 and "网络中断" in out, "why it begins late"


def test_what_an_export_found_altered_is_said_also_when_exam_clips_is_silent_then(
    run: Run, day: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_asked: Any) -> None:
        raise Unavailable("process_silent", "silent")

    monkeypatch.setattr(recordings, "ask", silent)
    (path,) = (one for one in files_of(day, "C2") if "T011900" in one.name)
    body = path.read_bytes()
    path.write_bytes(body[:-20] + bytes([body[-20] ^ 1]) + body[-19:])
    into = ("--camera", "C2", "--from", "2026-11-21T09:19:00", "--to", "2026-11-21T09:21:00")
    try:
        status, out, err = run(str(tmp_path / "C2.mp4"), *into, command="export")
    finally:
        path.write_bytes(body)
    assert status == 1 and "altered" in out and err.count("无响应") == 1


@pytest.mark.parametrize("command", ["export", "package"])
def test_a_file_that_cannot_be_made_is_said_before_anything_is_asked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(recordings, "Box", None)
    line = {
        "export": ("--camera", "C1", "--from", "2026-11-21T09:05:30", "--to", "2026-11-21T09:06:30"),
        "package": ("--seat", "T1-07"),
    }
    for file in (tmp_path / "nowhere" / "x", Path("/proc/x")):
        status, out, err = run(str(file), *line[command], "--json", command=command)
        assert (status, json.loads(out)["error"]["code"]) == (2, "file_unwritable") and err


def test_a_package_wants_both_times_or_none(run: Run, tmp_path: Path) -> None:
    line = ("--seat", "T1-07", "--from", "2026-11-21T09:05:30")
    status, out, _err = run(str(tmp_path / "x"), *line, "--json", command="package")
    assert (status, json.loads(out)["error"]["code"]) == (2, "half_a_span")
    assert not (tmp_path / "x").exists()


def test_a_visit_longer_than_a_package_says_what_to_type(
    run: Run, day: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the next day: nobody noted that the candidate left the seat."""
    late = FakeClock(START + timedelta(days=1))
    monkeypatch.setattr(recordings, "Box", SimpleNamespace(open=lambda settings: Box.open(settings, late)))
    file = tmp_path / "x.zip"
    status, out, err = run(str(file), "--candidate", number_of(25), "--json", command="package")
    assert (status, json.loads(out)["error"]["code"]) == (4, "visit_too_long") and not file.exists()
    assert "自 2026-11-21 08:2" in err and "仍未结束；证据包最长 8 小时" in err
    typed = re.search(r"--from (2026-11-21T08:\d\d:\d\d) --to (2026-11-21T16:\d\d:\d\d)", err)
    assert typed, err
    assert datetime.fromisoformat(typed[2]) - datetime.fromisoformat(typed[1]) == LONGEST


@pytest.mark.long
def test_a_package_is_made_and_verified(run: Run, day: Running, tmp_path: Path) -> None:
    file = tmp_path / "evidence.zip"
    line = ("--seat", "T1-07", "--from", "2026-11-21T09:19:00", "--to", "2026-11-21T09:20:30")
    status, out, err = run(str(file), *line, command="package")
    assert status == 0 and out.startswith(f"{file}  2026-11-21 09:19:00") and "录像缺失 1 段" in err
    status, out, err = run(str(file), *authority(day), command="verify-package")
    assert status == 0 and "C1 C2" in out and "证据包完整" in err
    told = run(str(file), *authority(day), "--json", command="verify-package")[1]
    held = json.loads(told)["package"]["sealing"]
    assert held["sources"] == held["unsealed"] > 1, "nobody seals on this day"
    assert f"给出时尚未签封：所用 {held['sources']} 个录像文件中的 {held['sources']} 个" in err
    forged = tmp_path / "forged.mp4"
    forged.write_bytes(files_of(day, "C1")[0].read_bytes() + file.read_bytes())
    status, out, err = run(str(forged), *authority(day), command="verify-clip")
    assert status == 1 and "画面数据与给出时不一致" in out, "a film before a package is proven by nothing"
    status, _out, err = run(str(forged), *authority(day), command="verify-package")
    assert status == 2
