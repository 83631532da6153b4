"""Rooms of a real site: seats, addresses and a key per station, once."""

import hashlib
import json
from pathlib import Path

import pytest
from sqlmodel import select

from appliance.base.settings import dump
from appliance.flow.box import Box
from appliance.records.site import Seat, Station
from tests.command import examsite


def test_a_room_is_registered_with_addresses_and_keys(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examsite.toml").write_bytes(dump(box.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "examsite.toml"))
    order = ["room", "add", "T9", "--name", "理论考场", "--kind", "theory", "--seats", "3", "--spares", "1"]
    order += ["--first-address", "192.168.10.254", "--keys", str(tmp_path / "keys"), "--json"]
    status, out, _err = examsite(*order)
    assert status == 0 and json.loads(out)["seats"] == 4
    seats = box.db.read_now(lambda s: s.exec(select(Seat).order_by(Seat.id)).all())
    assert [seat.address for seat in seats] == [f"192.168.{a}" for a in ("10.254", "10.255", "11.0", "11.1")]
    assert [seat.spare for seat in seats] == [False, False, False, True]
    key = (tmp_path / "keys" / "T9-02.key").read_text().strip()
    station = box.db.read_now(lambda s: s.get(Station, "T9-02"))
    assert station is not None and station.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert examsite(*order)[0] == 4
    assert examsite("room", "add", "X", "--name", "x", "--kind", "kitchen")[0] == 2
    assert len(json.loads(examsite("room", "list", "--json")[1])["rooms"]) == 1
