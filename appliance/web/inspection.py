"""Inspection, read only: was it them, is it whole, who did what? Every look is itself journaled."""

from datetime import datetime, tzinfo
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from sqlmodel import Session, select

from appliance.base.journal_words import actor_word
from appliance.flow.accounts import Who
from appliance.flow.attended import attended
from appliance.flow.box import Box
from appliance.flow.inspect import (
    Entry,
    Timeline,
    Verified,
    find_candidates,
    found_people,
    last_entry,
    timeline,
    verify_journal,
)
from appliance.flow.look import note_look
from appliance.flow.note_case import KINDS
from appliance.flow.seat_watch import strips_of
from appliance.flow.storage import holds_of
from appliance.flow.talk import talks_of
from appliance.flow.violations import ViolationFile, open_cases, violation_case, violation_list
from appliance.flow.who_watched import WATCHED
from appliance.intake.violations import DECISIONS
from appliance.records.accounts import Account
from appliance.records.entry import FaceCheck, Tap
from appliance.records.violations import Violation
from appliance.web.checks import Check, checks
from appliance.web.clip_export import TERMINAL
from appliance.web.entry_words import field, sentence
from appliance.web.inspector_notes import inspector_notes
from appliance.web.look_words import look_words
from appliance.web.looks import looks_of
from appliance.web.pages import page
from appliance.web.recordings import inspection_recordings
from appliance.web.screens_seen import inspection_screens, with_screens
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
ID_DIGITS = 12
"""So many digits may be an ID number, or one mistyped; seats and queue tickets have fewer."""
FRESH = 20.0
"""Seconds for which a verification of the whole journal serves everybody."""
QUICK = 0.25
"""Where it takes no longer, it is made anew for whoever opens a page that tells of entries it does not cover."""
LOOKS = ("timeline.viewed", "photo.viewed", "number.revealed", "recordings.verified", *WATCHED)
"""Kinds that tell who looked, not what happened to the candidate."""
EVIDENT = ("evidence.kept", "violation.recorded")
"""Kinds whose entries name pieces of evidence."""


class Shown(msgspec.Struct):
    """A timeline row: one entry, or several saved answers in one line."""

    entry: Entry
    actor: str
    detail: list[tuple[str, str]]
    says: str
    """What it says, in a sentence; empty where the kind says it all."""
    count: int = 1
    until: datetime | None = None
    more: list[int] = []
    """Numbers of the entries that stand in this row besides its first."""
    evidence: list[str] = []
    """What was kept beside it, to be looked at."""
    violation: str = ""
    """The one that was recorded."""


class Acted(msgspec.Struct):
    """A person and what they did: kind -> how often."""

    name: str
    kinds: dict[str, int]


def shown(entries: list[Entry], actors: dict[str, str], zone: tzinfo) -> list[Shown]:
    """Rows of the timeline: consecutive saved answers are one row that says how many."""
    rows: list[Shown] = []
    for entry in entries:
        if entry.kind == "answer.saved" and rows and rows[-1].entry.kind == "answer.saved":
            rows[-1].count += 1
            rows[-1].more = [*rows[-1].more, entry.seq]
            rows[-1].until = entry.at
            continue
        body: dict[str, Any] = msgspec.json.decode(entry.body)
        detail = [
            (key, field(value, actors, zone))
            for key, value in body.items()
            if value not in ("", None, [], {})
        ]
        kept = body.get("evidence", []) if entry.kind in EVIDENT else []
        kept = [kept] if isinstance(kept, str) else kept
        says = look_words(entry.kind, body, zone) or sentence(entry.kind, body, actors)
        violation = str(body.get("violation", "")) if entry.kind == "violation.recorded" else ""
        rows.append(
            Shown(entry, _by(entry.actor, body, actors), detail, says, evidence=kept, violation=violation)
        )
    return rows


def _by(actor: str, body: dict[str, Any], actors: dict[str, str]) -> str:
    """Who did it. At the host's command line: who sat there."""
    person = str(body.get("by", "")).removeprefix("cli:") if actor == TERMINAL else ""
    return " · ".join(filter(None, (actor_word(actor, actors), person)))


def acted(rows: list[Shown]) -> list[Acted]:
    """The people among the actors, in the order in which they first did something; those at the host's command line,
    too.
    """
    found: dict[tuple[str, str], Acted] = {}
    for row in rows:
        if row.entry.actor.startswith("account:") or row.entry.actor == TERMINAL:
            one = found.setdefault((row.entry.actor, row.actor), Acted(row.actor, {}))
            one.kinds[row.entry.kind] = one.kinds.get(row.entry.kind, 0) + row.count
    return list(found.values())


