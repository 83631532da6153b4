"""The roll call (清点人数): one page that goes on without the box once it is open."""

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Template

from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.roll_call import Tick, roll_call, tick
from appliance.web.pages import page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
ROLES = ("entry", "invigilator", "chief")


@get("/")
async def roll_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The page."""
    return page(request, "roll_call.html", roll=await box.db.read(roll_call, box))


@get("/now", opt={"passive": True})
async def roll_now(request: Asked, box: NamedDependency[Box]) -> Template:
    """The people, read again while the box answers."""
    return page(request, "roll_call_now.html", roll=await box.db.read(roll_call, box))


@post("/ticks", status_code=200)
async def roll_ticks(
    request: Asked, box: NamedDependency[Box], data: JSONBody[list[Tick]]
) -> Response[dict[str, int]]:
    """Ticks of the page, journaled; those of a time without the box come later with their own time."""
    return Response({"new": await box.db.write(tick, box, data, request.user)})


HANDLERS = [
    Router(path="/roll-call", guards=[needs(*ROLES)], route_handlers=[roll_page, roll_now, roll_ticks])
]
