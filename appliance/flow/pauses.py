"""Which pauses are open, and what a station's absence cost an attempt that was not paused."""

from datetime import datetime

from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.seating import SeatTaking
from appliance.records.site import Station
from appliance.records.theory import Attempt, Lease
from appliance.records.violations import Pause
from appliance.rules.timing import lost_seconds


def pause_of_room(session: Session, sitting: str) -> Pause | None:
    """The open pause of a whole sitting."""
    return session.exec(
        select(Pause).where(
            Pause.sitting == sitting, col(Pause.attempt).is_(None), col(Pause.ended_at).is_(None)
        )
    ).first()


def pause_of_one(session: Session, attempt: str) -> Pause | None:
    """The open pause of one attempt."""
    return session.exec(select(Pause).where(Pause.attempt == attempt, col(Pause.ended_at).is_(None))).first()


def paused_alone(session: Session, sitting: str) -> set[str]:
    """Attempts of a sitting with an open pause of their own."""
    rows = select(Pause.attempt).where(
        Pause.sitting == sitting, col(Pause.attempt).is_not(None), col(Pause.ended_at).is_(None)
    )
    return {one for one in session.exec(rows) if one}


def end_pauses(session: Session, sitting: str, attempt: str | None, actor: str, now: datetime) -> None:
    """What is handed in, or ended, is paused no more. `attempt` None: every pause of the sitting."""
    wanted = select(Pause).where(Pause.sitting == sitting, col(Pause.ended_at).is_(None))
    if attempt is not None:
        wanted = wanted.where(Pause.attempt == attempt)
    for pause in session.exec(wanted):
        pause.ended_at, pause.ended_by = now, actor
        session.add(pause)


def note_return(session: Session, box: Box, seat: str, gone: datetime | None) -> None:
    """A station is back that was silent since `gone`: what that cost whoever writes there can be given back."""
    if gone is None or (box.now() - gone).total_seconds() <= box.settings.station.lost_after:
        return
    attempt = session.exec(
        select(Attempt)
        .join(
            SeatTaking,
            (col(SeatTaking.candidate) == col(Attempt.candidate))
            & (col(SeatTaking.sitting) == col(Attempt.sitting)),
        )
        .where(SeatTaking.seat == seat, col(SeatTaking.released_at).is_(None), Attempt.state == "running")
    ).first()
    if attempt is not None:
        _lost(session, box, attempt, seat, gone)


def note_new_seat(session: Session, box: Box, attempt: Attempt, seat: str) -> None:
    """A running exam goes on at another seat: what passed since the old station fell silent, or was left, was lost."""
    before = session.get(Lease, (attempt.id, attempt.lease - 1))
    if attempt.state != "running" or before is None or before.seat == seat:
        return
    station = session.get(Station, before.seat)
    seen = station.heartbeat_at if station else None
    if seen is None or (box.now() - seen).total_seconds() <= box.settings.station.lost_after:
        seen = session.exec(
            select(SeatTaking.released_at)
            .where(
                SeatTaking.sitting == attempt.sitting,
                SeatTaking.seat == before.seat,
                SeatTaking.candidate == attempt.candidate,
            )
            .order_by(col(SeatTaking.taken_at).desc())
        ).first()
    if seen is not None:
        _lost(session, box, attempt, before.seat, seen)


def _lost(session: Session, box: Box, attempt: Attempt, seat: str, gone: datetime) -> None:
    now = box.now()
    rows = session.exec(
        select(Pause.began_at, Pause.ended_at).where(
            Pause.sitting == attempt.sitting, (col(Pause.attempt).is_(None)) | (Pause.attempt == attempt.id)
        )
    )
    seconds = lost_seconds(max(gone, attempt.started_at or gone), now, [(a, b) for a, b in rows])
    if seconds <= 0:
        return
    attempt.lost_s += seconds
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "seat": seat, "from": gone.isoformat(), "seconds": seconds}
    append(session, "station.returned", attempt.candidate, f"seat:{seat}", body, at=now)
