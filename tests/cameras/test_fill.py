"""Gaps filled out of a camera's card or a copy: only where nothing was recorded, marked, hashed, the gap still told."""

import asyncio
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base.errors import Corrupt, Refused, Unavailable
from appliance.base.settings import CameraSettings, RecorderSettings, dump
from appliance.cli import fill as command
from appliance.cli.fill import begins
from appliance.wire.fill import INCOMING, Filled, FillGaps
from cameras import fill as filling
from cameras.clips.find import find
from cameras.fill import FilledFile, Filler, holes
from cameras.index import Index, Reader
from cameras.integrity import file_sha256, verify
from cameras.recorder.reconcile import reconcile
from tests.command import examsite
from tests.conftest import site_settings
from tests.web.recordings import minute_film, record

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("recorded", "missing"),
    [
        ([], [(0, 100)]),
        ([(0, 100)], []),
        ([(-50, 20), (40, 60)], [(20, 40), (60, 100)]),
        ([(40, 60), (10, 50), (0, 10.5)], [(60, 100)]),
        ([(0, 50), (50.5, 200)], []),
        ([(200, 300)], [(0, 100)]),
    ],
)
def test_holes(recorded: list[tuple[float, float]], missing: list[tuple[float, float]]) -> None:
    spans = [(at(first), at(last)) for first, last in recorded]
    assert holes(spans, at(0), at(100)) == [(at(first), at(last)) for first, last in missing]


@given(st.lists(st.tuples(st.integers(-20, 120), st.integers(0, 60)), max_size=8))
def test_holes_never_touch_what_was_recorded(drawn: list[tuple[int, int]]) -> None:
    spans = [(at(first), at(first + length)) for first, length in drawn]
    found = holes(spans, at(0), at(100))
    for first, last in found:
        assert at(0) <= first < last <= at(100)
        assert all(end <= first or begin >= last for begin, end in spans if begin < end)
    for second in range(100):
        lies = any(begin <= at(second) and at(second + 1) <= end for begin, end in [*spans, *found])
        near = any(abs((edge - at(second)).total_seconds()) < 2 for span in spans for edge in span)
        assert lies or near


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NVR_ch1_main_20261121093000_20261121100000.mp4", datetime(2026, 11, 21, 9, 30)),
        ("2026112 1.mp4", None),
        ("20261121_093000.dav", datetime(2026, 11, 21, 9, 30)),
        ("20261341-093000.mp4", None),
        ("film.mp4", None),
    ],
)
def test_when_a_film_begins_by_its_name(name: str, said: datetime | None) -> None:
    assert begins(name) == said


@pytest.mark.long
def test_a_gap_is_filled_and_stays_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = tmp_path / "media"
    settings = msgspec.structs.replace(
        site_settings(tmp_path),
        cameras=[CameraSettings(code=code, name=code, address="127.0.0.1:1") for code in ("C1", "C2")],
        recorder=RecorderSettings(media=str(media), segment=20.0),
    )
    record(settings, at(0), at(300), (at(60), at(150)))  # C2 lacks 60 to 150 s
    before = {path: file_sha256(path) for path in media.rglob("*.mp4")}
    (media / INCOMING).mkdir()
    film = media / INCOMING / "film.mp4"
    whole = minute_film()
    index, told = Index(media), list[Filled]()
    filler = Filler(settings, index, lambda made, by: told.append(made))

    def ask(start: float, file: str = "film.mp4") -> Filled:
        film.write_bytes(whole)
        order = FillGaps(camera="C2", file=file, source="20261121.mp4", start=at(start), by="cli:root")
        return asyncio.run(filler.fill(order))

    made = ask(30)
    assert made.missing_s == 30 and (made.film_start, made.film_end) == (at(30), at(90))
    assert made.filled[0].start < at(62) and made.filled[-1].end <= at(90) and len(made.filled) == 2
    assert made.sha256 == hashlib.sha256(whole).hexdigest() and told == [made]
    assert not film.exists(), "the copy is taken away by whoever has read it"
    assert ask(30).filled == [] and len(told) == 1, "what is filled is not filled again"
    assert ask(0).missing_s == 0

    found = find(Reader(media), media, "C2", at(0), at(300), at(400))
    filled = [clip for clip in found.clips if clip.filled]
    assert filled[0].start == made.filled[0].start and filled[-1].end == made.filled[-1].end
    assert not found.clips[0].filled
    assert {gap.filled for gap in found.gaps} == {True, False}
    assert all(gap.cause == "network" for gap in found.gaps)
    rows = index.rows("SELECT state, cause FROM segment WHERE state = 'filled'")
    assert rows == [("filled", f"20261121.mp4:{made.sha256}")] * 2
    assert index.rows("SELECT count(*) FROM gap WHERE camera = 'C2'") == [(1,)], "the gap stays a fact"
    assert {path: file_sha256(path) for path in before} == before, "nothing that was recorded has changed"
    assert verify(media).ok

    for wrong in ("../index.db", "none.mp4", ".."):
        with pytest.raises(Corrupt):
            ask(30, wrong)
    monkeypatch.setattr(filling, "RESERVE", 10**18)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: (10**12, 10**12 - 5, 5))
    with pytest.raises(Unavailable):
        ask(85)
    monkeypatch.undo()
    assert index.unfinished() == []

    written = FilledFile.write
    left = iter(range(60))

    def fails(*told: Any) -> None:
        if next(left, None) is None:
            raise OSError(5, "the disk lost it")
        written(*told)

    monkeypatch.setattr(FilledFile, "write", fails)
    with pytest.raises(Unavailable):
        ask(85)
    monkeypatch.undo()
    (broken,) = index.unfinished()
    assert len(told) == 2 and len(told[1].filled) == 1, "what was whole before is journaled"
    assert 0 < ask(85).missing_s < 55, "a file that was left open counts for what it holds"
    reconcile(media, index, at(400))
    state, cause = index.rows("SELECT state, cause FROM segment WHERE id = ?", broken.id)[0]
    assert (state, cause) == ("filled", f"20261121.mp4:{made.sha256}"), "and says where it comes from"
    with pytest.raises(Refused):
        ask((datetime.now(UTC) - START).total_seconds() - 10)
    index.close()


