"""The part of a parcel with clear names and numbers: which entries release it, and what it says."""

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.roster import Candidate, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.verdict import Verdict
from sync.envelope import Entry
from sync.messages import Claim, Clear, Released


def clear_of(session: Session, box: Box, entries: list[Entry]) -> Clear:
    """What these entries let the province know in clear words.

    `results.released` -> the verdicts of that release; `roster.confirmed` -> the rows of that roster, which
    came by hand and which the province is asked to confirm. Nothing else carries personal data, so a run of
    the journal always gives the same answer.
    """
    clear = Clear()
    for entry in entries:
        if entry.kind == "results.released":
            clear.released += _released(session, box, entry)
        elif entry.kind == "roster.confirmed":
            clear.claims += _claims(session, box, entry)
    return clear


def _released(session: Session, box: Box, entry: Entry) -> list[Released]:
    rows = session.exec(
        select(Verdict, Candidate)
        .join(Candidate, col(Candidate.id) == col(Verdict.candidate))
        .where(Verdict.release == entry.subject)
        .order_by(col(Verdict.id))
    )
    return [
        Released(
            seq=entry.seq,
            release=entry.subject,
            verdict=verdict.id,
            candidate=candidate.id,
            name=candidate.name,
            number=box.key.decrypt_text(candidate.number_sealed),
            trade=verdict.trade,
            day=verdict.day,
            theory=None if verdict.theory is None else str(verdict.theory),
            practical=None if verdict.practical is None else str(verdict.practical),
            passed=_decided(verdict),
            code=verdict.code,
            held=verdict.held,
            provincial=_provincial(session, candidate.id, verdict.trade),
        )
        for verdict, candidate in rows
    ]


def _decided(verdict: Verdict) -> bool:
    """What is released is decided; "not passed" is never sent for a verdict that says nothing."""
    if verdict.passed is None:
        raise Corrupt(
            "released_undecided",
            N_("A released result waits for the decision on a violation: {verdict}"),
            N_("Nothing is sent. Call the inspector: the tables were changed by hand."),
            verdict=verdict.id,
        )
    return verdict.passed


def _provincial(session: Session, candidate: str, trade: str) -> dict[str, str]:
    """The province's own fields of the candidate's rows in this trade, the newest row last."""
    rows = session.exec(
        select(RosterRow.provincial)
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .where(RosterRow.candidate == candidate, Sitting.trade == trade)
        .order_by(col(RosterRow.id))
    )
    merged: dict[str, str] = {}
    for row in rows:
        merged |= msgspec.json.decode(row, type=dict[str, str])
    return merged


def _claims(session: Session, box: Box, entry: Entry) -> list[Claim]:
    rows = session.exec(
        select(RosterRow, Candidate, Sitting)
        .join(Candidate, col(Candidate.id) == col(RosterRow.candidate))
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .where(RosterRow.roster == entry.subject, col(RosterRow.confirmed_at).is_(None))
        .order_by(col(RosterRow.row), col(RosterRow.id))
    )
    return [
        Claim(
            seq=entry.seq,
            roster=entry.subject,
            candidate=candidate.id,
            name=candidate.name,
            number=box.key.decrypt_text(candidate.number_sealed),
            subject=sitting.subject,
            trade=sitting.trade,
            starts_at=sitting.starts_at,
            ticket_number=row.ticket_number,
        )
        for row, candidate, sitting in rows
    ]
