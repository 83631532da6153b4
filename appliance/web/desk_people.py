"""The roster at the desk: search, who is missing, who is late, out for a moment."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.i18n import _
from appliance.flow.absence import leave, withdraw
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.roster_search import people
from appliance.flow.security_check import correct_locker
from appliance.web.desk_alarm import alarm
from appliance.web.pages import done, page

Asked = Request[Who, Any, Any]


class LeaveForm(msgspec.Struct, forbid_unknown_fields=True):
    """Out for a moment."""

    reason: str


class LockerForm(msgspec.Struct, forbid_unknown_fields=True):
    """Another locker."""

    locker: str


class FindForm(msgspec.Struct, forbid_unknown_fields=True):
    """Whom to look for. A number that is typed stands in no address: not in the browser's history, not in a log."""

    text: str = ""
    lane: str = ""


def _lockers(box: Box) -> bool:
    """Does the site note lockers?"""
    return box.settings.entry.security_check


@get("/people")
async def desk_people(request: Asked, box: NamedDependency[Box], lane: FromQuery[str] = "") -> Template:
    """Search; before anything is typed, everybody who is not inside."""
    found = await box.db.read(people, box, "")
    over_all = await alarm(request, box, with_cases=True)
    return page(request, "people.html", **over_all, found=found, text="", lane=lane, lockers=_lockers(box))


@post("/people/find", status_code=200)
async def desk_people_find(
    request: Asked, box: NamedDependency[Box], data: URLEncodedBody[FindForm]
) -> Template:
    """The part that changes: who fits, and how each stands now."""
    found = await box.db.read(people, box, data.text)
    return page(
        request, "people_now.html", found=found, text=data.text, lane=data.lane, lockers=_lockers(box)
    )


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


@post("/leave/{sitting:str}/{candidate:str}/withdraw", status_code=200)
async def desk_withdraw(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], candidate: FromPath[str]
) -> Template:
    """An absence that was noted by mistake: the person is inside."""
    await box.db.write(withdraw, box, sitting, candidate, request.user)
    return done(request, _("The absence is taken back."), _("This person counts as inside."))


@post("/locker/{sitting:str}/{candidate:str}", status_code=200)
async def desk_locker(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    candidate: FromPath[str],
    data: URLEncodedBody[LockerForm],
) -> Template:
    """Correct the number of somebody's locker."""
    noted = await box.db.write(correct_locker, box, sitting, candidate, data.locker, request.user)
    return done(request, _("The locker is noted."), noted.locker or _("Nothing was left."))
