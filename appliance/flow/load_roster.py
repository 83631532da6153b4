"""Rosters come in: by hand (unsigned, needs a second person) or from the province (signed, at once in force)."""

import hashlib
from datetime import datetime

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.intake.roster_file import RosterFile, RosterLine
from appliance.records.journal import append
from appliance.records.roster import Elsewhere, Roster


class SubjectPlan(msgspec.Struct, kw_only=True, frozen=True):
    """Where and when a subject is examined, for roster lines that do not say it themselves."""

    room: str
    starts_at: datetime
    duration_s: int


class DayPlan(msgspec.Struct, kw_only=True, frozen=True):
    """What the office adds to a roster: room, start and length per subject."""

    theory: SubjectPlan | None = None
    practical: SubjectPlan | None = None


class Line(msgspec.Struct, kw_only=True):
    """One accepted line as it waits for the second person, kept as a sealed file until then."""

    plan: SittingPlan
    person: Person


class Loaded(msgspec.Struct, kw_only=True):
    """What became of the lines: how many, and which could not be taken (row -> code)."""

    roster: Roster
    added: int = 0
    confirmed: int = 0
    known: int = 0
    refused: dict[int, str] = {}


def plan_lines(box: Box, file: RosterFile, plan: DayPlan) -> list[Line]:
    """Join the file's lines with the office's plan. Refuses when a line's subject has no plan."""
    return [Line(plan=_plan_of(box, line, plan), person=_person_of(line)) for line in file.accepted]


def _plan_of(box: Box, line: RosterLine, plan: DayPlan) -> SittingPlan:
    if not line.trade:
        raise Refused(
            "no_trade_named",
            N_("Neither row {row} nor the title of the roster names a trade."),
            N_("Add a column {heading} to the roster and load it again."),
            row=line.row,
            heading="操作项目",
        )
    given = plan.theory if line.subject == "theory" else plan.practical
    if given is None:
        raise Refused(
            "no_plan",
            N_("Row {row} needs a room and a time for its subject."),
            N_("Fill in room, start and length, and load the roster again."),
            row=line.row,
        )
    starts_at = line.starts_at.replace(tzinfo=box.zone) if line.starts_at else given.starts_at
    return SittingPlan(
        subject=line.subject,
        trade=line.trade,
        room=given.room,
        starts_at=starts_at,
        duration_s=given.duration_s,
    )


def _person_of(line: RosterLine) -> Person:
    return Person(
        row=line.row,
        name=line.name,
        number=line.number,
        kind=line.kind,
        ticket_number=line.ticket_number,
        employer=line.employer,
        help=line.help,
        eligibility=line.eligibility,
        provincial=line.provincial,
    )


def keep_lines(box: Box, lines: list[Line]) -> str:
    """Seal the lines until the second person confirms; call it before the transaction."""
    return box.files.put(msgspec.json.encode(lines), secret=True)


def load_roster_file(
    session: Session, box: Box, file: RosterFile, file_name: str, lines_name: str, who: Who
) -> Roster:
    """Keep a roster that came by hand as pending. Raises Conflict when the same file is here already."""
    known = session.exec(
        select(Roster).where(Roster.file_sha256 == file.sha256, Roster.state != "rejected")
    ).first()
    if known:
        raise Conflict("roster_known", N_("This file was loaded before."), N_("Nothing more is to be done."))
    roster = Roster(
        id=new_id(),
        source="manual",
        state="pending",
        file_name=file_name,
        file_sha256=file.sha256,
        lines=lines_name,
        rows=file.rows,
        accepted=len(file.accepted),
        rejected=msgspec.json.encode(file.rejected).decode(),
        dropped=msgspec.json.encode(file.dropped_columns).decode(),
        loaded_by=who.account,
        loaded_at=box.now(),
    )
    session.add(roster)
    session.flush()
    for one in file.elsewhere:
        index, day = box.key.index(one.number), one.day.isoformat() if one.day else ""
        session.add(Elsewhere(id=new_id(), roster=roster.id, number_index=index, site=one.site, day=day))
    session.flush()
    body = {
        "file_sha256": file.sha256,
        "rows": file.rows,
        "accepted": len(file.accepted),
        "rejected": len(file.rejected),
        "dropped_values": sum(file.dropped_columns.values()),
    }
    append(session, "roster.loaded", roster.id, who.actor, body, at=box.now())
    return roster


