"""What exam-archive is told of the sittings, and taking what it tells into the journal."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, col, func, select

from appliance.flow.box import Box
from appliance.flow.delete_recordings import kept_until, ordered_at, past_before, permit
from appliance.records.journal import Journal, append
from appliance.records.retention import ArchiveMark, FindingAcknowledged, RecordingHold
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.wire.archive import Acknowledged, Event, KeepOrders, KeptSitting
from appliance.wire.seals import Deletion

AROUND = timedelta(minutes=30)
"""At least so long before admission opens and after the end: what is recorded then belongs to the sitting as well."""
FORGOTTEN = timedelta(days=7)
"""A sitting nobody ended is taken to have gone on so long at most."""
KINDS = {
    "deleted": "storage.deleted",
    "kept": "storage.kept",
    "finding": "storage.finding",
    "filling": "storage.filling",
    "short": "storage.short",
    "place_prepared": "storage.place_prepared",
    "disk_ended": "storage.disk_ended",
    "findings": "storage.findings",
    "list_restored": "storage.list_restored",
}
"""Events that are facts of the journal; others of a newer exam-archive are left out."""


def kept_sitting(
    box: Box,
    sitting: Sitting,
    released: datetime | None,
    holds: Sequence[RecordingHold] = (),
    wanted_since: datetime | None = None,
) -> KeptSitting:
    """A sitting as exam-archive knows it, with the minutes cameras record before and after. `released`: the last of its
    seats. `holds`: all it ever had. `wanted_since`: a hold lifted later than that still stands, for no order of before
    it was lifted may take what it kept.
    """
    cameras = box.settings.cameras
    before = max([AROUND, *(timedelta(minutes=one.before_min) for one in cameras)])
    after = max([AROUND, *(timedelta(minutes=one.after_min) for one in cameras)])
    planned_end = sitting.starts_at + timedelta(seconds=sitting.duration_s)
    end = max(one for one in (planned_end, sitting.ends_at, sitting.ended_at, released) if one)
    if sitting.started_at and not sitting.ended_at:  # a practical sitting ends when somebody says so
        end = max(end, min(box.now(), planned_end + FORGOTTEN))
    return KeptSitting(
        id=sitting.id,
        name=f"{box.local(sitting.starts_at):%Y-%m-%d %H:%M} {sitting.room}",
        rooms=[sitting.room],
        start=min(one for one in (sitting.opens_at, sitting.starts_at, sitting.started_at) if one) - before,
        end=end + after,
        keep_until=kept_until(box, end + after),
        hold=any(
            one.lifted_at is None or (wanted_since is not None and one.lifted_at > wanted_since)
            for one in holds
        ),
        holds=[one.id for one in holds if one.lifted_at is None],
        lifted=[one.id for one in holds if one.lifted_at is not None],
    )


def last_released(session: Session, sittings: Collection[str] | None = None) -> dict[str, datetime]:
    """When the last seat of each sitting was released; a practical one goes on after its end. None: of all."""
    found = select(SeatTaking.sitting, func.max(SeatTaking.released_at)).group_by(SeatTaking.sitting)
    if sittings is not None:
        found = found.where(col(SeatTaking.sitting).in_(sittings))
    return {sitting: at for sitting, at in session.exec(found) if at}


def keep_orders(session: Session, box: Box) -> KeepOrders:
    """Everything exam-archive must know: all sittings there are, for no record of one is ever deleted."""
    holds: dict[str, list[RecordingHold]] = {}
    for hold in session.exec(select(RecordingHold).order_by(col(RecordingHold.put_at))):
        holds[hold.sitting] = [*holds.get(hold.sitting, ()), hold]
    sittings = session.exec(select(Sitting).order_by(col(Sitting.starts_at)))
    since, released = ordered_at(session, box), last_released(session)
    return KeepOrders(
        sittings=[
            kept_sitting(box, one, released.get(one.id), holds.get(one.id, ()), since) for one in sittings
        ],
        before=past_before(box, box.today()),
        permit=permit(session, box),
        acknowledged=[
            Acknowledged(id=one.id, place=one.place, path=one.path, until=one.until)
            for one in session.exec(select(FindingAcknowledged).order_by(col(FindingAcknowledged.at)))
        ],
    )


def all_deletions(session: Session) -> list[Deletion]:
    """Every deletion of recordings in the journal, in its order."""
    rows = session.exec(
        select(Journal.body).where(Journal.kind == KINDS["deleted"]).order_by(col(Journal.seq))
    )
    return [msgspec.json.decode(body, type=_Deleted).told() for body in rows]


class _Deleted(msgspec.Struct):
    first: datetime
    last: datetime
    happened_at: datetime
    list: str = ""

    def told(self) -> Deletion:
        return Deletion(first=self.first, last=self.last, at=self.happened_at, list=self.list)


def events_noted(session: Session, archive: str) -> int:
    """The number of the newest event of a list that stands in the journal."""
    mark = session.get(ArchiveMark, archive)
    return mark.event if mark else 0


def note_events(session: Session, box: Box, archive: str, events: list[Event]) -> int:
    """Take what exam-archive told into the journal, each once; returns the number of the newest."""
    mark = session.get(ArchiveMark, archive) or ArchiveMark(archive=archive)
    for event in events:
        if event.number <= mark.event:
            continue
        if event.kind in KINDS:
            told = event.body
            subject = str(told.get("sitting") or told.get("place") or told.get("label") or "storage")
            body = told | {"happened_at": event.at}
            append(session, KINDS[event.kind], subject, "process:archive", body, at=box.now())
        mark.event = event.number
    session.add(mark)
    session.flush()
    return mark.event
