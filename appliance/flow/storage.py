"""The storage page's part of the site database: sittings of a day with their dates, and the holds in force."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.camera_views import views
from appliance.flow.delete_recordings import midnight
from appliance.flow.keep_recordings import kept_sitting, last_released
from appliance.records.accounts import Account
from appliance.records.journal import Journal
from appliance.records.retention import RecordingDeletion, RecordingHold
from appliance.records.sitting import Sitting
from appliance.wire.recorder import CameraSpan

REMEMBERED = timedelta(days=90)
"""So long a lifted hold stays on the page."""


class SittingKept(msgspec.Struct, kw_only=True):
    """A sitting and how long its recordings are kept."""

    id: str
    number: int
    subject: str
    room: str
    starts_at: datetime
    keep_until: datetime
    held: bool
    start: datetime
    """From when recordings belong to it; `end`: until when."""
    end: datetime


class HoldLine(msgspec.Struct, kw_only=True):
    """A hold with the sitting it is about. `by`: both names. `lifted_at` None: in force.

    `entry`, `lifted_entry`: numbers of the journal's entries (0: none found).
    """

    id: str
    sitting: SittingKept
    reason: str
    put_at: datetime
    by: list[str]
    entry: int = 0
    lifted_at: datetime | None = None
    lifted_by: list[str] = []
    lifted_why: str = ""
    lifted_entry: int = 0
    cameras: list[str]
    """Those whose recordings it keeps: code and name."""


class OrderLine(msgspec.Struct, kw_only=True):
    """The last order to delete."""

    at: datetime
    reason: str
    by: list[str]


def _line(session: Session, box: Box, sitting: Sitting, held: bool) -> SittingKept:
    released = last_released(session, [sitting.id]).get(sitting.id)
    kept = kept_sitting(box, sitting, released)
    return SittingKept(
        id=sitting.id,
        number=sitting.number,
        subject=sitting.subject,
        room=sitting.room,
        starts_at=sitting.starts_at,
        keep_until=kept.keep_until,
        held=held,
        start=kept.start,
        end=kept.end,
    )


def _names(session: Session, accounts: list[str]) -> list[str]:
    return [account.name if (account := session.get(Account, one)) else one for one in accounts]


def holds(session: Session, box: Box) -> list[HoldLine]:
    """Holds in force, newest first."""
    return _holds(session, box, col(RecordingHold.lifted_at).is_(None))


def lifted_holds(session: Session, box: Box) -> list[HoldLine]:
    """Holds that were lifted of late: whoever asked for one learns of it."""
    return _holds(session, box, col(RecordingHold.lifted_at) > box.now() - REMEMBERED)


def holds_of(session: Session, box: Box, sittings: Collection[str]) -> list[HoldLine]:
    """Every hold these sittings are or were under."""
    return _holds(session, box, col(RecordingHold.sitting).in_(sittings))


def holds_over(session: Session, box: Box, spans: list[CameraSpan]) -> list[HoldLine]:
    """Holds in force that keep recordings of these, newest first."""
    return [
        hold
        for hold in holds(session, box)
        if any(
            span.camera in {one.split(" ")[0] for one in hold.cameras}
            and span.start < hold.sitting.end
            and hold.sitting.start < span.end
            for span in spans
        )
    ]


def _holds(session: Session, box: Box, which: ColumnElement[bool]) -> list[HoldLine]:
    rows = session.exec(
        select(RecordingHold, Sitting)
        .join(Sitting, col(Sitting.id) == col(RecordingHold.sitting))
        .where(which)
        .order_by(col(RecordingHold.put_at).desc())
    )
    return [_hold(session, box, hold, sitting) for hold, sitting in rows]


def _hold(session: Session, box: Box, hold: RecordingHold, sitting: Sitting) -> HoldLine:
    told = select(Journal).where(
        Journal.subject == sitting.id, col(Journal.kind).in_(("hold.put", "hold.lifted"))
    )
    entries = {
        one.kind: one.seq
        for one in session.exec(told)
        if msgspec.json.decode(one.body).get("hold") == hold.id
    }
    kept = _line(session, box, sitting, hold.lifted_at is None)
    line = HoldLine(
        id=hold.id,
        sitting=kept,
        cameras=_cameras(session, box, kept),
        reason=hold.reason,
        put_at=hold.put_at,
        by=_names(session, [hold.put_by, hold.second_by]),
        entry=entries.get("hold.put", 0),
    )
    if hold.lifted_at:
        line.lifted_at, line.lifted_why = hold.lifted_at, hold.lifted_why
        line.lifted_by = _names(session, [hold.lifted_by, hold.lifted_second])
        line.lifted_entry = entries.get("hold.lifted", 0)
    return line


def _cameras(session: Session, box: Box, kept: SittingKept) -> list[str]:
    """As exam-archive holds them (`Terms.sees`): of its room, and of every place that had had no sitting by then."""
    rooms = session.exec(select(Sitting.room).where(Sitting.starts_at < kept.end).distinct())
    others = set(rooms) - {kept.room}
    found = {
        view.camera: f"{view.camera} {view.name}".strip()
        for view in views(session, box)
        if view.room not in others
        and (view.since is None or view.since < kept.end)
        and (view.until is None or view.until > kept.start)
    }
    return list(found.values())


def sittings_of(session: Session, box: Box, day: date) -> list[SittingKept]:
    """The sittings of a day of the site's calendar."""
    start = midnight(box, day)
    rows = session.exec(
        select(Sitting)
        .where(Sitting.starts_at >= start, Sitting.starts_at < start + timedelta(days=1))
        .order_by(col(Sitting.starts_at), col(Sitting.room))
    )
    held = set(session.exec(select(RecordingHold.sitting).where(col(RecordingHold.lifted_at).is_(None))))
    return [_line(session, box, one, one.id in held) for one in rows]


def last_order(session: Session) -> OrderLine | None:
    """The last order to delete that two people gave."""
    order = session.exec(select(RecordingDeletion).order_by(col(RecordingDeletion.ordered_at).desc())).first()
    if order is None:
        return None
    return OrderLine(
        at=order.ordered_at, reason=order.reason, by=_names(session, [order.ordered_by, order.second_by])
    )
