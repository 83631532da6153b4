"""A candidate signs in at the seat: the right to write the attempt, one lease per sign-in."""

import secrets
from datetime import timedelta

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import hash_token
from appliance.flow.attempt_view import Standing, standing
from appliance.flow.box import Box
from appliance.flow.call import arrived_at_seat
from appliance.flow.pauses import note_new_seat
from appliance.records.journal import append
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Lease

TRIES = 5
"""Wrong tries at a seat before it waits; the four characters have 11,000 values."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=10)
"""The wait after them, doubled with each further wrong try up to the longest. Another seat starts anew."""


def seat_at(session: Session, address: str) -> Seat:
    """The seat with this fixed address."""
    seat = session.exec(select(Seat).where(Seat.address == address)).first()
    if seat is None:
        raise NotFound(
            "unknown_station",
            N_("This computer is not registered as an exam station."),
            N_("Please call the staff."),
        )
    return seat


def taking_at(session: Session, seat: Seat) -> SeatTaking | None:
    """Who is bound to a seat now; None when it is free."""
    return session.exec(
        select(SeatTaking)
        .join(Sitting, col(Sitting.id) == col(SeatTaking.sitting))
        .where(SeatTaking.seat == seat.id, col(SeatTaking.released_at).is_(None))
        .order_by(col(SeatTaking.taken_at).desc())
    ).first()


def sign_in_at_seat(
    session: Session, box: Box, address: str, last_four: str, secret: str
) -> Standing | Refused:
    """Grant a lease to whoever knows the bound candidate's last four characters.

    `secret` becomes the seat's cookie. A wrong entry is returned, not raised, so that its journal entry stays.
    """
    seat = seat_at(session, address)
    taking = taking_at(session, seat)
    if taking is None:
        raise Refused(
            "seat_free",
            N_("Nobody has been called to this seat."),
            N_("Look at the display in the waiting room, or call the staff."),
        )
    candidate = session.get_one(Candidate, taking.candidate)
    now = box.now()
    if taking.locked_until and taking.locked_until > now:
        return locked(taking.locked_until - now)
    if not secrets.compare_digest(candidate.last_four, last_four.strip().upper()):
        return _wrong(session, box, taking)
    attempt = session.exec(
        select(Attempt).where(Attempt.sitting == taking.sitting, Attempt.candidate == candidate.id)
    ).one()
    taking.wrong_tries, taking.locked_until = 0, None
    session.add(taking)
    arrived_at_seat(session, box, taking.sitting, candidate.id, f"seat:{seat.id}")
    return grant_lease(session, box, attempt, seat, secret)


def grant_lease(session: Session, box: Box, attempt: Attempt, seat: Seat, secret: str) -> Standing:
    """The right to write `attempt` from `seat`, for whoever holds the cookie `secret`; older ones are superseded."""
    now = box.now()
    attempt.lease += 1
    session.add(attempt)
    session.add(
        Lease(
            attempt=attempt.id,
            number=attempt.lease,
            seat=seat.id,
            token_hash=hash_token(secret),
            granted_at=now,
        )
    )
    session.flush()
    append(
        session,
        "lease.granted",
        attempt.candidate,
        f"seat:{seat.id}",
        {"attempt": attempt.id, "lease": attempt.lease, "seat": seat.id},
        at=now,
    )
    note_new_seat(session, box, attempt, seat.id)
    return standing(session, box, hash_token(secret))


def _wrong(session: Session, box: Box, taking: SeatTaking) -> Refused:
    """Note a wrong try; after `TRIES` of them the seat waits, longer each time."""
    now = box.now()
    taking.wrong_tries += 1
    session.add(taking)
    body = {"sitting": taking.sitting, "tries": taking.wrong_tries}
    append(session, "seat_sign_in.refused", taking.candidate, f"seat:{taking.seat}", body, at=now)
    if wait := wait_after(taking.wrong_tries):
        taking.locked_until = now + wait
        return locked(wait)
    return Refused(
        "wrong_last_four",
        N_("These are not the last four characters of the ID number."),
        N_("Look at your ID card and type again, or raise your hand."),
    )


def wait_after(tries: int) -> timedelta:
    """How long a seat takes no sign-in after so many wrong ones; zero while there are few."""
    return min(FIRST_WAIT * 2 ** min(tries - TRIES, 8), LONGEST_WAIT) if tries >= TRIES else timedelta(0)


def locked(wait: timedelta) -> Refused:
    """What a seat says that takes no sign-in for `wait`."""
    return Refused(
        "sign_in_locked",
        N_("Too many wrong tries: this seat takes no sign-in for {minutes} min."),
        N_("Raise your hand: the invigilator looks at your ID card with you."),
        minutes=-(-int(wait.total_seconds()) // 60),
    )
