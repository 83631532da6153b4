"""What an inspector reads: one candidate from tap to parcel, and whether the journal holds."""

import unicodedata
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlmodel import Session, and_, col, or_, select

from appliance.base.crypto import read_secret, usable, verify
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box, keys
from appliance.flow.receipts import Carried, carried
from appliance.flow.who_watched import watched
from appliance.records.base import moment
from appliance.records.entry import Admission, GateOrder, Tap
from appliance.records.journal import GENESIS, Journal, JournalHead, JournalSeal, entry_hash
from appliance.records.roster import Candidate, RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.theory import Attempt
from appliance.records.verdict import Verdict
from appliance.records.waiting import Ticket

GATE = ("gate.ordered", "gate.settled")
SITTING = ("sitting.started", "sitting.paused", "sitting.resumed", "sitting.ended")


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
    """Everything of one candidate: from the card at the entrance to the release and its parcel."""

    candidate: Found
    entries: list[Entry]
    spans: list[Span]
    parcels: list[Carried]


class Verified(msgspec.Struct, kw_only=True):
    """`examsite journal verify`: first_bad_seq is None when every hash and seal holds.

    `head`: hash of the last entry read; `sealed_*`: the newest signature that holds, and its key's short name.
    """

    ok: bool
    entries: int
    first_bad_seq: int | None
    sealed_until: int = 0
    sealed_at: datetime | None = None
    sealed_key: str = ""
    head: str = ""


def find_candidates(session: Session, box: Box, text: str, limit: int = 50) -> list[Found]:
    """By name (any part), whole ID number, ticket or admission ticket number, or seat."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
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


def found_people(session: Session, people: list[str]) -> list[Found]:
    """Those of `people` who are known, by name."""
    rows = session.exec(select(Candidate).where(col(Candidate.id).in_(people)).order_by(col(Candidate.name)))
    return [Found(id=row.id, name=row.name, number_masked=row.number_masked) for row in rows]


def timeline(session: Session, box: Box, candidate_id: str) -> Timeline:
    """One candidate's journal from tap to parcel, and where they sat."""
    candidate = session.get(Candidate, candidate_id)
    if candidate is None:
        raise NotFound("no_candidate", N_("There is no such candidate."), N_("Search again."))
    rows = [*_entries(session, candidate_id), *watched(session, box, candidate_id)]
    parcels = carried(session, box, sorted(row.seq for row in rows))
    released = max((row.seq for row in rows if row.kind == "results.released"), default=0)
    last = next((one for one in reversed(parcels) if not released or one.first_seq <= released), None)
    if last:
        # Of the parcels' own entries those of one: it carried the release, or the newest there is so far.
        rows += session.exec(select(Journal).where(Journal.subject == last.id)).all()
    entries = []
    for row in sorted(rows, key=lambda one: one.seq):
        parcel = next((one for one in parcels if one.first_seq <= row.seq <= one.last_seq), None)
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
        parcels=parcels,
    )


def _entries(session: Session, candidate: str) -> list[Journal]:
    """About the candidate: their own, their taps', the orders to the gate for them, start and end of their
    sittings, and the release of their results.
    """
    taps = select(Tap.id).where(Tap.candidate == candidate)
    sittings = select(Attempt.sitting).where(Attempt.candidate == candidate)
    releases = select(Verdict.release).where(
        Verdict.candidate == candidate, col(Verdict.release).is_not(None)
    )
    kind, subject = col(Journal.kind), col(Journal.subject)
    rows = session.exec(
        select(Journal)
        .where(
            or_(
                subject == candidate,
                subject.in_(taps),
                and_(kind.in_(SITTING), subject.in_(sittings)),
                and_(kind == "results.released", subject.in_(releases)),
            )
        )
        .order_by(col(Journal.seq))
    )
    return [*rows, *_at_the_gate(session, candidate)]


