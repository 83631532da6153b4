"""Pictures of face checks: sealed on the disk, gone after their time, and the journal says so."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update
from sqlmodel import select

from appliance.base.clock import FakeClock
from appliance.base.errors import Conflict, NotFound, Unavailable
from appliance.base.ids import new_id
from appliance.base.settings import dump
from appliance.flow import forget_faces as module
from appliance.flow.box import Box
from appliance.flow.forget_faces import HANDFUL, Forgotten, count_due, forget_faces
from appliance.flow.inspect import verify_journal
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from tests.command import examsite

DAY = 86_400.0
JPEG = b"\xff\xd8\xff"


def let_age(box: Box) -> None:
    """As if every file had been kept long ago."""
    for path in box.files.folder.rglob("*"):
        os.utime(path, (0, 0))


def told(box: Box, kind: str) -> list[str]:
    """Bodies of the journal's entries of a kind."""
    return list(box.db.read_now(lambda s: s.exec(select(Journal.body).where(Journal.kind == kind)).all()))


def kept(box: Box) -> list[Path]:
    """All files."""
    return [path for path in box.files.folder.rglob("*") if path.is_file()]


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
    roster = box.files.put(JPEG + b"roster", secret=True)

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
    old = box.db.write_now(check, box, JPEG + b"live one", JPEG + b"chip")
    other = box.db.write_now(check, box, JPEG + b"live two", JPEG + b"roster")
    clock.advance((days - 1) * DAY)
    new = box.db.write_now(check, box, JPEG + b"live three", JPEG + b"chip")
    let_age(box)
    assert forget_faces(box) == Forgotten() and box.db.read_now(count_due, box) == 0 and len(kept(box)) == 5

    clock.advance(2 * DAY)
    assert box.db.read_now(count_due, box) == 2
    done = forget_faces(box)
    assert (done.count, len(done.pictures), done.left_over) == (2, 2, 0) and not forget_faces(box).count

    def rows(session) -> dict[str, FaceCheck]:  # type: ignore[no-untyped-def]
        return {one.id: one for one in session.exec(select(FaceCheck)).all()}

    checks = box.db.read_now(rows)
    assert (checks[old].live_photo, checks[other].reference_photo) == ("", "") and checks[old].distance
    assert box.files.get(checks[new].live_photo, True) == JPEG + b"live three"
    assert box.files.get(checks[new].reference_photo, True) == JPEG + b"chip", "a later check still needs it"
    assert box.files.get(roster, True) == JPEG + b"roster", "the candidate's own"
    assert len(kept(box)) == 3 and not any(b"live" in path.read_bytes() for path in kept(box))
    bodies = told(box, "face_pictures.deleted")
    assert len(bodies) == 2 and any("live_photo" in body and old in body for body in bodies)
    assert box.db.read_now(verify_journal, box).ok
    with pytest.raises(NotFound):
        box.files.get("0" * 64, True)
    assert not box.files.remove("0" * 64, True)


def test_many_go_by_handfuls(box: Box) -> None:
    for number in range(HANDFUL + 3):
        box.db.write_now(check, box, JPEG + b"live %d" % number, JPEG + b"chip")
    assert isinstance(box.clock, FakeClock)
    box.clock.advance((box.settings.faces.keep_days + 1) * DAY)
    let_age(box)
    assert forget_faces(box).count == HANDFUL + 3 and not kept(box)
    assert len(told(box, "face_pictures.deleted")) == HANDFUL + 3


def test_a_row_never_names_a_picture_that_is_gone(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    found = box.db.write_now(check, box, JPEG + b"live one", JPEG + b"chip")
    assert isinstance(box.clock, FakeClock)
    box.clock.advance((box.settings.faces.keep_days + 1) * DAY)
    let_age(box)

    def full(*_given: object, **_more: object) -> None:
        raise Unavailable("disk_full", "full")

    with monkeypatch.context() as broken:
        broken.setattr(module, "append", full)
        with pytest.raises(Unavailable):
            forget_faces(box)
    row = box.db.read_now(lambda s: s.get_one(FaceCheck, found))
    assert box.files.get(row.live_photo, True) and box.files.get(row.reference_photo, True)
    with monkeypatch.context() as broken:  # the power goes between the commit and the files
        broken.setattr(module, "_sweep", full)
        with pytest.raises(Unavailable):
            forget_faces(box)
    assert len(kept(box)) == 2
    assert forget_faces(box).left_over == 2 and not kept(box)
    (body,) = told(box, "face_pictures.swept")
    assert row.live_photo in body and row.reference_photo in body


def test_the_picture_of_a_paper_goes_as_well(box: Box) -> None:
    def shown(session) -> None:  # type: ignore[no-untyped-def]
        picture = box.files.put(JPEG + b"a passport", secret=True)
        now = box.now()
        facts = {"lane": "L1", "happened_at": now, "recorded_at": now, "result": "review", "code": "by_hand"}
        session.add(Tap(id="t", paper_picture=picture, **facts))

    box.db.write_now(shown)
    let_age(box)
    assert forget_faces(box).count == 0 and len(kept(box)) == 1
    assert isinstance(box.clock, FakeClock)
    box.clock.advance((box.settings.faces.keep_days + 1) * DAY)
    assert box.db.read_now(count_due, box) == 1
    assert forget_faces(box).count == 1 and not kept(box)
    (body,) = told(box, "face_pictures.deleted")
    assert "paper_picture" in body and box.db.read_now(lambda s: s.get_one(Tap, "t")).paper_picture == ""


def test_what_nobody_points_to_goes_when_it_is_old(box: Box) -> None:
    orphan = box.files.put(JPEG + b"its tap was never recorded", secret=True)
    other = box.files.put(b'{"no": "picture"}', secret=True)
    scrap = box.files.folder / "sealed" / orphan[:2] / f"{orphan}.1.2.new"
    scrap.write_bytes(b"cut off")
    assert forget_faces(box) == Forgotten() and scrap.exists(), "its row may be about to be written"
    let_age(box)
    box.files.put(JPEG + b"its tap was never recorded", secret=True)
    assert forget_faces(box) == Forgotten(), "put again: young again"
    let_age(box)
    assert forget_faces(box).left_over == 1
    assert [path.name for path in kept(box)] == [other]


def test_nothing_goes_by_another_boxs_database(box: Box) -> None:
    box.files.put(JPEG + b"somebody", secret=True)
    let_age(box)
    box.site = msgspec.structs.replace(box.site, epoch=new_id())
    with pytest.raises(Conflict):
        forget_faces(box)
    assert len(kept(box)) == 1


def test_the_command(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_bytes(dump(box.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "site.toml"))
    box.db.write_now(check, box, JPEG + b"live one", JPEG + b"chip")
    # The command has the true clock; the check was made at the test's own time, long past or still to come.
    old = datetime.now(UTC) - timedelta(days=box.settings.faces.keep_days + 1)
    box.db.write_now(lambda session: session.exec(update(FaceCheck).values(happened_at=old)))
    status, out, _ = examsite("faces", "forget", "--json")
    assert status == 0 and json.loads(out) == {
        "keep_days": 1096,
        "due": 1,
        "deleted": 0,
        "left_over": 0,
    }
    status, out, _ = examsite("faces", "forget", "--do", "--json")
    assert status == 0 and json.loads(out)["deleted"] == 1
    assert box.db.read_now(count_due, box) == 0
