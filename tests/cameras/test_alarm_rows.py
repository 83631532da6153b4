"""What was wrong with a camera stands in the recorder's index with its beginning and its end, whoever saw it."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance.wire.recorder import AlarmKind, AlarmsKept, TellAlarms, Watcher
from cameras.clips.find import find
from cameras.index import Index
from cameras.index.schema import SCHEMAS
from cameras.recorder.alarms import AlarmRows

NOW = datetime(2026, 11, 21, 1, 0, 0, tzinfo=UTC)


async def test_each_watcher_tells_what_stands(tmp_path: Path) -> None:
    index = Index(tmp_path)
    rows = AlarmRows(index)

    async def tell(minute: int, by: Watcher, *kinds: AlarmKind) -> None:
        at = NOW + timedelta(minutes=minute)
        await rows.handlers()[TellAlarms](TellAlarms(camera="C1", by=by, kinds=[*kinds], at=at))

    def spans(first: int = 0, last: int = 60) -> list[tuple[str, int, int | None]]:
        start, end = (NOW + timedelta(minutes=one) for one in (first, last))
        found = find(index, tmp_path, "C1", start, end, end).alarms
        return [
            (one.kind, (one.start - NOW).seconds // 60, one.end and (one.end - NOW).seconds // 60)
            for one in found
        ]

    rows.of_events("C1", ["tamper"], NOW)
    rows.of_events("C2", ["scene"], NOW)
    await tell(1, "picture", "black")
    await tell(2, "picture", "black", "frozen")
    assert spans() == [("tamper", 0, None), ("black", 1, None), ("frozen", 2, None)]
    await tell(3, "picture", "frozen")
    await tell(4, "screen", "code")
    rows.of_events("C1", [], NOW + timedelta(minutes=5))
    await tell(6, "picture")
    await tell(7, "picture", "black", "tamper")  # tampering is not for this watcher to say
    index.close()
    index = Index(tmp_path)
    expected = [("tamper", 0, 5), ("black", 1, 3), ("frozen", 2, 6), ("code", 4, None), ("black", 7, None)]
    assert spans() == expected
    assert spans(5, 7) == [("frozen", 2, 6), ("code", 4, None)]
    index.close()


async def test_whoever_tells_hears_that_the_disk_did_not_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code that is missing while the disk is full would else never be a row, and one that is back never over."""
    index = Index(tmp_path)
    tell = AlarmRows(index).handlers()[TellAlarms]
    told = TellAlarms(camera="C1", by="screen", kinds=["code"], at=NOW)

    def full(*_row: Any) -> None:
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as failing:
        failing.setattr(index, "alarms_stand", full)
        assert await tell(told) == AlarmsKept(kept=False)
    assert await tell(told) == AlarmsKept(kept=True)
    assert [one.kind for one in index.open_alarms("C1")] == ["code"]
    index.close()


def test_an_index_of_before_gets_the_table(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.db") as link:
        link.executescript(f"{SCHEMAS[0]}; PRAGMA user_version = 1")
    index = Index(tmp_path)
    AlarmRows(index).of_events("C1", ["scene"], NOW)
    assert [one.kind for one in index.open_alarms("C1")] == ["scene"]
    index.close()
