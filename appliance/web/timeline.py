"""The time line of recordings: a candidate, a seat, a room or a case, every camera that saw it, played from any second.

The page brings all it knows as JSON; the player (ui/_player.ts) asks for the pieces as they come.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template
from markupsafe import Markup

from appliance.base.errors import Corrupt, ExamError
from appliance.base.i18n import N_, _, translate
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.cameras import names_of
from appliance.flow.look import note_look
from appliance.flow.marks import Mark
from appliance.flow.package_facts import mark_title, mark_words
from appliance.flow.seen import Seen, Visit, marks_seen, of_candidate, of_case, of_room, of_seat, place_named
from appliance.web.looks import looks_of
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.web.words import word
from appliance.wire.playback import GetReels, Piece, Reel, Reels
from appliance.wire.recorder import CameraSpan

Asked = Request[Who, Any, Any]
When = Annotated[datetime | None, QueryParameter(name="at")]
From = Annotated[datetime | None, QueryParameter(name="from")]
To = Annotated[datetime | None, QueryParameter(name="to")]
PLACES = {
    "entrance": N_("Entrance"),
    "waiting": N_("Waiting room"),
    "seat": N_("Seat"),
    "exit": N_("Free to leave"),
    "room": N_("Room"),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JITTER = 2_000_000
"""Microseconds two connections may lie over one another without a step of the clock: times are those of arrival."""
Spans = list[tuple[float, float]]


def ms(moment: datetime) -> float:
    """Milliseconds since 1970, as scripts have them."""
    return (moment - EPOCH) / timedelta(milliseconds=1)


class ShownMark(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A mark on the page. `proof`: the address of its record; `picture`: of its picture."""

    at: float
    until: float = 0.0
    sort: str
    word: str
    more: str = ""
    who: str = ""
    proof: str = ""
    picture: str = ""