def _actors(session: Session, box: Box) -> dict[str, str]:
    lanes = {one.code: one.name for one in box.settings.lanes}
    return lanes | {row.id: row.name for row in session.exec(select(Account))}


def _faces(session: Session, candidate: str) -> list[FaceCheck]:
    rows = select(FaceCheck).join(Tap).where(Tap.candidate == candidate).order_by(FaceCheck.happened_at)  # type: ignore[arg-type]
    return list(session.exec(rows).all())


def _violations(session: Session, box: Box, candidate: str) -> list[ViolationFile]:
    found = session.exec(select(Violation.id).where(Violation.candidate == candidate))
    return [violation_case(session, box, one) for one in found.all()]


async def verified(request: Asked, box: Box, again: bool = False) -> Check:
    """Whether the whole journal holds; its result is a flow.inspect.Verified."""

    async def work(check: Check) -> Any:
        return await box.db.read(verify_journal, box, check.progress)

    check = await checks(request, box).get("journal", work, FRESH, again)
    found: Verified | None = check.result
    if found and found.ok and check.seconds < QUICK and found.entries < await box.db.read(last_entry):
        check = await checks(request, box).get("journal", work, FRESH, True)
    return check


class Search(msgspec.Struct):
    """What was typed."""

    text: str = ""


@post("/")
async def inspection_search(
    request: Asked, box: NamedDependency[Box], data: URLEncodedBody[Search]
) -> Redirect:
    """Search. What may be an ID number does not go into the address line, which browsers keep: who was found does."""
    if sum(one.isdigit() for one in data.text) < ID_DIGITS:
        return Redirect("/inspection", query_params={"text": data.text}, status_code=303)
    found = await box.db.read(find_candidates, box, data.text)
    return Redirect("/inspection", query_params={"person": [one.id for one in found] or "-"}, status_code=303)


@get("/")
async def inspection_page(
    request: Asked,
    box: NamedDependency[Box],
    text: FromQuery[str] = "",
    person: FromQuery[list[str] | None] = None,
) -> Template:
    """Search by name, ticket or seat; or `person`, those found by a number."""
    found = (
        await box.db.read(found_people, person) if person else await box.db.read(find_candidates, box, text)
    )
    sat = await box.db.read(attended, [one.id for one in found]) if found else {}
    return page(
        request,
        "inspection.html",
        text=text,
        asked=bool(text or person),
        found=found,
        sat=sat,
        violations=await box.db.read(violation_list, box),
        cases=await box.db.read(open_cases, box),
        case_words=KINDS,
        measures=DECISIONS,
        notes=await inspector_notes(request, box),
        check=await verified(request, box),
    )


@get("/journal")
async def inspection_journal(
    request: Asked, box: NamedDependency[Box], again: FromQuery[bool] = False
) -> Template | Response[str]:
    """The journal's proof: how far it is; when it is over, the page is read anew."""
    check = await verified(request, box, again)
    if check.over:
        return Response("", headers={"hx-refresh": "true"})
    return page(request, "verified.html", check=check)


@get("/{candidate:str}")
async def inspection_candidate(
    request: Asked, box: NamedDependency[Box], candidate: FromPath[str]
) -> Template:
    """One candidate from the card at the entrance to the release and its parcel."""
    found: Timeline = await box.db.read(timeline, box, candidate)
    known, seen = looks_of(request), (request.user.token_hash, f"timeline {candidate}")
    if seen not in known:
        await box.db.write(note_look, box, "timeline.viewed", candidate, request.user, {})
        known.add(seen)
    actors = await box.db.read(_actors, box)
    rows = shown([one for one in found.entries if one.kind not in LOOKS], actors, box.zone)
    looks = shown([one for one in found.entries if one.kind in LOOKS], actors, box.zone)
    return page(
        request,
        "timeline.html",
        t=found,
        rows=rows,
        strips=await box.db.read(strips_of, candidate),
        case_words=KINDS,
        looks=looks,
        acted=acted(rows),
        looked=acted(looks),
        faces=await box.db.read(_faces, candidate),
        talks=await box.db.read(talks_of, candidate),
        holds=await box.db.read(holds_of, box, {one.sitting for one in found.spans}),
        check=await verified(request, box),
        screens=bool(with_screens(box)),
        violations={one.line.id: one for one in await box.db.read(_violations, box, candidate)},
        measures=DECISIONS,
    )


HANDLERS = [
    Router(
        path="/inspection",
        guards=[needs("inspector", "chief")],
        route_handlers=[
            inspection_page,
            inspection_search,
            inspection_journal,
            inspection_candidate,
            inspection_recordings,
            inspection_screens,
        ],
    )
]
