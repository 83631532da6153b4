"""The exam page calls: a raised hand, and that the page was left."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from appliance.flow.box import Box
from appliance.flow.page_left import page_left
from appliance.flow.raise_hand import raise_hand
from appliance.web.station import COOKIE, OPEN, checked_token, csrf, shown
from appliance.web.station_refusals import noting
from appliance.wire import station as wire

Asked = Request[Any, Any, Any]


@post("/hand", opt=OPEN, status_code=200)
async def post_hand(request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Hand]) -> wire.Attempt:
    """The candidate calls the invigilator, or takes it back."""

    async def write() -> wire.Attempt:
        found = await box.db.write(raise_hand, box, checked_token(request, box), data.up)
        return shown(box, found, csrf(box, request.cookies[COOKIE]))

    return await noting(request, box, write)


@post("/left", opt=OPEN, status_code=200)
async def post_left(request: Asked, box: NamedDependency[Box], data: JSONBody[wire.Left]) -> wire.Noted:
    """The page was left, or something lay over it; answered after the commit."""

    async def write() -> wire.Noted:
        await box.db.write(page_left, box, checked_token(request, box), data)
        return wire.Noted(id=data.id, now=box.now())

    return await noting(request, box, write)


PATHS = [post_hand, post_left]
