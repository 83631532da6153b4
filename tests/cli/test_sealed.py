"""`recordings verify` on a box asks its journal, without any of its keys; a silent journal is no pass."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.base.settings import dump
from appliance.cli.sealed import remembered
from appliance.flow.box import Box, keys
from appliance.flow.keep_recordings import note_events
from appliance.flow.note_seals import note_seals
from appliance.flow.set_up import set_up
from appliance.wire.archive import Event
from appliance.wire.seals import Deletion, SealedHead
from tests.command import examsite
from tests.conftest import START, site_settings


def test_the_journal_is_read_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = site_settings(tmp_path)
    assert remembered(settings) is None, "no box"
    set_up(settings, demo=True, now=START)
    head = SealedHead(camera="C1", number=1, n=3, head="a" * 64, at=START)
    first, last = START - timedelta(days=1200), START - timedelta(days=1100)
    told = Event(number=1, at=START, kind="deleted", body={"first": first, "last": last, "recordings": 4})
    box = Box.open(settings)
    box.db.start()
    box.db.write_now(note_seals, box, [head])
    box.db.write_now(note_events, box, "a1", [told])
    box.db.stop()
    for key in keys(settings).glob("*.key"):
        key.unlink()
    found = remembered(settings)
    assert found and found.heads == [head]
    assert found.deletions == [Deletion(first=first, last=last, at=START)]
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(settings))
    (Path(settings.recorder.media)).mkdir(parents=True, exist_ok=True)
    for path in settings.state.glob("*.db*"):
        path.unlink()
    assert examsite("recordings", "verify")[0] != 0, "a journal that does not answer is no pass"
