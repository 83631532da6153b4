"""Inspection, read only: was it them, is it whole, who did what? Every look is itself journaled."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlmodel import Session, select

from appliance.base.journal_words import actor_word
from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.cameras import cameras_of
from appliance.flow.inspect import Entry, Span, Timeline, Verified, find_candidates, timeline, verify_journal
from appliance.records.accounts import Account
from appliance.records.entry import FaceCheck, Tap
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.wire.recorder import FindClips, Found

Asked = Request[Who, Any, Any]
PIECE = timedelta(minutes=10)
"""Recordings are offered in pieces of this length."""
FRESH = 20.0
"""Seconds for which a verification of the whole journal serves everybody."""


class Piece(msgspec.Struct):
    """A stretch of a recording that can be watched."""

    camera: str
    name: str
    start: datetime
    end: datetime


class Sat(msgspec.Struct):
    """Where the candidate sat, with what the cameras saw."""

    span: Span
    pieces: list[Piece]


class Shown(msgspec.Struct):
    """A timeline row: one entry, or several saved answers in one line."""

    entry: Entry
    actor: str
    detail: list[tuple[str, str]]
    count: int = 1
    until: datetime | None = None


def sat(box: Box, spans: list[Span], start: datetime | None = None) -> list[Sat]:
    """The pieces of every span, from each camera that covers the seat."""
    names = {one.code: one.name for one in box.settings.cameras}
    found = []
    for span in spans:
        end = min(span.end or box.now(), box.now())
        pieces: list[Piece] = []
        for camera in cameras_of(box.settings, span.room, span.seat_number):
            at = span.start
            while at < end and len(pieces) < 100:
                pieces.append(Piece(camera, names[camera], at, min(at + PIECE, end)))
                at += PIECE
        found.append(Sat(span, pieces))
    return found


def shown(entries: list[Entry], actors: dict[str, str]) -> list[Shown]:
    """Rows of the timeline: consecutive saved answers are one row that says how many."""
    rows: list[Shown] = []
    for entry in entries:
        if entry.kind == "answer.saved" and rows and rows[-1].entry.kind == "answer.saved":
            rows[-1].count += 1
            rows[-1].until = entry.at
            continue
        body: dict[str, Any] = msgspec.json.decode(entry.body)
        detail = [(key, _text(value)) for key, value in body.items() if value not in ("", None, [], {})]
        rows.append(Shown(entry, actor_word(entry.actor, actors), detail))
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _actors(session: Session, box: Box) -> dict[str, str]:
    lanes = {one.code: one.name for one in box.settings.lanes}
    return lanes | {row.id: row.name for row in session.exec(select(Account))}


def _faces(session: Session, candidate: str) -> list[FaceCheck]:
    rows = select(FaceCheck).join(Tap).where(Tap.candidate == candidate).order_by(FaceCheck.happened_at)  # type: ignore[arg-type]
    return list(session.exec(rows).all())


async def verified(request: Asked, box: Box) -> Verified:
    """Whether the whole journal holds; computed at most every few seconds, in a thread."""
    state = request.app.state
    if "verified" not in state:
        state.verified = {"at": -FRESH, "lock": asyncio.Lock(), "found": None}
    kept = state.verified
    async with kept["lock"]:
        if kept["found"] is None or box.clock.monotonic() - kept["at"] > FRESH:
            kept["found"] = await box.db.read(verify_journal, box)
            kept["at"] = box.clock.monotonic()
    found: Verified = kept["found"]
    return found


@get("/")
async def inspection_page(request: Asked, box: NamedDependency[Box], text: FromQuery[str] = "") -> Template:
    """Search by name, number, ticket or seat."""
    found = await box.db.read(find_candidates, box, text)
    return page(request, "inspection.html", text=text, found=found, v=await verified(request, box))


@get("/{candidate:str}")
async def inspection_candidate(
    request: Asked, box: NamedDependency[Box], candidate: FromPath[str]
) -> Template:
    """One candidate from tap to parcel."""
    found: Timeline = await box.db.read(timeline, box, candidate)
    actors = await box.db.read(_actors, box)
    return page(
        request,
        "timeline.html",
        t=found,
        rows=shown(found.entries, actors),
        sat=sat(box, found.spans),
        faces=await box.db.read(_faces, candidate),
        v=await verified(request, box),
    )


@get("/{candidate:str}/clip")
async def inspection_clip(
    request: Asked,
    box: NamedDependency[Box],
    candidate: FromPath[str],
    camera: FromQuery[str],
    start: FromQuery[datetime],
    end: FromQuery[datetime],
) -> Template:
    """The player for one piece; the recording itself is journaled when it is fetched.

    The clip process is asked first: when it is silent, or has nothing, that is said instead of a black picture.
    """
    asked = FindClips(cameras=[camera], start=start, end=end)
    if not (await ask(box.settings.socket("clips"), asked, Found)).clips:
        raise NotFound(
            "no_recording",
            N_("Camera {camera} has no recording at that time."),
            N_("Look at the list of gaps for the cause."),
            camera=camera,
        )
    name = next((one.name for one in box.settings.cameras if one.code == camera), camera)
    return page(request, "clip.html", candidate=candidate, camera=camera, name=name, start=start, end=end)


HANDLERS = [
    Router(
        path="/inspection",
        guards=[needs("inspector", "chief")],
        route_handlers=[inspection_page, inspection_candidate, inspection_clip],
    )
]
