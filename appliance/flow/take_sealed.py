"""Sealed papers arrive from the province: kept as they are, for stations to fetch; nobody here can read them."""

import hashlib
from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.spare_papers import Spare, keep_spares
from appliance.records.journal import append
from appliance.records.roster import Candidate, RosterRow
from appliance.records.sealed import SealedParcel
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.wire import sealed as wire


class Arrived(msgspec.Struct, kw_only=True, frozen=True):
    """What the signed message says. `numbers`: ID numbers in the order of the papers."""

    id: str
    room: str
    starts_at: datetime
    what: str
    file: str
    not_before: datetime
    numbers: list[str]


class KeptPaper(msgspec.Struct, frozen=True):
    """A paper whose sealed body and pictures are files."""

    body: str
    pictures: list[str]


def keep_sealed(box: Box, arrived: Arrived, file: bytes) -> list[KeptPaper]:
    """Check the file against the signed hash and keep it and its pieces; before the transaction. Raises Corrupt."""
    if hashlib.sha256(file).hexdigest() != arrived.file:
        raise Corrupt(
            "sealed_papers_altered",
            N_("The sealed papers are not those the province signed."),
            N_("Nothing was taken in. Have the province send them once more."),
        )
    try:
        container = wire.unpack(file)
    except (ValueError, msgspec.DecodeError) as error:
        raise unreadable(str(error)) from error
    there = {hashlib.sha256(one).hexdigest(): one for one in container.pictures}
    shown = {name for one in container.papers for name in one.pictures}
    if len(container.papers) != len(arrived.numbers) or not shown <= set(there):
        raise unreadable("papers, numbers and pictures do not agree")
    for picture in there.values():
        box.files.put(picture)
    box.files.put(file)
    return [KeptPaper(box.files.put(one.body), one.pictures) for one in container.papers]


def unreadable(detail: str) -> Corrupt:
    """A file of sealed papers that is not what it should be."""
    return Corrupt(
        "bad_sealed_papers",
        N_("The sealed papers cannot be used: {detail}"),
        N_("Nothing was taken in. Have the province send them once more."),
        detail=detail,
    )


def sitting_for(session: Session, room: str, starts_at: datetime) -> Sitting:
    """The theory sitting somebody means. Raises NotFound."""
    found = session.exec(
        select(Sitting).where(
            Sitting.subject == "theory", Sitting.room == room, Sitting.starts_at == starts_at
        )
    ).first()
    if found is None:
        raise NotFound(
            "no_such_sitting",
            N_("There is no theory sitting in room {room} at that time."),
            N_("Load its roster first; what came is tried again by itself."),
            room=room,
        )
    return found


def take_sealed(session: Session, box: Box, arrived: Arrived, kept: list[KeptPaper]) -> SealedParcel:
    """Note what came. Papers drawn here before are withdrawn; whose paper came already keeps it."""
    sitting = require_takeable(session, arrived.room, arrived.starts_at, arrived.what)
    numbers = [box.key.index(number) for number in arrived.numbers]
    expected = dict(
        session.exec(
            select(Candidate.number_index, Candidate.id)
            .join(RosterRow, col(RosterRow.candidate) == col(Candidate.id))
            .where(RosterRow.sitting == sitting.id)
        ).all()
    )
    withdrawn = _withdraw_own(session, sitting.id)
    if not sitting.sealed:  # a bank chosen here draws no more for it
        sitting.bank, sitting.bank_sha256, sitting.blueprint = None, "", ""
    have = set(session.exec(select(Paper.candidate).where(Paper.sitting == sitting.id)).all())
    count, spares = 0, list[Spare]()
    for index, one in zip(numbers, kept, strict=True):
        candidate = expected.get(index)
        if candidate is None:
            spares.append(Spare(index=index, body=one.body, pictures=one.pictures))
            continue
        if candidate in have:
            continue
        have.add(candidate)
        session.add(_paper(box, sitting.id, candidate, arrived.file, one))
        count += 1
    sitting.sealed = True
    session.add(sitting)
    parcel = SealedParcel(
        id=arrived.id,
        sitting=sitting.id,
        what=arrived.what,
        file=arrived.file,
        papers=count,
        not_before=arrived.not_before,
        received_at=box.now(),
    )
    keep_spares(parcel, spares)
    session.add(parcel)
    session.flush()
    body = {
        "parcel": parcel.id,
        "what": parcel.what,
        "file": parcel.file,
        "papers": count,
        "for_others": len(kept) - count,
        "papers_withdrawn": withdrawn,
    }
    append(session, "sealed_papers.received", sitting.id, "province", body, at=box.now())
    return parcel


def _withdraw_own(session: Session, sitting: str) -> int:
    """Papers that were drawn here before anybody knew that some would come; returns how many."""
    earlier = set(session.exec(select(SealedParcel.file).where(SealedParcel.sitting == sitting)).all())
    papers = session.exec(select(Paper).where(Paper.sitting == sitting)).all()
    own = [one for one in papers if one.bank not in earlier]
    for paper in own:
        session.delete(paper)
    session.flush()
    return len(own)


def require_takeable(session: Session, room: str, starts_at: datetime, what: str) -> Sitting:
    """The sitting, while sealed papers may be taken in for it; asked before their file is fetched as well. Raises
    NotFound, Conflict or Refused.

    Once somebody has accepted the rules only papers for late candidates come in, where all papers come sealed: who has
    one keeps it, and nobody's exam changes.
    """
    sitting = sitting_for(session, room, starts_at)
    ready = session.exec(
        select(Attempt.id).where(Attempt.sitting == sitting.id, Attempt.state != "seated").limit(1)
    ).first()
    # Drawn here from a bank that came sealed: late candidates' papers are too.
    ours = bool(sitting.bank_sha256)
    for_late = sitting.sealed and not ours and sitting.state in ("planned", "running") and what == "papers"
    if (sitting.state != "planned" or ready) and not for_late:
        raise Conflict(
            "sitting_begun",
            N_("Sealed papers came for a sitting that has begun with other papers, or is over."),
            N_(
                "They were not taken in. Plan another sitting for these candidates, and tell the province its time."
            ),
        )
    if sitting.delivery != "own":
        raise Refused(
            "delivered_elsewhere",
            N_("The papers of this sitting are shown by the province itself."),
            N_("Call the province: one of its two messages is wrong."),
        )
    return sitting


def _paper(box: Box, sitting: str, candidate: str, file: str, one: KeptPaper) -> Paper:
    return Paper(
        id=new_id(),
        sitting=sitting,
        candidate=candidate,
        bank=file,
        body=one.body,
        pictures=msgspec.json.encode(one.pictures).decode(),
        key_sealed=b"",
        made_at=box.now(),
    )
