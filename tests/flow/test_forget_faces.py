"""Pictures of face checks: sealed on the disk, gone after their time, and the journal says so."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import select

from appliance.base.clock import FakeClock
from appliance.base.errors import NotFound
from appliance.base.ids import new_id
from appliance.base.settings import dump
from appliance.flow.box import Box
from appliance.flow.forget_faces import HANDFUL, count_due, forget_faces
from appliance.flow.inspect import verify_journal
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from tests.command import examsite

DAY = 86_400.0


def check(session, box: Box, live: bytes, reference: bytes) -> str:  # type: ignore[no-untyped-def]
    """A tap and its face check, now."""
    tap = Tap(id=new_id(), lane="L1", happened_at=box.now(), recorded_at=box.now(), result="refuse", code="x")
    session.add(tap)
    session.flush()
    found = FaceCheck(
        id=new_id(),
        tap=tap.id,
        engine="dlib",
        version="20",
        reference="chip",
        reference_photo=box.files.put(reference, secret=True),
        live_photo=box.files.put(live, secret=True),
        distance=0.3,
        band="admit",
        happened_at=box.now(),
    )
    session.add(found)
    session.flush()
    return found.id


def test_pictures_go_after_their_time(box: Box) -> None:
    clock, days = box.clock, box.settings.faces.keep_days
    assert isinstance(clock, FakeClock)
    roster = box.files.put(b"roster", secret=True)

    def person(session) -> None:  # type: ignore[no-untyped-def]
        session.add(
            Candidate(
                id="c",
                name="x",
                number_sealed=b"",
                number_index=b"1",
                number_masked="",
                last_four="",
                birth_index=b"",
                photo=roster,
            )
        )

    box.db.write_now(person)
    old = box.db.write_now(check, box, b"live one", b"chip")
    other = box.db.write_now(check, box, b"live two", b"roster")
    clock.advance((days - 1) * DAY)
    new = box.db.write_now(check, box, b"live three", b"chip")
    assert box.db.write_now(forget_faces, box) == 0 == box.db.read_now(count_due, box)

    clock.advance(2 * DAY)
    assert box.db.read_now(count_due, box) == 2
    assert box.db.write_now(forget_faces, box) == 2 and box.db.write_now(forget_faces, box) == 0

    def rows(session) -> dict[str, FaceCheck]:  # type: ignore[no-untyped-def]
        return {one.id: one for one in session.exec(select(FaceCheck)).all()}

    checks = box.db.read_now(rows)
    assert (checks[old].live_photo, checks[other].reference_photo) == ("", "") and checks[old].distance
    assert box.files.get(checks[new].live_photo, True) == b"live three"
    assert box.files.get(checks[new].reference_photo, True) == b"chip", "a later check still needs it"
    assert box.files.get(roster, True) == b"roster", "the candidate's own"
    sealed = [path for path in box.files.folder.rglob("*") if path.is_file()]
    assert len(sealed) == 3 and not any(b"live" in path.read_bytes() for path in sealed)

    def told(session) -> list[str]:  # type: ignore[no-untyped-def]
        kind = Journal.kind == "face_pictures.deleted"
        return list(session.exec(select(Journal.body).where(kind)).all())

    bodies = box.db.read_now(told)
    assert len(bodies) == 2 and any("live_photo" in body and old in body for body in bodies)
    assert box.db.read_now(verify_journal, box).ok
    with pytest.raises(NotFound):
        box.files.get("0" * 64, True)
    assert not box.files.remove("0" * 64, True)


def test_many_go_by_handfuls(box: Box) -> None:
    for number in range(HANDFUL + 3):
        box.db.write_now(check, box, b"live %d" % number, b"chip")
    assert isinstance(box.clock, FakeClock)
    box.clock.advance((box.settings.faces.keep_days + 1) * DAY)
    assert [box.db.write_now(forget_faces, box) for _ in range(3)] == [HANDFUL, 3, 0]
    assert not [path for path in box.files.folder.rglob("*") if path.is_file()]


def test_the_command(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_bytes(dump(box.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "site.toml"))
    box.db.write_now(check, box, b"live one", b"chip")
    # The command has the true clock; the check was made at the test's own time, long past or still to come.
    old = datetime.now(UTC) - timedelta(days=box.settings.faces.keep_days + 1)
    box.db.write_now(lambda session: session.exec(update(FaceCheck).values(happened_at=old)))
    status, out, _ = examsite("faces", "forget", "--json")
    assert status == 0 and json.loads(out) == {"keep_days": 1096, "due": 1, "deleted": 0}
    status, out, _ = examsite("faces", "forget", "--do", "--json")
    assert status == 0 and json.loads(out)["deleted"] == 1
    assert box.db.read_now(count_due, box) == 0
