"""A camera's own card asked for what is missing of its recording (ONVIF Profile G), from the camera's page.

exam-recorder asks and writes; what takes longer than somebody waits goes on without the page and stands in the journal.
"""

import asyncio
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.web.pages import page
from appliance.wire.fill import CardFilled, FillFromCard

WAIT, PATIENCE = 20.0, 7200.0
"""Seconds the page waits, and the box."""
_doing: set[asyncio.Task[CardFilled]] = set()
"""Held until they are over."""


@post("/one/{code:str}/card", status_code=200)
async def camera_card(
    request: Request[Who, Any, Any], box: NamedDependency[Box], code: FromPath[str]
) -> Template:
    """Ask its card now for what is missing of the last days."""
    order = FillFromCard(camera=code, by=request.user.actor)
    doing = asyncio.create_task(ask(box.settings.socket("recorder"), order, CardFilled, PATIENCE))
    _doing.add(doing)
    doing.add_done_callback(_over)
    await asyncio.wait({doing}, timeout=WAIT)
    made, problem = None, None
    if doing.done():
        try:
            made = doing.result()
        except ExamError as error:
            problem = error
    seconds = sum((one.end - one.start).total_seconds() for one in made.filled) if made else 0.0
    return page(request, "camera_card.html", made=made, problem=problem, seconds=seconds)


def _over(doing: asyncio.Task[CardFilled]) -> None:
    _doing.discard(doing)
    if not doing.cancelled():
        doing.exception()  # looked at: whoever still waits tells it, the journal knows what was filled
