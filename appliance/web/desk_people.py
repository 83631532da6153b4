"""The roster at the desk: search, who is missing, who is late, out for a moment."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.i18n import _
from appliance.flow.absence import leave
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.roster_search import people
from appliance.web.pages import done, page

Asked = Request[Who, Any, Any]


class LeaveForm(msgspec.Struct, forbid_unknown_fields=True):
    """Out for a moment."""

    reason: str


@get("/people")
async def desk_people(
    request: Asked, box: NamedDependency[Box], text: FromQuery[str] = "", lane: FromQuery[str] = ""
) -> Template:
    """Search; without a text everybody who is not inside."""
    return await _people(request, box, "people.html", text, lane)


@get("/people/now")
async def desk_people_now(
    request: Asked, box: NamedDependency[Box], text: FromQuery[str] = "", lane: FromQuery[str] = ""
) -> Template:
    """The part that changes."""
    return await _people(request, box, "people_now.html", text, lane)


async def _people(request: Asked, box: Box, name: str, text: str, lane: str) -> Template:
    found = await box.db.read(people, box, text)
    return page(request, name, found=found, text=text, lane=lane)


@post("/leave/{sitting:str}/{candidate:str}", status_code=200)
async def desk_leave(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    candidate: FromPath[str],
    data: URLEncodedBody[LeaveForm],
) -> Template:
    """Note that somebody inside leaves for a moment."""
    await box.db.write(leave, box, sitting, candidate, data.reason, request.user)
    return done(request, _("The absence is noted."), _("The card and a face check let this person in again."))
