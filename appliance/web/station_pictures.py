"""Pictures of a paper, for the seat of its own candidate only: fetched before the start, kept by the exam page."""

import asyncio
import re
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.note_altered import note_altered
from appliance.flow.paper_pictures import Place, note_picture_refused, pictures_of_paper, place_of
from appliance.rules.questions import picture_refusal
from appliance.web.station import OPEN, token_of
from appliance.wire import station as wire

Asked = Request[Any, Any, Any]
MOST = 20
"""Facts journaled of one lease's wrong questions for pictures: a page gone mad must not fill the journal."""
NAME = re.compile(r"[0-9a-f]{64}")
SENTENCES = {
    "not_running": (N_("This exam is not running."), N_("Wait for the start, or raise your hand.")),
    "other_paper": (
        N_("This picture is not part of your paper."),
        N_("Reload the page; if it stays, raise your hand."),
    ),
}


@get("/pictures", opt=OPEN)
async def get_pictures(request: Asked, box: NamedDependency[Box]) -> wire.Pictures:
    """Names of the pictures of the seat's paper, once the rules are accepted."""
    place = await box.db.read(place_of, token_of(request))
    if picture_refusal(place.state, of_paper=True):
        raise Refused("not_running", *SENTENCES["not_running"])
    return wire.Pictures(sorted(await asyncio.to_thread(pictures_of_paper, box, place.body)))


@get("/picture/{name:str}", opt=OPEN)
async def get_picture(request: Asked, box: NamedDependency[Box], name: FromPath[str]) -> Response[bytes]:
    """One picture of the seat's own paper. Any other is refused, and that is journaled."""
    token = token_of(request)
    place = await box.db.read(place_of, token)
    kinds = await asyncio.to_thread(pictures_of_paper, box, place.body) if place.body else {}
    named = name if NAME.fullmatch(name) else ""
    if code := picture_refusal(place.state, name in kinds):
        if _first_time(request, token, f"{named} {code}"):
            await box.db.write(note_picture_refused, box, place, named, code)
        raise Refused(code, *SENTENCES[code])
    return Response(await _picture(request, box, place, name), media_type=kinds[name])


async def _picture(request: Asked, box: Box, place: Place, name: str) -> bytes:
    try:
        return await asyncio.to_thread(box.files.get, name, True)
    except (Corrupt, NotFound) as error:
        if _first_time(request, "altered", name):
            await box.db.write(note_altered, box, name, error.code, f"seat:{place.seat}")
        raise


def _first_time(request: Asked, who: str, what: str) -> bool:
    """Is this still to be journaled? Once each while the process lives, and at most `MOST` of one kind or lease."""
    state = request.app.state
    if "refused_pictures" not in state:
        state.refused_pictures = {}
    known: set[str] = state.refused_pictures.setdefault(who, set())
    if what in known or len(known) >= MOST:
        return False
    known.add(what)
    return True


PATHS = [get_pictures, get_picture]
