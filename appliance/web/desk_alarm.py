"""What stands over every page of the desk: the fire alarm, and who waits for a decision meanwhile."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.desk import TapLine, waiting_cases
from appliance.web.lane_faults import Fault, lane_faults
from appliance.web.ops import sources_of
from appliance.web.pages import page

Asked = Request[Who, Any, Any]


async def alarm(request: Asked, box: Box, with_cases: bool) -> dict[str, Any]:
    """What the part `_alarm.html` shows."""
    sources = sources_of(request, box)
    await sources.refresh()
    fire: Fault | None = next(
        (one for one in lane_faults(sources.lanes) if one.part == "alarm" and not one.lane), None
    )
    cases: list[TapLine] = await box.db.read(waiting_cases, box) if with_cases else []
    return {"fire": fire, "cases": cases, "with_cases": with_cases}


@get("/alarm")
async def desk_alarm(request: Asked, box: NamedDependency[Box], cases: FromQuery[bool] = False) -> Template:
    """The part that changes."""
    return page(request, "_alarm.html", **await alarm(request, box, cases))
