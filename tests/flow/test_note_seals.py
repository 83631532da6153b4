"""The recorder's seals are in the journal, once each, and come out of it to be held against the recordings."""

from datetime import UTC, datetime, timedelta

from appliance.flow.box import Box
from appliance.flow.note_seals import all_heads, heads_of, note_seals
from appliance.wire.seals import SealedHead

AT = datetime(2026, 3, 14, 1, tzinfo=UTC)


def head(number: int, camera: str = "C1", digit: str = "a", sitting: str = "") -> SealedHead:
    at = AT + timedelta(hours=number)
    return SealedHead(camera=camera, number=number, n=number * 60, head=digit * 64, at=at, sitting=sitting)


def test_each_seal_once(box: Box) -> None:
    first, second = head(1), head(2, sitting="s1")
    box.db.write_now(note_seals, box, [first, head(1, "C2")])
    box.db.write_now(note_seals, box, [first, head(1, "C2")])
    box.db.write_now(note_seals, box, [second, head(1, "C2")])
    assert box.db.read_now(all_heads) == [first, head(1, "C2"), second]
    # Another chain in place of the first one: the same number, another link.
    other = head(2, digit="b")
    box.db.write_now(note_seals, box, [other])
    assert box.db.read_now(all_heads)[-1] == other
    assert box.db.read_now(heads_of, ["C2"], box.now() + timedelta(days=1)) == [head(1, "C2")]
    found = box.db.read_now(heads_of, ["C1"], box.now() - timedelta(days=1))
    assert found == [first, second, other]