class ShownPiece(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`from_`, `to`, `run`: as they go into the clip's address. `where`: label of the disk to be put in."""

    start: float
    end: float
    from_: str = msgspec.field(name="from")
    to: str
    codec: str = ""
    frame: float = 0.04
    away: bool = False
    where: str = ""
    run: str = ""
    filled: bool = False
    """Put into a gap later."""


class ShownGap(msgspec.Struct):
    """Nothing on record, and why."""

    start: float
    end: float
    cause: str


class Row(msgspec.Struct, kw_only=True):
    """One camera of a visit. `spans`: when the candidate was in its view."""

    camera: str
    name: str
    place: str
    spans: Spans = []
    pieces: list[ShownPiece] = []
    gaps: list[ShownGap] = []


class Blind(msgspec.Struct):
    """A stay no camera saw."""

    start: float
    end: float
    place: str


class ShownVisit(msgspec.Struct, kw_only=True):
    """One visit with its cameras and marks."""

    start: float
    end: float
    rows: list[Row]
    blind: list[Blind]
    marks: list[ShownMark]


class Films(msgspec.Struct, kw_only=True):
    """What the page's script gets."""

    candidate: str
    at: float
    visits: list[ShownVisit]


def shown_mark(mark: Mark, seen: Seen) -> ShownMark:
    """A mark in words."""
    picture = f"/media/capture/{mark.capture}" if mark.capture else ""
    picture = f"/violations/case/{mark.case}/picture" if mark.case else picture
    subject = seen.candidate or (mark.subject if mark.subject in seen.names else "")
    return ShownMark(
        at=ms(mark.at),
        until=ms(mark.until) if mark.until else 0.0,
        sort=mark.sort,
        word=mark_title(mark),
        more=mark_words(mark),
        who=seen.names.get(mark.subject, "") if not seen.candidate else "",
        proof=f"/inspection/{subject}#entry-{mark.seq}" if subject else "",
        picture=picture,
    )


def lanes(pieces: list[Piece]) -> list[list[Piece]]:
    """Recordings of one camera that lie over one another, apart: the clock was set back between two connections.

    Pure; the pieces of a lane follow one another, each may be cut short by the next.
    """
    found: list[list[Piece]] = []
    for one in sorted(pieces, key=lambda piece: (piece.start, piece.run)):
        free = [lane for lane in found if lane[-1].run == one.run]
        free += [lane for lane in found if one.start - lane[-1].end > -JITTER]
        if free:
            free[0].append(one)
        else:
            found.append([one])
    return found


def add_pieces(row: Row, pieces: list[Piece]) -> None:
    """Those of one more stay: two stays may share a piece, and the second may go on longer."""
    for one in pieces:
        start, end = (EPOCH + timedelta(microseconds=at) for at in (one.start, one.end))
        if row.pieces and ms(start) < row.pieces[-1].end:
            if ms(end) <= row.pieces[-1].end:
                continue
            row.pieces[-1].end = ms(start)
            if row.pieces[-1].end <= row.pieces[-1].start:
                row.pieces.pop()
        row.pieces.append(
            ShownPiece(
                start=ms(start),
                end=ms(end),
                from_=start.isoformat(timespec="microseconds"),
                to=end.isoformat(timespec="microseconds"),
                codec=one.codec,
                frame=one.frame_s or 0.04,
                away=one.away,
                where=one.where,
                run=one.run,
                filled=one.filled,
            )
        )


def add_gaps(row: Row, reel: Reel) -> None:
    """Holes with their causes."""
    for gap in reel.gaps:
        cause = word(f"cause.{gap.cause}") if gap.cause else _("no cause on record")
        if gap.origin == "card":
            cause = _("{cause}; filled later from the camera's own card").format(cause=cause)
        elif gap.filled:
            cause = _("{cause}; filled later from elsewhere").format(cause=cause)
        row.gaps.append(ShownGap(ms(gap.start), ms(gap.end), cause))


def shown_visit(box: Box, visit: Visit, marks: list[ShownMark], reels: list[Reel]) -> ShownVisit:
    """A visit with the reels of its cameras, in the order of `spans_of`."""
    names = names_of(box.settings)
    rows: dict[str, Row] = {}
    blind = []
    left = iter(reels)
    for stay in visit.stays:
        place = f"{translate(PLACES[stay.kind])} {stay.name}".rstrip()
        end = min(stay.end or box.now(), box.now())
        if not stay.cameras:
            blind.append(Blind(ms(stay.start), ms(end), place))
        for span in spans_of(box, [stay]):
            reel, name = next(left), names.get(span.camera, span.camera)
            for number, pieces in enumerate(lanes(reel.pieces) or [[]]):
                if number:
                    name = _("{camera}, again after the clock was set back").format(camera=name)
                row = rows.setdefault(
                    f"{span.camera} {number}", Row(camera=span.camera, name=name, place=place)
                )
                row.spans.append((ms(span.start), ms(span.end)))
                add_pieces(row, pieces)
                if not number:
                    add_gaps(row, reel)
    return ShownVisit(
        start=ms(visit.start), end=ms(visit.end), rows=list(rows.values()), blind=blind, marks=marks
    )


def spans_of(box: Box, stays: list[Any]) -> list[CameraSpan]:
    """What is asked of exam-clips about these stays."""
    found = []
    for stay in stays:
        end = min(stay.end or box.now(), box.now())
        if end > stay.start:
            found += [CameraSpan(camera=one, start=stay.start, end=end) for one in stay.cameras]
    return found


async def _films(request: Asked, box: Box, seen: Seen, at: datetime | None = None) -> Template:
    known, key = looks_of(request), (request.user.token_hash, f"films {seen.sort} {seen.id}")
    if key not in known:
        detail = {"of": seen.sort, "id": seen.id}
        await box.db.write(note_look, box, "timeline.viewed", seen.candidate or seen.id, request.user, detail)
        known.add(key)
    marks = await box.db.read(marks_seen, seen)
    found: list[ShownVisit] = []
    problem: ExamError | None = None
    try:
        for visit, its in zip(seen.visits, marks, strict=True):
            spans = spans_of(box, visit.stays)
            got = Reels(reels=[])
            if spans:
                got = await ask(box.settings.socket("clips"), GetReels(spans=spans), Reels)
            found.append(shown_visit(box, visit, [shown_mark(one, seen) for one in its], got.reels))
    except ExamError as error:
        problem = error
    begin = at or seen.at
    films = Films(candidate=seen.candidate, at=ms(begin) if begin else 0.0, visits=found)
    # Inside a script block only "<" could end it (HTML, 4.12.1.3).
    data = msgspec.json.encode(films).decode().replace("<", "\\u003c")
    gone = any(stay.kind == "exit" for visit in seen.visits for stay in visit.stays)
    ways_out = box.settings.recorder.leaving_min if gone else 0
    return page(
        request,
        "films.html",
        seen=seen,
        visits=found,
        films=Markup(data),
        problem=problem,
        ways_out=ways_out,
    )


@get("/candidate/{candidate:str}")
async def films_of_candidate(
    request: Asked, box: NamedDependency[Box], candidate: FromPath[str], at: When = None
) -> Template:
    """A candidate from the gate to the way out."""
    return await _films(request, box, await box.db.read(of_candidate, box, candidate), aware(box, at))


@get("/case/{case:str}")
async def films_of_case(request: Asked, box: NamedDependency[Box], case: FromPath[str]) -> Template:
    """The candidate of a case or a violation, from shortly before it."""
    return await _films(request, box, await box.db.read(of_case, box, case))


@get("/seat/{seat:str}")
async def films_of_seat(
    request: Asked,
    box: NamedDependency[Box],
    seat: FromPath[str],
    start: From = None,
    end: To = None,
    at: When = None,
) -> Template:
    """A seat, between two times or while its last candidate had it."""
    seen = await box.db.read(of_seat, box, seat, aware(box, start), aware(box, end))
    return await _films(request, box, seen, aware(box, at))


@get("/room/{room:str}")
async def films_of_room(
    request: Asked,
    box: NamedDependency[Box],
    room: FromPath[str],
    start: From = None,
    end: To = None,
    at: When = None,
) -> Template:
    """A room or a lane, between two times or during its last sitting."""
    seen = await box.db.read(of_room, box, room, aware(box, start), aware(box, end))
    return await _films(request, box, seen, aware(box, at))


@get("/find")
async def films_found(
    box: NamedDependency[Box],
    place: FromQuery[str],
    start: FromQuery[str] = "",
    end: FromQuery[str] = "",
) -> Redirect:
    """The page of a seat, a room or a lane, named as people name it; times as the form has them, or none."""
    sort, code = await box.db.read(place_named, box, place)
    asked = ""
    if start and end:
        times = {"from": _typed(start), "to": _typed(end)}
        asked = f"?{urlencode(times)}"
    return Redirect(f"/timeline/{sort}/{quote(code)}{asked}")


def _typed(text: str) -> str:
    """A time as people write it (2026-11-22 09:00), as addresses have it."""
    try:
        return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise Corrupt("bad_time", N_("This is no time."), N_("Correct the times.")) from error


def aware(box: Box, moment: datetime | None) -> datetime | None:
    """Times a form sends without a zone are the site's."""
    if moment is None or moment.tzinfo:
        return moment
    try:
        return moment.replace(tzinfo=box.zone)
    except (ValueError, OverflowError) as error:
        raise Corrupt("bad_time", N_("This is no time."), N_("Correct the times.")) from error


HANDLERS = [
    Router(
        path="/timeline",
        guards=[needs("inspector", "chief")],
        route_handlers=[films_found, films_of_candidate, films_of_case, films_of_seat, films_of_room],
    )
]
