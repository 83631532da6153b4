"""One person expected at one sitting: the part that both kinds of rosters share."""

import hashlib
import os
from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, col, func, select

from appliance.base.errors import Conflict, NotFound
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.rules_of import require_sound
from appliance.flow.sign_in_by_code import draw_code
from appliance.flow.spare_papers import give_spare
from appliance.flow.today import day_bounds
from appliance.records.journal import append
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.rules import admission, idnumber, names, timing


class SittingPlan(msgspec.Struct, kw_only=True, frozen=True):
    """Where and when a subject of a trade is examined. `starts_at` aware."""

    subject: str
    trade: str
    room: str
    starts_at: datetime
    duration_s: int
    sealed: bool = False
    """Its papers come sealed from the province."""
    delivery: str = "own"
    page: str = ""
    """Of the province, with its delivery."""


class Person(msgspec.Struct, kw_only=True, frozen=True):
    """A roster line after checking. `photo`: SHA-256 of the sealed portrait, or empty."""

    row: int
    name: str
    number: str
    kind: str = "initial"
    ticket_number: str = ""
    employer: str = ""
    help: str = ""
    photo: str = ""
    eligibility: admission.Eligibility = "eligible"
    provincial: dict[str, str] = {}


def find_sitting(session: Session, box: Box, plan: SittingPlan, actor: str) -> Sitting:
    """The sitting of a plan, made when it is new. Its seed is drawn now; only the seed's hash is journaled."""
    found = session.exec(
        select(Sitting).where(
            Sitting.subject == plan.subject, Sitting.room == plan.room, Sitting.starts_at == plan.starts_at
        )
    ).first()
    if found:
        if actor == "province":
            _take_over(session, box, found, plan)
        return found
    if session.get(Room, plan.room) is None:
        raise NotFound(
            "no_room",
            N_("There is no room {room}."),
            N_("Correct the roster or register the room."),
            room=plan.room,
        )
    start, end = day_bounds(box, box.local(plan.starts_at).strftime("%Y-%m-%d"))
    today = session.exec(
        select(func.max(Sitting.number)).where(col(Sitting.starts_at) >= start, col(Sitting.starts_at) < end)
    ).one()
    entry = box.settings.entry
    rules = require_sound(box.settings, plan.trade, plan.duration_s)
    opens_at, closes_at = timing.window(plan.starts_at, entry.opens_before, entry.closes_after)
    seed = os.urandom(32)
    sitting = Sitting(
        id=new_id(),
        number=(today or 0) + 1,
        subject=plan.subject,
        trade=plan.trade,
        room=plan.room,
        starts_at=plan.starts_at,
        duration_s=plan.duration_s,
        opens_at=opens_at,
        closes_at=min(closes_at, plan.starts_at + timedelta(seconds=plan.duration_s)),
        seed_hash=hashlib.sha256(seed).hexdigest(),
        seed_sealed=box.key.encrypt(seed),
        sealed=plan.sealed,
        delivery=plan.delivery,
        page=plan.page,
        rules=msgspec.json.encode(rules).decode(),
        pass_code=draw_code(box.site.demo),
    )
    session.add(sitting)
    session.flush()
    body = {
        "subject": plan.subject,
        "trade": plan.trade,
        "room": plan.room,
        "starts_at": plan.starts_at.isoformat(),
        "duration_s": plan.duration_s,
        "seed_hash": sitting.seed_hash,
        "sealed": sitting.sealed,
        "delivery": sitting.delivery,
        "page": sitting.page,
    }
    append(session, "sitting.planned", sitting.id, actor, body, at=box.now())
    return sitting


def _take_over(session: Session, box: Box, sitting: Sitting, plan: SittingPlan) -> None:
    """The province says that the papers of a sitting planned by hand come sealed, or that it shows them itself.

    Papers and the bank chosen here are withdrawn. A roster that says neither takes nothing back: it may only bring
    more people. Raises Conflict once somebody is ready.
    """
    said = (plan.sealed, plan.delivery, plan.page)
    if said == (False, "own", "") or said == (sitting.sealed, sitting.delivery, sitting.page):
        return
    begun = session.exec(
        select(Attempt.id).where(Attempt.sitting == sitting.id, Attempt.state != "seated").limit(1)
    ).first()
    if sitting.subject != "theory" or sitting.state != "planned" or begun:
        raise Conflict(
            "papers_fixed",
            N_("The province's roster says where the papers of a sitting come from; that sitting has begun."),
            N_("Call the province: its roster was not taken in."),
        )
    papers = session.exec(select(Paper).where(Paper.sitting == sitting.id)).all()
    for paper in papers:
        session.delete(paper)
    sitting.sealed, sitting.delivery, sitting.page = said
    sitting.bank, sitting.bank_sha256, sitting.blueprint = None, "", ""
    session.add(sitting)
    session.flush()
    body = {
        "delivery": plan.delivery,
        "page": plan.page,
        "sealed": plan.sealed,
        "papers_withdrawn": len(papers),
    }
    append(session, "sitting.delivery_set", sitting.id, "province", body, at=box.now())


