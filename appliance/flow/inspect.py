"""What an inspector reads: one candidate from tap to parcel, and whether the journal holds."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, or_, select

from appliance.base.crypto import verify
from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box, keys
from appliance.records.base import moment
from appliance.records.entry import Admission, Tap
from appliance.records.journal import GENESIS, Journal, JournalHead, JournalSeal, entry_hash
from appliance.records.roster import Candidate, RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sync import Parcel
from appliance.records.waiting import Ticket


class Found(msgspec.Struct, kw_only=True):
    """A candidate in a list of hits."""

    id: str
    name: str
    number_masked: str


class Entry(msgspec.Struct, kw_only=True):
    """One journal entry about the candidate, and the parcel that took it to the province."""

    seq: int
    at: datetime
    kind: str
    actor: str
    body: str
    hash: str
    parcel: int | None = None
    parcel_state: str = ""


class Span(msgspec.Struct, kw_only=True):
    """Where the candidate sat, from when to when (`end` None = still there)."""

    sitting: str
    seat: str
    seat_number: int
    room: str
    start: datetime
    end: datetime | None


class Timeline(msgspec.Struct, kw_only=True):
    """Everything of one candidate."""

    candidate: Found
    entries: list[Entry]
    spans: list[Span]


class Verified(msgspec.Struct, kw_only=True):
    """`examsite journal verify`: first_bad_seq is None when every hash and seal holds."""

    ok: bool
    entries: int
    first_bad_seq: int | None
    sealed_until: int = 0


def find_candidates(session: Session, box: Box, text: str, limit: int = 50) -> list[Found]:
    """By name (any part), whole ID number, ticket or admission ticket number, or seat."""
    text = text.strip()
    if not text:
        return []
    by_seat = select(SeatTaking.candidate).where(SeatTaking.seat == text.upper())
    by_ticket = select(Ticket.candidate).where(Ticket.number == text.upper())
    by_paper = select(RosterRow.candidate).where(RosterRow.ticket_number == text)
    rows = session.exec(
        select(Candidate)
        .where(
            or_(
                col(Candidate.name).contains(text, autoescape=True),
                Candidate.number_index == box.key.index(text.upper()),
                col(Candidate.id).in_(by_seat),
                col(Candidate.id).in_(by_ticket),
                col(Candidate.id).in_(by_paper),
            )
        )
        .order_by(col(Candidate.name))
        .limit(limit)
    )
    return [Found(id=row.id, name=row.name, number_masked=row.number_masked) for row in rows]


def timeline(session: Session, box: Box, candidate_id: str) -> Timeline:
    """One candidate's journal from tap to parcel, and where they sat."""
    candidate = session.get(Candidate, candidate_id)
    if candidate is None:
        raise NotFound("no_candidate", N_("There is no such candidate."), N_("Search again."))
    parcels = session.exec(select(Parcel).order_by(col(Parcel.first_seq))).all()
    taps = select(Tap.id).where(Tap.candidate == candidate_id)
    admissions = session.exec(select(Admission.id).where(Admission.candidate == candidate_id)).all()
    rows = session.exec(
        select(Journal)
        .where(
            or_(
                Journal.subject == candidate_id,
                col(Journal.subject).in_(taps),
                *(col(Journal.body).contains(admission) for admission in admissions),
            )
        )
        .order_by(col(Journal.seq))
    )
    entries = []
    for row in rows:
        parcel = next((p for p in parcels if p.first_seq <= row.seq <= p.last_seq), None)
        entries.append(
            Entry(
                seq=row.seq,
                at=moment(row.at),
                kind=row.kind,
                actor=row.actor,
                body=row.body,
                hash=row.hash,
                parcel=parcel.number if parcel else None,
                parcel_state=parcel.state if parcel else "",
            )
        )
    return Timeline(
        candidate=Found(id=candidate.id, name=candidate.name, number_masked=candidate.number_masked),
        entries=entries,
        spans=spans(session, candidate_id),
    )


def spans(session: Session, candidate_id: str) -> list[Span]:
    """Where a candidate sat."""
    rows = session.exec(
        select(SeatTaking, Seat)
        .join(Seat, col(Seat.id) == col(SeatTaking.seat))
        .where(SeatTaking.candidate == candidate_id)
        .order_by(col(SeatTaking.taken_at))
    )
    return [
        Span(
            sitting=taking.sitting,
            seat=seat.id,
            seat_number=seat.number,
            room=seat.room,
            start=taking.taken_at,
            end=taking.released_at,
        )
        for taking, seat in rows
    ]


def verify_journal(session: Session, box: Box) -> Verified:
    """Recompute every hash, hold the seals against the web key's certificate, compare with the head."""
    # The box goes on writing: PostgreSQL shows newer entries to a later query of the same transaction. So the
    # head is read before the entries and after them, and must lie on the chain both times.
    previous, expected, count = GENESIS, 1, 0
    heads = select(JournalHead.seq, JournalHead.hash).where(JournalHead.id == 1)
    before_seq, before_hash = session.exec(heads).one()
    seals = {seal.seq: seal for seal in session.exec(select(JournalSeal))}
    certificate = (keys(box.settings) / "web.pem").read_bytes()
    sealed_until = 0
    for row in session.exec(select(Journal).order_by(col(Journal.seq)).execution_options(yield_per=1000)):
        digest = entry_hash(previous, row.seq, row.at, row.mark, row.kind, row.subject, row.actor, row.body)
        sound = row.seq == expected and row.previous == previous and row.hash == digest
        if sound and (seal := seals.get(row.seq)):
            sound = seal.hash == row.hash and verify(
                certificate, bytes.fromhex(seal.signature), seal_text(seal.seq, seal.hash)
            )
            sealed_until = row.seq
        if row.seq == before_seq:
            sound = sound and row.hash == before_hash
        if not sound:
            return Verified(ok=False, entries=count, first_bad_seq=expected, sealed_until=sealed_until)
        previous, expected, count = row.hash, expected + 1, count + 1
    head_seq, head_hash = session.exec(heads).one()
    newest_seal = max(seals, default=0)
    tail_cut = before_seq > count or head_seq < count or newest_seal > count
    if tail_cut or (head_seq == count and head_hash != previous):
        return Verified(ok=False, entries=count, first_bad_seq=count + 1, sealed_until=sealed_until)
    return Verified(ok=True, entries=count, first_bad_seq=None, sealed_until=sealed_until)


def seal_text(seq: int, digest: str) -> bytes:
    """What a seal signs."""
    return f"examsite journal head {seq} {digest}".encode()