def _at_the_gate(session: Session, candidate: str) -> list[Journal]:
    """The orders to a gate for the candidate, and what came of them.

    They are about the lane and name the admission. They follow it closely, so the lane's entries are read from
    the admission on until the first that fits, and never a long journal as a whole.
    """
    found = []
    orders = session.exec(
        select(GateOrder)
        .join(Admission, col(Admission.id) == col(GateOrder.admission))
        .where(Admission.candidate == candidate)
    )
    granted = session.exec(
        select(Journal.seq)
        .where(Journal.subject == candidate, Journal.kind == "admission.granted")
        .order_by(col(Journal.seq))
        .limit(1)
    ).first()
    for order in orders:
        for kind in GATE if order.settled_at else GATE[:1]:
            row = session.exec(
                select(Journal)
                .where(
                    Journal.subject == order.lane,
                    Journal.kind == kind,
                    Journal.seq > (granted or 0),
                    col(Journal.body).contains(order.id),
                )
                .order_by(col(Journal.seq))
                .limit(1)
            ).first()
            found += [row] if row else []
    return found


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


def last_entry(session: Session) -> int:
    """The number of the journal's newest entry."""
    return session.exec(select(JournalHead.seq).where(JournalHead.id == 1)).one()


def verify_journal(
    session: Session, box: Box, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Verified:
    """Recompute every hash, hold the seals against the web key's certificate, compare with the head.

    `progress` is told entries done and entries in all now and then. Raises NotFound or Corrupt when the
    certificate itself cannot be read: that tells nothing about the journal.
    """
    # The box goes on writing: PostgreSQL shows newer entries to a later query of the same transaction. So the
    # head is read before the entries and after them, and must lie on the chain both times.
    found = Verified(ok=False, entries=0, first_bad_seq=None, head=GENESIS)
    heads = select(JournalHead.seq, JournalHead.hash).where(JournalHead.id == 1)
    before_seq, before_hash = session.exec(heads).one()
    seals = {seal.seq: seal for seal in session.exec(select(JournalSeal))}
    certificate = _certificate(box)
    for row in session.exec(select(Journal).order_by(col(Journal.seq)).execution_options(yield_per=1000)):
        digest = entry_hash(found.head, row.seq, row.at, row.mark, row.kind, row.subject, row.actor, row.body)
        sound = row.seq == found.entries + 1 and row.previous == found.head and row.hash == digest
        if sound and (seal := seals.get(row.seq)):
            sound = seal.hash == row.hash and _signed(seal, certificate)
            if sound:
                found.sealed_until, found.sealed_at, found.sealed_key = row.seq, seal.at, seal.key
        if row.seq == before_seq:
            sound = sound and row.hash == before_hash
        if not sound:
            found.first_bad_seq = found.entries + 1
            return found
        found.head, found.entries = row.hash, found.entries + 1
        if found.entries % 1000 == 0:
            progress(found.entries, before_seq)
    head_seq, head_hash = session.exec(heads).one()
    tail_cut = before_seq > found.entries or head_seq < found.entries or max(seals, default=0) > found.entries
    if tail_cut or (head_seq == found.entries and head_hash != found.head):
        found.first_bad_seq = found.entries + 1
        return found
    found.ok = True
    return found


def _certificate(box: Box) -> bytes:
    path = keys(box.settings) / "web.pem"
    certificate = read_secret(path)
    if not usable(certificate):
        raise Corrupt(
            "bad_key",
            N_("The key {path} cannot be read."),
            N_("Restore it from the backup, or run examsite init on a new box."),
            path=str(path),
        )
    return certificate


def _signed(seal: JournalSeal, certificate: bytes) -> bool:
    try:
        signature = bytes.fromhex(seal.signature)
    except ValueError:  # altered on disk, or by somebody
        return False
    return verify(certificate, signature, seal_text(seal.seq, seal.hash))


def seal_text(seq: int, digest: str) -> bytes:
    """What a seal signs."""
    return f"examsite journal head {seq} {digest}".encode()
