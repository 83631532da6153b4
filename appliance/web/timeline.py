"""The time line of recordings: a candidate, a seat, a room or a case, every camera that saw it, played from any second.

The page brings all it knows as JSON; the player (ui/_player.ts) asks for the pieces as they come.
"""

from datetime import MAXYEAR, MINYEAR, datetime, tzinfo
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template
from markupsafe import Markup

from appliance.base.errors import Corrupt, ExamError
from appliance.base.i18n import N_, translate
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.cameras import names_of
from appliance.flow.look import note_look
from appliance.flow.marks import Mark
from appliance.flow.package_facts import actors, mark_title, mark_words
from appliance.flow.seen import (
    Seen,
    Visit,
    joined,
    marks_seen,
    of_candidate,
    of_case,
    of_room,
    of_seat,
    place_named,
)
from appliance.web.entry_words import happened, sentence
from appliance.web.looks import looks_of
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.web.timeline_rows import Row, ShownPlace, ms, rows_of
from appliance.wire.playback import GetReels, Reel, Reels
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


class Blind(msgspec.Struct):
    """A stay no camera saw."""

    start: float
    end: float
    place: str


class ShownVisit(msgspec.Struct, kw_only=True):
    """One visit with its cameras and marks. `alarmed`, `lost`: something was wrong with one, a file of one is gone."""

    start: float
    end: float
    rows: list[Row]
    blind: list[Blind]
    marks: list[ShownMark]

    @property
    def alarmed(self) -> bool:
        """For the legend."""
        return any(row.alarms for row in self.rows)

    @property
    def lost(self) -> bool:
        """Has a file gone, or is it not to be read? For the legend."""
        return any(one.lost for row in self.rows for one in row.pieces)


class Films(msgspec.Struct, kw_only=True):
    """What the page's script gets."""

    candidate: str
    at: float
    visits: list[ShownVisit]


def shown_mark(mark: Mark, seen: Seen, names: dict[str, str], zone: tzinfo) -> ShownMark:
    """A mark in words. `names`: of accounts and lanes."""
    picture = f"/media/capture/{mark.capture}" if mark.capture else ""
    picture = f"/violations/case/{mark.case}/picture" if mark.case else picture
    more = mark_words(mark) or sentence(mark.kind, mark.body, names)
    if mark.kind == "violation.recorded":
        more = f"{happened(mark.at, mark.recorded, zone)} · {more}"
    tap = str(mark.body.get("tap", ""))
    known = mark.subject in seen.names or (tap in seen.taps and mark.subject != tap)
    subject = seen.candidate or (mark.subject if known else "")
    return ShownMark(
        at=ms(mark.at),
        until=ms(mark.until) if mark.until else 0.0,
        sort=mark.sort,
        word=mark_title(mark),
        more=more,
        who=seen.names.get(mark.subject, "") or seen.taps.get(tap, "") if not seen.candidate else "",
        proof=f"/inspection/{subject}#entry-{mark.seq}" if subject else "",
        picture=picture,
    )


def shown_visit(
    box: Box, visit: Visit, marks: list[ShownMark], spans: list[CameraSpan], reels: list[Reel]
) -> ShownVisit:
    """A visit with the reels of its cameras; `spans`: what each is about."""
    names, now = names_of(box.settings), box.now()
    places: dict[str, list[ShownPlace]] = {}
    blind = []
    for stay in visit.stays:
        kind = translate(PLACES[stay.kind])
        place = kind if stay.name in ("", kind) else f"{kind} {stay.name}"
        if not stay.cameras:
            blind.append(Blind(ms(stay.start), ms(min(stay.end or now, now)), place))
        when = ShownPlace(ms(stay.start), ms(min(stay.end or now, now)), place)
        for camera in stay.cameras:
            places.setdefault(camera, []).append(when)
    rows: list[Row] = []
    for camera in dict.fromkeys(span.camera for span in spans):
        mine = [(span, reel) for span, reel in zip(spans, reels, strict=True) if span.camera == camera]
        seen = [(ms(span.start), ms(span.end)) for span, _reel in mine]
        its = [reel for _span, reel in mine]
        rows += rows_of(camera, names.get(camera, camera), places[camera], seen, its, ms(now), box.zone)
    return ShownVisit(start=ms(visit.start), end=ms(visit.end), rows=rows, blind=blind, marks=marks)


async def _films(request: Asked, box: Box, seen: Seen, at: datetime | None = None) -> Template:
    known, key = looks_of(request), (request.user.token_hash, f"films {seen.sort} {seen.id}")
    if key not in known:
        detail = {"of": seen.sort, "id": seen.id}
        await box.db.write(note_look, box, "timeline.viewed", seen.candidate or seen.id, request.user, detail)
        known.add(key)
    marks, told = await box.db.read(marks_seen, seen), await box.db.read(actors, box)
    found: list[ShownVisit] = []
    problem: ExamError | None = None
    try:
        for visit, its in zip(seen.visits, marks, strict=True):
            spans = joined(visit.stays, visit.start, box.now())
            got = Reels(reels=[])
            if spans:
                got = await ask(box.settings.socket("clips"), GetReels(spans=spans), Reels)
            shown = [shown_mark(one, seen, told, box.zone) for one in its]
            found.append(shown_visit(box, visit, shown, spans, got.reels))
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
    request: Asked,
    box: NamedDependency[Box],
    place: FromQuery[str],
    start: FromQuery[str] = "",
    end: FromQuery[str] = "",
) -> Redirect | Template:
    """The page of a seat, a room or a lane, named as people name it; times as the form has them, or none. What cannot
    be found or shown is said over the form, which keeps what was typed.
    """
    typed = {"place": place, "start": start, "end": end}
    field = "place"
    try:
        sort, code = await box.db.read(place_named, box, place)
        times: list[datetime | None] = []
        for field in ("start", "end"):
            times.append(aware(box, _typed(typed[field])))
        field = "end" if start.strip() else "start"
        seen = of_seat if sort == "seat" else of_room
        first, last = times
        await box.db.read(seen, box, code, first, last)
    except ExamError as error:
        answer = page(request, "find_place.html", error=error, field=field, **typed)
        answer.status_code = error.http_status
        return answer
    asked = {name: one.isoformat() for name, one in zip(("from", "to"), times, strict=True) if one}
    return Redirect(f"/timeline/{sort}/{quote(code)}" + (f"?{urlencode(asked)}" if asked else ""))


def _typed(text: str) -> datetime | None:
    """A time as people write it (2026-11-22 09:00)."""
    try:
        return datetime.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise Corrupt("bad_time", N_("This is no time."), N_("Correct the times.")) from error


def aware(box: Box, moment: datetime | None) -> datetime | None:
    """Times a form sends without a zone are the site's."""
    if moment is None:
        return None
    if not MINYEAR < moment.year < MAXYEAR:  # some hours before or after it there may be no time
        raise Corrupt("bad_time", N_("This is no time."), N_("Correct the times."))
    return moment if moment.tzinfo else moment.replace(tzinfo=box.zone)


HANDLERS = [
    Router(
        path="/timeline",
        guards=[needs("inspector", "chief")],
        route_handlers=[films_found, films_of_candidate, films_of_case, films_of_seat, films_of_room],
    )
]
