"""A request of a seat that was refused because it asked for what is not its own, or was tampered with: journaled."""

from sqlmodel import Session, select

from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.site import Seat
from appliance.records.theory import Attempt, Lease


def note_request(session: Session, box: Box, address: str, token_hash: str, code: str) -> None:
    """`token_hash`: of the cookie that came with it, whether it is known or not."""
    lease = session.exec(select(Lease).where(Lease.token_hash == token_hash)).first()
    seat = session.exec(select(Seat).where(Seat.address == address)).first()
    place = seat.id if seat else lease.seat if lease else "unknown"
    body = {"code": code} | ({"attempt": lease.attempt, "lease": lease.number} if lease else {})
    subject = session.get_one(Attempt, lease.attempt).candidate if lease else place
    append(session, "request.refused", subject, f"seat:{place}", body, at=box.now())
