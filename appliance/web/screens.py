"""The changing code for the cameras: on the waiting display, and alone on a panel."""

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.base.screen_code import SIDE, cells, digits
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.screen_codes import code_now
from appliance.rules.screen_code import begins
from appliance.web.pages import page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
WAITING = "waiting"
"""The waiting display's name among the screens."""


async def _shown(request: Asked, box: Box, name: str, screen: str) -> Template:
    shown = await box.db.read(code_now, box, screen)
    return page(
        request,
        name,
        screen=screen,
        side=SIDE,
        cells=cells(shown.number),
        digits=digits(shown.number),
        minute=begins(shown.minute),
    )


@get("/{screen:str}")
async def panel_page(request: Asked, box: NamedDependency[Box], screen: FromPath[str]) -> Template:
    """A screen that shows nothing but its code."""
    return await _shown(request, box, "panel.html", screen)


@get("/{screen:str}/code", opt={"passive": True})
async def panel_code(request: Asked, box: NamedDependency[Box], screen: FromPath[str]) -> Template:
    """The part that changes every minute."""
    return await _shown(request, box, "_screen_code.html", screen)


HANDLERS = [
    Router(
        path="/panel",
        guards=[needs("display", "waiting", "chief")],
        route_handlers=[panel_page, panel_code],
    )
]
