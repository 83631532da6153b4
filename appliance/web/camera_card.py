"""A camera's own card asked for what is missing of its recording (ONVIF Profile G), from the camera's page.

exam-recorder asks and writes; it goes on without the page, and what was filled stands in the journal.
"""

import asyncio
from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.web.pages import page
from appliance.wire.fill import CardFilled, FillFromCard

PATIENCE = 7 * 86_400.0
"""Seconds the box waits: a card is read for hours, and a recorder that ends says so at once by its closed socket."""
_doing: dict[str, asyncio.Task[CardFilled]] = {}
"""By camera: under way, or what the last one answered."""


@post("/one/{code:str}/card", status_code=200)
async def camera_card(
    request: Request[Who, Any, Any], box: NamedDependency[Box], code: FromPath[str]
) -> Template:
    """Ask its card now for what is missing of the last days."""
    before = _doing.get(code)
    if before is None or before.done():
        order = FillFromCard(camera=code, by=request.user.actor)
        doing = asyncio.create_task(ask(box.settings.socket("recorder"), order, CardFilled, PATIENCE))
        doing.add_done_callback(_looked_at)
        _doing[code] = doing
    return await card_state(request, code)


@get("/one/{code:str}/card", opt={"passive": True})
async def camera_card_state(request: Request[Who, Any, Any], code: FromPath[str]) -> Template:
    """Whether it is done, and what came of it."""
    return await card_state(request, code)


async def card_state(request: Request[Who, Any, Any], code: str) -> Template:
    """As the page shows it; it asks again while the card is read."""
    doing = _doing.get(code)
    if doing:
        await asyncio.wait({doing}, timeout=1.0)
    made, problem = None, None
    if doing and doing.done():
        try:
            made = doing.result()
        except ExamError as error:
            problem = error
    seconds = sum((one.end - one.start).total_seconds() for one in made.filled) if made else 0.0
    return page(
        request, "camera_card.html", code=code, asked=bool(doing), made=made, problem=problem, seconds=seconds
    )


def _looked_at(doing: asyncio.Task[CardFilled]) -> None:
    if not doing.cancelled():
        doing.exception()  # whoever waits tells it, the journal knows what was filled
