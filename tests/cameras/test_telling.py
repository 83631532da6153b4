"""What the index found and what was put into gaps reaches the notebook of the journal, whatever happens in between."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.base.errors import Unavailable
from appliance.wire.cameras import Note
from cameras.index import Index, Segment
from cameras.notes import Notebook
from cameras.recorder.telling import Telling

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def put_in(index: Index, name: str, closed: bool = True, lasts: float = 10) -> None:
    """A file that somebody had put into a gap of C1."""
    begin = NOON - timedelta(hours=1)
    path = f"C1/20261122/{name}.filled.mp4"
    parts = {"id": name, "run": "R", "camera": "C1", "path": path, "start": begin, "end": None}
    index.open_segment(Segment(**parts, bytes=0, sha256="", state="open"))  # type: ignore[arg-type]
    index.write("INSERT INTO filling VALUES (?, 'card_filled', 'cli:root', 1795320000000000)", name)
    if closed:
        index.close_segment(name, begin, begin + timedelta(seconds=lasts), 1, "", "filled", "card://R")


def told(notes: Notebook) -> list[Note]:
    return notes.after("", 0).notes


def test_what_was_found_and_filled_is_told_once_and_again_until_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, notes = Index(tmp_path / "media"), Notebook(tmp_path / "notes.db")
    index.open_run("R", "C1", NOON, "H264", 320, 180)
    for name in ("a", "b"):
        index.find(NOON, "missing", f"C1/20261122/{name}.mp4", "")
        put_in(index, f"in-{name}")
    put_in(index, "open", closed=False)
    busy = {"C1"}
    telling = Telling(index, notes, lambda camera: camera in busy)

    def full(*_told: object, **_more: object) -> None:
        raise Unavailable("notes_unusable", "full")

    with monkeypatch.context() as patch:
        patch.setattr(notes, "add", full)
        telling.tell()  # the state's disk is full: recording goes on
    assert told(notes) == []
    index.close()

    index = Index(tmp_path / "media")  # the recorder was killed, and starts again
    telling = Telling(index, notes, lambda camera: camera in busy)
    telling.tell()
    (found,) = told(notes)
    assert (found.kind, found.camera, found.alarm, found.count) == ("found", "C1", "missing", 2)
    assert found.at == NOON and found.by == "process:recorder"
    telling.tell("C1")
    _, filled = told(notes)
    assert (filled.kind, filled.by, filled.count, filled.at) == ("card_filled", "cli:root", 20, NOON)
    busy.clear()
    telling.tell()
    assert len(told(notes)) == 2, "one that is still open is told when it is over"
    index.close_segment("open", NOON, NOON + timedelta(seconds=5), 1, "", "filled", "card://R")
    telling.tell()
    telling.tell()
    assert [note.count for note in told(notes)] == [2, 20, 5]
    put_in(index, "killed", lasts=0)
    telling.tell()
    assert len(told(notes)) == 3, "where filling was killed before the first picture nothing was put in"
    assert index.rows("SELECT * FROM filling") == [], "and it is not asked about for ever"
    index.close()
    telling.tell()  # nor does a damaged index end the recording
    notes.close()
