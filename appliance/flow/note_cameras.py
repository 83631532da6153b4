"""What exam-recorder noted of the cameras (set up, changed, tampered with) goes into the journal, each note once."""

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.camera_views import first_views, take_note
from appliance.records.journal import Journal, append
from appliance.wire.cameras import Note, NoteKind, Notes

KINDS: dict[NoteKind, str] = {
    "added": "camera.added",
    "changed": "camera.changed",
    "removed": "camera.removed",
    "password_set": "camera.password_set",
    "marked": "camera.marked",
    "reference_taken": "camera.reference_taken",
    "clock_set": "camera.clock_set",
    "alarm": "camera.alarm",
    "alarm_over": "camera.alarm_over",
    "motion": "camera.motion",
    "filled": "camera.filled",
    "card_filled": "camera.card_filled",
    "found": "camera.found",
}


class Noted(msgspec.Struct, frozen=True):
    """The newest note the journal has: of which of the recorder's notebooks, and its number."""

    epoch: str = ""
    number: int = 0


def newest_note(session: Session, epoch: str = "") -> Noted:
    """Where the journal stands; with this notebook, if it is named."""
    found = (0, "{}")
    for kind in KINDS.values():
        row = session.exec(
            select(Journal.seq, Journal.body)
            .where(Journal.kind == kind, col(Journal.body).contains(f'"epoch":"{epoch}'))
            .order_by(col(Journal.seq).desc())
            .limit(1)
        ).first()
        found = max(found, row or (0, "{}"))
    told = msgspec.json.decode(found[1])
    return Noted(told.get("epoch", ""), told.get("note", 0))


def note_cameras(session: Session, box: Box, told: Notes) -> None:
    """Write those the journal does not have yet, and what the cameras look at from then on. A notebook that comes back
    after another one goes on where it was.
    """
    at = newest_note(session)
    if at.epoch not in ("", told.epoch):
        at = newest_note(session, told.epoch)
    for note in told.notes[:1]:
        first_views(session, box, note.at)
    for note in told.notes:
        if told.epoch != at.epoch or note.number > at.number:
            _to_journal(session, box, told.epoch, note)
            take_note(session, box, note)


def _to_journal(session: Session, box: Box, epoch: str, note: Note) -> None:
    body: dict[str, object] = {"note": note.number, "epoch": epoch, "happened_at": note.at.isoformat()}
    if note.alarm:
        body["alarm"] = note.alarm
    if note.count:
        body["count"] = note.count
    if note.kind in (
        "added",
        "changed",
        "marked",
    ):  # what it looks at from then on, for whoever asks years later
        body |= {"room": note.room, "seats": note.seats, "place": note.place}
    person = note.by.startswith("account:")
    if not person and not note.by.startswith("process:"):
        body["by"] = note.by
    actor = note.by if person or note.by.startswith("process:") else "process:cli"
    append(session, KINDS[note.kind], note.camera, actor, body, at=box.now())
