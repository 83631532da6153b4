"""What has not reached the province, read from the tables."""

from sqlmodel import Session, col, func, select

from appliance.flow.box import Box
from appliance.records.sync import Contact, Parcel
from appliance.wire.sync import Backlog, Line
from sync.outbox import unsealed

NEWEST = 20


def backlog(session: Session, box: Box) -> Backlog:
    """Counts, the last contact, the parcel that blocks, the newest parcels."""
    states = dict(session.exec(select(Parcel.state, func.count()).group_by(Parcel.state)).all())
    contact = session.get(Contact, 1) or Contact(id=1)
    refused = session.exec(
        select(Parcel).where(Parcel.state == "refused").order_by(col(Parcel.last_seq)).limit(1)
    ).first()
    newest = session.exec(select(Parcel).order_by(col(Parcel.last_seq).desc()).limit(NEWEST)).all()
    return Backlog(
        configured=bool(box.settings.province.url),
        entries=unsealed(session),
        sealed=states.get("sealed", 0),
        acknowledged=states.get("acknowledged", 0),
        refused=states.get("refused", 0),
        oldest=session.exec(select(func.min(Parcel.sealed_at)).where(Parcel.state != "acknowledged")).one(),
        last_contact=contact.last_contact,
        failing_since=contact.failing_since,
        last_error=contact.last_error,
        blocked=line_of(refused) if refused else None,
        latest=[line_of(parcel) for parcel in newest],
    )


def line_of(parcel: Parcel) -> Line:
    """A parcel as it is shown."""
    return Line(
        epoch=parcel.epoch,
        number=parcel.number,
        first_seq=parcel.first_seq,
        last_seq=parcel.last_seq,
        state=parcel.state,
        tries=parcel.tries,
        last_error=parcel.last_error,
        sealed_at=parcel.sealed_at,
        acknowledged_at=parcel.acknowledged_at,
    )
