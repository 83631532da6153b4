"""The exam's clock in the invigilator's hand: pause and go on, of one or the whole room; more time for several."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import Corrupt, Refused
from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.board import board
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.extend import extend
from appliance.flow.pause import pause_attempt, pause_sitting, resume_attempt, resume_sitting
from appliance.web.pages import done, page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]


def _view(sort: str, seat: str, **more: str) -> str:
    """How the room was looked at, as the query of its page: whoever comes back sees the same."""
    return urlencode({"sort": sort, "seat": seat} | more)


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why the exam stands still."""

    reason: str


@post("/{sitting:str}/pause", status_code=200)
async def room_pause(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Reason]
) -> Template:
    """Everybody's exam stands still."""
    found = await box.db.read(board, box, sitting)
    await box.db.write(pause_sitting, box, sitting, data.reason, request.user.actor, found.writing_lost)
    return done(
        request, _("The whole room is paused."), _("The papers are hidden; nobody loses an answer."), "look"
    )


@post("/{sitting:str}/resume", status_code=200)
async def room_resume(request: Asked, box: NamedDependency[Box], sitting: FromPath[str]) -> Template:
    """Everybody's exam goes on."""
    going = await box.db.write(resume_sitting, box, sitting, request.user.actor)
    ends = box.local(going.ends_at).strftime("%H:%M:%S") if going.ends_at else ""
    return done(request, _("The exam goes on."), _("It ends at {time}.").format(time=ends))


@post("/attempt/{attempt:str}/pause", status_code=200)
async def attempt_pause(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str], data: URLEncodedBody[Reason]
) -> Template:
    """One candidate's exam stands still."""
    await box.db.write(pause_attempt, box, attempt, data.reason, request.user.actor)
    return done(request, _("This exam is paused."), kind="look")


@post("/attempt/{attempt:str}/resume", status_code=200)
async def attempt_resume(request: Asked, box: NamedDependency[Box], attempt: FromPath[str]) -> Template:
    """One candidate's exam goes on."""
    going = await box.db.write(resume_attempt, box, attempt, request.user.actor)
    if going.paused_at is not None:
        return done(request, _("It goes on together with the whole room."), kind="look")
    ends = box.local(going.deadline).strftime("%H:%M:%S") if going.deadline else ""
    return done(request, _("The exam goes on."), _("It ends at {time}.").format(time=ends))


@get("/{sitting:str}/choose")
async def room_choose(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    sort: FromQuery[str] = "plan",
    seat: FromQuery[str] = "",
) -> Template:
    """Tiles to tick: who gets more time. Nothing here moves by itself, so that no tick is lost."""
    found = await box.db.read(board, box, sitting)
    writing = [one for one in found.seats if one.deadline is not None]
    return page(
        request,
        "room_choose.html",
        s=found.sitting,
        writing=writing,
        command=new_id(),
        back=_view(sort, seat),
    )


@post("/{sitting:str}/extend-chosen", status_code=200)
async def room_extend_chosen(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    sort: FromQuery[str] = "plan",
    seat: FromQuery[str] = "",
) -> Response[None]:
    """More time for those ticked, all of this sitting, with a reason and a second person."""
    form = await request.form()
    chosen = [str(one) for one in form.getall("attempt", [])]
    if not chosen:
        raise Refused("nobody_chosen", N_("Nobody is chosen."), N_("Tick the seats that get more time."))
    minutes = str(form.get("minutes", ""))
    if not minutes.isdigit() or len(minutes) > 3:
        raise Corrupt("bad_form", N_("The form is not whole."), N_("Reload the page."))
    found = await box.db.read(board, box, sitting)
    here = {one.attempt for one in found.seats}
    if not set(chosen) <= here:
        raise Refused("not_running", N_("This exam is not running."), N_("Reload the page."))
    second = str(form.get("second_login", "")).strip()
    await confirm_second(box, second, str(form.get("second_password", "")))
    reason, command = str(form.get("reason", "")), str(form.get("command", ""))
    await box.db.write(extend, box, chosen, int(minutes) * 60, reason, request.user, second, command)
    place = f"/room/{sitting}?{_view(sort, seat, minutes=minutes, given=str(len(chosen)))}"
    return Response(None, status_code=204, headers={"hx-redirect": place})


HANDLERS = [
    Router(
        path="/room",
        guards=[needs("invigilator", "chief")],
        route_handlers=[
            room_pause,
            room_resume,
            attempt_pause,
            attempt_resume,
            room_choose,
            room_extend_chosen,
        ],
    )
]
