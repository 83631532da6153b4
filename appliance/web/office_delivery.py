"""The office says whose page a sitting is answered on."""

from typing import Any, Literal

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlmodel import Session, col, select

from appliance.base.i18n import _
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.delivery import ROLES, set_delivery
from appliance.flow.today import line
from appliance.records.sitting import Sitting
from appliance.web.pages import done, page
from appliance.web.sessions import needs
from appliance.wire.ops import SittingLine

Asked = Request[Who, Any, Any]


class Chosen(msgspec.Struct, forbid_unknown_fields=True):
    """The form."""

    delivery: Literal["own", "province"]
    page: str = ""


def _planned(session: Session, box: Box) -> list[tuple[SittingLine, Sitting]]:
    rows = session.exec(
        select(Sitting)
        .where(Sitting.subject == "theory", Sitting.state == "planned")
        .order_by(col(Sitting.starts_at))
    ).all()
    return [(line(session, box, one), one) for one in rows]


@get("/delivery")
async def delivery_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """Every theory sitting that has not begun."""
    return page(request, "delivery.html", sittings=await box.db.read(_planned, box))


@post("/delivery/{sitting:str}", status_code=200)
async def delivery_set(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Chosen]
) -> Template:
    """Set it for one."""
    found = await box.db.write(set_delivery, box, sitting, data.delivery, data.page, request.user)
    own = found.delivery == "own"
    return done(
        request,
        _("Answered on our own exam page.") if own else _("Answered on the province's page."),
        "" if own else _("No paper is made here, and results come from the province."),
    )


HANDLERS = [Router(path="/office", guards=[needs(*ROLES)], route_handlers=[delivery_page, delivery_set])]
