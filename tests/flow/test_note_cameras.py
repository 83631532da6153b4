"""What exam-recorder noted of cameras is in the journal, once each, whoever restarts."""

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.note_cameras import KINDS, Noted, newest_note, note_cameras
from appliance.records.journal import Journal
from appliance.wire.cameras import Note, NoteKind, Notes

AT = datetime(2026, 3, 14, 1, tzinfo=UTC)


def note(number: int, kind: NoteKind, by: str = "process:recorder", alarm: str = "", count: int = 0) -> Note:
    return Note(number=number, at=AT, kind=kind, camera="C1", by=by, alarm=alarm, count=count)


def told(session: Session) -> list[Journal]:
    rows = select(Journal).where(col(Journal.kind).in_(KINDS.values())).order_by(col(Journal.seq))
    return list(session.exec(rows).all())


def test_each_note_once(box: Box) -> None:
    assert box.db.read_now(newest_note) == Noted()
    first = [note(1, "added", "account:a"), note(2, "alarm", alarm="tamper"), note(3, "motion", count=7)]
    box.db.write_now(note_cameras, box, Notes(epoch="e1", notes=first))
    assert box.db.read_now(newest_note) == Noted("e1", 3)
    again = [*first[1:], note(4, "password_set", "cli:root")]
    box.db.write_now(note_cameras, box, Notes(epoch="e1", notes=again))
    found = box.db.read_now(told)
    assert [(one.kind, one.actor) for one in found] == [
        ("camera.added", "account:a"),
        ("camera.alarm", "process:recorder"),
        ("camera.motion", "process:recorder"),
        ("camera.password_set", "process:cli"),
    ]
    assert '"alarm":"tamper"' in found[1].body and '"count":7' in found[2].body
    assert '"by":"cli:root"' in found[3].body and all(one.subject == "C1" for one in found)
    box.db.write_now(note_cameras, box, Notes(epoch="e1", notes=[note(5, "found", alarm="missing", count=3)]))
    newest = box.db.read_now(told)[-1]
    assert newest.kind == "camera.found" and '"alarm":"missing"' in newest.body and '"count":3' in newest.body
    # A notebook that was lost begins anew: its notes are other ones.
    box.db.write_now(note_cameras, box, Notes(epoch="e2", notes=[note(1, "removed", "account:a")]))
    assert [one.kind for one in box.db.read_now(told)][-1] == "camera.removed"
    assert box.db.read_now(newest_note) == Noted("e2", 1)
    # The first one comes back: what it told before is no new fact.
    count = len(box.db.read_now(told))
    box.db.write_now(note_cameras, box, Notes(epoch="e1", notes=[*again, note(6, "alarm", alarm="scene")]))
    assert len(box.db.read_now(told)) == count + 1 and box.db.read_now(newest_note) == Noted("e1", 6)