def find_candidate(session: Session, box: Box, person: Person) -> Candidate:
    """The candidate with this number, made when new. The number decides."""
    index = box.key.index(person.number)
    candidate = session.exec(select(Candidate).where(Candidate.number_index == index)).first()
    if candidate is None:
        candidate = Candidate(
            id=new_id(),
            name=person.name,
            number_sealed=box.key.encrypt_text(person.number),
            number_index=index,
            number_masked=idnumber.mask(person.number),
            last_four=person.number[-4:],
            birth_index=box.key.index(idnumber.born_where_and_when(person.number)),
            photo=person.photo,
        )
        session.add(candidate)
        session.flush()
    return candidate


def enrol(session: Session, box: Box, roster: Roster, sitting: Sitting, person: Person) -> str:
    """Expect one person at one sitting. Returns added, confirmed (a row loaded by hand that now came signed),
    known, or name_differs (nothing was changed)."""
    candidate = find_candidate(session, box, person)
    if not names.same(candidate.name, person.name):
        return "name_differs"
    _note_portrait(session, box, roster, candidate, person)
    row = session.exec(
        select(RosterRow).where(RosterRow.sitting == sitting.id, RosterRow.candidate == candidate.id)
    ).first()
    if row is None:
        session.add(
            RosterRow(
                id=new_id(),
                roster=roster.id,
                row=person.row,
                candidate=candidate.id,
                sitting=sitting.id,
                kind=person.kind,
                ticket_number=person.ticket_number,
                employer=person.employer,
                help=person.help,
                eligibility=person.eligibility,
                provincial=msgspec.json.encode(person.provincial).decode(),
            )
        )
        session.flush()
        give_spare(session, box, sitting, candidate.id, candidate.number_index)
        return "added"
    _note_eligibility(session, box, roster, row, person)
    _note_help(session, box, roster, row, person)
    if roster.source != "province" or row.confirmed_at is not None:
        return "known"
    owner = session.get_one(Roster, row.roster)
    if owner.source == "province":
        return "known"
    row.confirmed_at = box.now()
    session.add(row)
    session.flush()
    append(
        session,
        "roster_row.confirmed",
        candidate.id,
        "province",
        {"sitting": sitting.id, "roster": roster.id},
        at=box.now(),
    )
    return "confirmed"


def _note_portrait(session: Session, box: Box, roster: Roster, candidate: Candidate, person: Person) -> None:
    """A later roster may bring another portrait of the same person: from now on it is compared with."""
    if not person.photo or person.photo == candidate.photo:
        return
    body = {"roster": roster.id, "before": candidate.photo, "after": person.photo}
    candidate.photo = person.photo
    session.add(candidate)
    session.flush()
    actor = "province" if roster.source == "province" else f"account:{roster.confirmed_by}"
    append(session, "candidate.portrait", candidate.id, actor, body, at=box.now())


def _note_eligibility(session: Session, box: Box, roster: Roster, row: RosterRow, person: Person) -> None:
    """A later roster may lift or set a suspension; by hand nobody lifts what the province has set."""
    if row.eligibility == person.eligibility:
        return
    if roster.source != "province" and person.eligibility != "suspended":
        return
    row.eligibility = person.eligibility
    session.add(row)
    session.flush()
    body = {"sitting": row.sitting, "roster": roster.id, "eligibility": row.eligibility}
    actor = "province" if roster.source == "province" else f"account:{roster.confirmed_by}"
    append(session, "roster_row.eligibility", row.candidate, actor, body, at=box.now())


def _note_help(session: Session, box: Box, roster: Roster, row: RosterRow, person: Person) -> None:
    """A later roster may approve other help (便利措施); by hand nobody changes what the province has said.

    A roster that says nothing of help takes none away, unless both are the province's. A running deadline stays.
    """
    both = roster.source == session.get_one(Roster, row.roster).source == "province"
    if row.help == person.help or not (person.help or both):
        return
    if roster.source != "province" and session.get_one(Roster, row.roster).source == "province":
        return
    row.help = person.help
    session.add(row)
    session.flush()
    body = {"sitting": row.sitting, "roster": roster.id, "help": row.help}
    actor = "province" if roster.source == "province" else f"account:{roster.confirmed_by}"
    append(session, "roster_row.help", row.candidate, actor, body, at=box.now())
