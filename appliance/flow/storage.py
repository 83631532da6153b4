"""The storage page's part of the site database: sittings of a day with their dates, and the holds in force."""

from datetime import date, datetime, timedelta

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.delete_recordings import midnight
from appliance.flow.keep_recordings import kept_sitting, last_released
from appliance.records.accounts import Account
from appliance.records.retention import RecordingDeletion, RecordingHold
from appliance.records.sitting import Sitting


class SittingKept(msgspec.Struct, kw_only=True):
    """A sitting and how long its recordings are kept."""

    id: str
    number: int
    subject: str
    room: str
    starts_at: datetime
    keep_until: datetime
    held: bool


class HoldLine(msgspec.Struct, kw_only=True):
    """A hold in force, with the sitting it is about. `by`: both names."""

    id: str
    sitting: SittingKept
    reason: str
    put_at: datetime
    by: list[str]


class OrderLine(msgspec.Struct, kw_only=True):
    """The last order to delete."""

    at: datetime
    reason: str
    by: list[str]


def _line(session: Session, box: Box, sitting: Sitting, held: bool) -> SittingKept:
    released = last_released(session, [sitting.id]).get(sitting.id)
    return SittingKept(
        id=sitting.id,
        number=sitting.number,
        subject=sitting.subject,
        room=sitting.room,
        starts_at=sitting.starts_at,
        keep_until=kept_sitting(box, sitting, released).keep_until,
        held=held,
    )


def _names(session: Session, accounts: list[str]) -> list[str]:
    return [account.name if (account := session.get(Account, one)) else one for one in accounts]


def holds(session: Session, box: Box) -> list[HoldLine]:
    """Holds in force, newest first."""
    rows = session.exec(
        select(RecordingHold, Sitting)
        .join(Sitting, col(Sitting.id) == col(RecordingHold.sitting))
        .where(col(RecordingHold.lifted_at).is_(None))
        .order_by(col(RecordingHold.put_at).desc())
    )
    return [
        HoldLine(
            id=hold.id,
            sitting=_line(session, box, sitting, True),
            reason=hold.reason,
            put_at=hold.put_at,
            by=_names(session, [hold.put_by, hold.second_by]),
        )
        for hold, sitting in rows
    ]


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