def confirm_roster(session: Session, box: Box, roster_id: str, lines: list[Line], who: Who) -> Loaded:
    """A second person puts a roster loaded by hand in force. Confirming twice changes nothing."""
    roster = roster_of(session, roster_id)
    if roster.state == "active":
        return Loaded(roster=roster)
    if roster.state == "rejected":
        raise Conflict("roster_rejected", N_("This roster was rejected."), N_("Load it again."))
    if roster.loaded_by == who.account:
        raise Refused(
            "same_person",
            N_("A second person has to confirm this."),
            N_("Ask a colleague to sign in and confirm."),
        )
    roster.state, roster.confirmed_by, roster.confirmed_at = "active", who.account, box.now()
    session.add(roster)
    session.flush()
    append(
        session, "roster.confirmed", roster.id, who.actor, {"file_sha256": roster.file_sha256}, at=box.now()
    )
    return _enrol_all(session, box, roster, lines, who.actor)


def reject_roster(session: Session, box: Box, roster_id: str, reason: str, who: Who) -> Roster:
    """Put a pending roster aside."""
    roster = roster_of(session, roster_id)
    if roster.state != "pending":
        raise Conflict("roster_settled", N_("This roster was decided already."), N_("Reload the page."))
    roster.state = "rejected"
    session.add(roster)
    session.flush()
    append(session, "roster.rejected", roster.id, who.actor, {"reason": reason}, at=box.now())
    return roster


def load_province_roster(
    session: Session, box: Box, body: bytes, signature: str, lines: list[Line]
) -> Loaded:
    """Take in a roster whose signature was checked. The same message twice changes nothing."""
    digest = hashlib.sha256(body).hexdigest()
    known = session.exec(
        select(Roster).where(Roster.file_sha256 == digest, Roster.source == "province")
    ).first()
    if known:
        return Loaded(roster=known)
    roster = Roster(
        id=new_id(),
        source="province",
        state="active",
        file_name="province",
        file_sha256=digest,
        signature=signature,
        rows=len(lines),
        accepted=len(lines),
        loaded_at=box.now(),
    )
    session.add(roster)
    session.flush()
    facts = {"file_sha256": digest, "rows": len(lines), "signature": signature}
    append(session, "roster.received", roster.id, "province", facts, at=box.now())
    return _enrol_all(session, box, roster, lines, "province")


def _enrol_all(session: Session, box: Box, roster: Roster, lines: list[Line], actor: str) -> Loaded:
    loaded = Loaded(roster=roster)
    for line in lines:
        sitting = find_sitting(session, box, line.plan, actor)
        outcome = enrol(session, box, roster, sitting, line.person)
        if outcome == "name_differs":
            loaded.refused[line.person.row] = outcome
        else:
            setattr(loaded, outcome, getattr(loaded, outcome) + 1)
    counts = {"added": loaded.added, "confirmed": loaded.confirmed, "known": loaded.known}
    if loaded.refused:
        counts["name_differs"] = len(loaded.refused)
    append(session, "roster.enrolled", roster.id, actor, counts, at=box.now())
    return loaded


def roster_of(session: Session, roster_id: str) -> Roster:
    """The roster, or a clear error."""
    roster = session.get(Roster, roster_id)
    if roster is None:
        raise NotFound("no_roster", N_("There is no such roster."), N_("Reload the page."))
    return roster


def lines_of(box: Box, roster: Roster) -> list[Line]:
    """The sealed lines of a pending roster; read before the transaction."""
    return msgspec.json.decode(box.files.get(roster.lines, secret=True), type=list[Line])
