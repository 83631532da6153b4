"""A seat's own paper, sealed: what it is made of, and each sealed file. Fetched while the candidate waits.

The key of the body is in the reply about the attempt, once that runs (web/station.py).
"""

import asyncio
import re
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlmodel import Session

from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.attempt_view import answers_of, bookmark_of, times_of
from appliance.flow.box import Box
from appliance.flow.note_altered import note_altered
from appliance.flow.sealed_paper import Place, note_sealed_refused, place_of, require_body
from appliance.rules.questions import sealed_refusal
from appliance.web.station import OPEN, token_of
from appliance.web.station_refusals import first_time
from appliance.wire import station as wire

Asked = Request[Any, Any, Any]
NAME = re.compile(r"[0-9a-f]{64}")
SENTENCES = {
    "not_running": (N_("This exam is not running."), N_("Wait for the start, or raise your hand.")),
    "other_paper": (
        N_("This is not part of your paper."),
        N_("Reload the page; if it stays, raise your hand."),
    ),
}


def _mine(session: Session, token: str) -> tuple[Place, wire.SealedPaper]:
    place = place_of(session, token)
    mine = wire.SealedPaper(body=place.body, pictures=place.pictures)
    if place.state in ("running", "handed_in"):
        mine.answers = answers_of(session, place.attempt)
        mine.made_at = times_of(session, place.attempt)
        mine.bookmark = bookmark_of(session, place.attempt)
    return place, mine


@get("/paper", opt=OPEN)
async def get_paper(request: Asked, box: NamedDependency[Box]) -> wire.SealedPaper:
    """Which sealed files the seat's paper is made of, once the rules are accepted, and what the box has of answers."""
    place, mine = await box.db.read(_mine, token_of(request))
    if code := sealed_refusal(place.state, of_paper=True):
        raise Refused(code, *SENTENCES[code])
    require_body(place)
    return mine


@get("/sealed/{name:str}", opt=OPEN)
async def get_sealed(request: Asked, box: NamedDependency[Box], name: FromPath[str]) -> Response[bytes]:
    """One sealed file of the seat's own paper. Any other is refused, and that is journaled."""
    token = token_of(request)
    place = await box.db.read(place_of, token)
    named = name if NAME.fullmatch(name) else ""
    own = bool(named) and named in (place.body, *place.pictures)
    if code := sealed_refusal(place.state, own):
        if first_time(request, f"lease {token}", f"{named} {code}"):
            await box.db.write(note_sealed_refused, box, place, named, code)
        raise Refused(code, *SENTENCES[code])
    try:
        body = await asyncio.to_thread(box.files.get, name)
    except (Corrupt, NotFound) as error:
        if first_time(request, "altered", name):
            await box.db.write(note_altered, box, name, error.code, f"seat:{place.seat}")
        raise
    return Response(body, media_type="application/octet-stream")


PATHS = [get_paper, get_sealed]