def test_a_gap_whose_filling_failed_before_the_first_picture_can_be_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same film begins at the same time again; the row of the first attempt stays."""
    media = tmp_path / "media"
    settings = msgspec.structs.replace(
        site_settings(tmp_path),
        cameras=[CameraSettings(code="C1", name="C1", address="127.0.0.1:1")],
        recorder=RecorderSettings(media=str(media), segment=60.0),
    )
    (media / INCOMING).mkdir(parents=True)
    index = Index(media)
    filler = Filler(settings, index, lambda _made, _by: None)

    def ask() -> Filled:
        (media / INCOMING / "film.mp4").write_bytes(minute_film())
        order = FillGaps(camera="C1", file="film.mp4", source="a.mp4", start=at(0), by="cli:root")
        return asyncio.run(filler.fill(order))

    def fails(*_told: Any) -> None:
        raise OSError(5, "the disk lost it")

    monkeypatch.setattr(FilledFile, "write", fails)
    with pytest.raises(Unavailable):
        ask()
    monkeypatch.undo()
    reconcile(media, index, at(400))
    assert index.rows("SELECT state, end - start FROM segment") == [("filled", 0)]
    assert len(ask().filled) == 1
    assert [two > one for one, two in index.rows("SELECT min(path), max(path) FROM segment")] == [True]
    assert verify(media).ok
    index.close()


@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_a_command_that_waits_no_longer_says_that_the_recorder_goes_on(
    patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves it the copy; where the recorder does not answer at all the copy is taken away."""
    media = tmp_path / "media"
    media.mkdir()
    settings = msgspec.structs.replace(
        site_settings(tmp_path), recorder=RecorderSettings(media=str(media), segment=20.0)
    )

    async def ask(*_asked: object) -> None:
        if not patience:
            await asyncio.sleep(60)
        raise Unavailable("process_silent", "silent")

    monkeypatch.setattr(command, "PATIENCE", patience)
    monkeypatch.setattr(command, "ask", ask)
    film = tmp_path / "20261121_093000.mp4"
    film.write_bytes(b"film")
    (tmp_path / "x.toml").write_bytes(dump(settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    status, out, err = examsite("recordings", "fill", "--camera", "C1", "--from", str(film), "--json")
    told = "process_silent" if patience else "takes_long"
    assert (status, json.loads(out)["error"]["code"]) == (3, told)
    assert len(list((media / INCOMING).iterdir())) == (0 if patience else 1)
    assert ("exam-recorder" in err) is (not patience)


def test_a_copy_that_nobody_waits_for_any_more_goes_at_a_start(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(
        site_settings(tmp_path), recorder=RecorderSettings(media=str(tmp_path), segment=20.0)
    )
    (tmp_path / INCOMING).mkdir()
    old, young = (tmp_path / INCOMING / name for name in ("old.mp4", "young.mp4"))
    for path in (old, young):
        path.write_bytes(b"film")
    os.utime(old, (0, datetime.now(UTC).timestamp() - filling.LONGEST.total_seconds() - 60))
    index = Index(tmp_path)
    Filler(settings, index, lambda _made, _by: None)
    assert not old.exists() and young.exists()
    index.close()
