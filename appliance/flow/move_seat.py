"""A candidate moves to another seat: the old one may be broken, every answer goes along."""

from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.call import places, take_seat, taken
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.waiting import Ticket
from appliance.rules import seating


def move_seat(
    session: Session,
    box: Box,
    sitting_id: str,
    from_seat: str,
    to_seat: str,
    reason: str,
    broken: bool,
    actor: str,
    command: str,
) -> SeatTaking:
    """Release one seat and take another (`to_seat` empty: the nearest spare). A replay returns the same taking."""
    if known := session.exec(select(SeatTaking).where(SeatTaking.command == command)).first():
        return known
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    sitting = sitting_of(session, sitting_id)
    held = session.exec(
        select(SeatTaking).where(
            SeatTaking.sitting == sitting.id,
            SeatTaking.seat == from_seat,
            col(SeatTaking.released_at).is_(None),
        )
    ).first()
    if held is None:
        raise NotFound("seat_empty", N_("Nobody sits at {seat}."), N_("Reload the page."), seat=from_seat)
    if broken:
        _break(session, box, from_seat, reason, actor)
    others = [seat for seat in taken(session, sitting.room) if seat != from_seat]
    everything = places(session, sitting)
    if to_seat:
        place = next((one for one in everything if one.seat == to_seat and one.usable), None)
        if place is None or to_seat in others:
            raise Conflict(
                "seat_not_free", N_("Seat {seat} is not free."), N_("Choose another."), seat=to_seat
            )
    else:
        place = seating.spare_for(everything, others, from_seat)
        if place is None:
            raise Refused(
                "no_free_seat", N_("No seat is free in this room."), N_("Repair or free a seat first.")
            )
    held.released_at, held.reason, held.by = box.now(), reason.strip(), actor
    session.add(held)
    session.flush()
    body = {"seat": from_seat, "sitting": sitting.id, "reason": reason.strip()}
    append(session, "seat.left", held.candidate, actor, body, at=box.now())
    ticket = session.exec(
        select(Ticket).where(Ticket.sitting == sitting.id, Ticket.candidate == held.candidate)
    ).one()
    return take_seat(session, box, ticket, place.seat, command, actor, reason.strip())


def _break(session: Session, box: Box, seat_id: str, reason: str, actor: str) -> None:
    seat = session.get_one(Seat, seat_id)
    if seat.state != "broken":
        seat.state, seat.reason = "broken", reason.strip()
        session.add(seat)
        session.flush()
        append(session, "seat.broken", seat.id, actor, {"reason": reason.strip()}, at=box.now())


def repair_seat(session: Session, box: Box, seat_id: str, actor: str) -> Seat:
    """A broken seat is in order again."""
    seat = session.get(Seat, seat_id)
    if seat is None:
        raise NotFound("no_seat", N_("There is no seat {seat}."), N_("Reload the page."), seat=seat_id)
    if seat.state == "broken":
        seat.state, seat.reason = "ready", ""
        session.add(seat)
        session.flush()
        append(session, "seat.repaired", seat.id, actor, {}, at=box.now())
    return seat
