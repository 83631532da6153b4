"""A picture arrives from a seat's camera: kept, and looked at by exam-faces when its turn comes.

The picture is a sealed file before the transaction. Sent twice (a lost reply) it is kept once. What the page of an
earlier lease kept while it was cut off is taken too: it tells who sat there then. So is what a computer kept of the
candidate before, whom the next one's sign-in followed at the same seat: the journal says under whose it came.
"""

from datetime import datetime

from sqlmodel import Session, col, func, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.flow.seat_check import picture_taken
from appliance.flow.watched import newest_due
from appliance.records.captures import Capture
from appliance.records.entry import Admission, Tap
from appliance.records.journal import append
from appliance.records.theory import Attempt, Lease
from appliance.wire import station as wire

MOST_AWAY = 60
"""Pictures an attempt may bring from times without the box: a page gone mad must not fill the disk."""
MOST = 600
"""Pictures of one attempt, whatever they are for."""


def may_capture(session: Session, box: Box, token_hash: str, sent: wire.Capture) -> bool:
    """Asked before the file is written: False when this picture is here already. Raises Refused."""
    lease = lease_of(session, token_hash)
    if session.get(Capture, sent.id) is not None:
        return False
    taken_by = _taken_by(session, lease, sent)
    if taken_by is None:
        raise _refused("not_your_attempt")
    attempt = session.get_one(Attempt, taken_by.attempt)
    if not box.settings.captures.every and sent.purpose == "random":
        raise _refused("no_captures")
    if sent.purpose == "random" and attempt.started_at is None:
        raise _refused("not_running")
    rows = session.exec(
        select(Capture.number, func.count())
        .where(Capture.attempt == attempt.id)
        .group_by(col(Capture.number))
    ).all()
    counts = dict(rows)
    if sum(counts.values()) >= MOST or (sent.number == 0 and counts.get(0, 0) >= MOST_AWAY):
        raise _refused("too_many_captures")
    if sent.number and (sent.number in counts or sent.number > newest_due(box, attempt)):
        raise _refused("capture_not_due")
    return True


def note_dropped(session: Session, box: Box, token_hash: str, sent: wire.CapturesDropped) -> None:
    """The station could keep no more while the box was away: how many it let go. Told again it changes nothing."""
    lease = lease_of(session, token_hash)
    taken_by = _taken_by(session, lease, sent)
    if taken_by is None:
        raise _refused("not_your_attempt")
    if sent.count <= taken_by.captures_dropped:
        return
    taken_by.captures_dropped = sent.count
    session.add(taken_by)
    session.flush()
    candidate = session.get_one(Attempt, taken_by.attempt).candidate
    body = {"attempt": taken_by.attempt, "lease": taken_by.number, "seat": taken_by.seat, "count": sent.count}
    append(session, "captures.dropped", candidate, f"seat:{lease.seat}", body, at=box.now())


def _taken_by(session: Session, lease: Lease, sent: wire.Capture | wire.CapturesDropped) -> Lease | None:
    """The lease a picture was taken under: this one, or an earlier one of the same attempt or of the same seat."""
    found = session.get(Lease, (sent.attempt, sent.lease))
    if found is None or found.granted_at > lease.granted_at:
        return None
    return found if found.attempt == lease.attempt or found.seat == lease.seat else None


def take_capture(session: Session, box: Box, token_hash: str, sent: wire.Capture, picture: str) -> None:
    """Keep one capture whose file lies sealed under `picture` (SHA-256); a replay changes nothing."""
    if not may_capture(session, box, token_hash, sent):
        return
    lease = lease_of(session, token_hash)
    taken_by = _taken_by(session, lease, sent) or lease
    attempt = session.get_one(Attempt, taken_by.attempt)
    capture = Capture(
        id=sent.id,
        attempt=attempt.id,
        seat=taken_by.seat,
        lease=taken_by.number,
        purpose=sent.purpose,
        number=sent.number,
        happened_at=_moment(box, taken_by, sent.at),
        recorded_at=box.now(),
        picture=picture,
        state="by_people" if by_people(session, attempt) else "waiting",
    )
    session.add(capture)
    session.flush()
    shown = session.get(Capture, attempt.face) if attempt.face else None
    if (
        shown is None or shown.happened_at <= capture.happened_at
    ):  # one kept while cut off may come after newer ones
        attempt.face = capture.id
        session.add(attempt)
    body = {
        "capture": capture.id,
        "attempt": attempt.id,
        "purpose": capture.purpose,
        "number": capture.number,
        "picture": picture,
    }
    if lease.attempt != attempt.id:
        body["sent_by"] = lease.attempt
    append(session, "capture.taken", attempt.candidate, f"seat:{lease.seat}", body, at=box.now())
    if capture.purpose == "seat_check" and lease.attempt == attempt.id:
        picture_taken(session, box, attempt, lease, capture)


def _moment(box: Box, lease: Lease, told: datetime) -> datetime:
    """The station's time, within what can be: after the sign-in, not in the future."""
    return min(max(told, lease.granted_at), box.now())


def by_people(session: Session, attempt: Attempt) -> bool:
    """Whoever asked at the entrance to be checked by people is compared by no machine here either."""
    found = session.exec(
        select(Tap.card_kind)
        .join(Admission, col(Admission.tap) == col(Tap.id))
        .where(Admission.sitting == attempt.sitting, Admission.candidate == attempt.candidate)
    ).first()
    return found == "by_choice"


SENTENCES = {
    "not_your_attempt": N_("This picture belongs to another attempt."),
    "no_captures": N_("This site takes no captures."),
    "not_running": N_("This exam is not running."),
    "too_many_captures": N_("Too many pictures came from this seat."),
    "capture_not_due": N_("No capture was asked for."),
}


def _refused(code: str) -> Refused:
    return Refused(code, SENTENCES[code], N_("Reload the page; if it stays, raise your hand."))
