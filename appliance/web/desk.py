"""The check-in desk: may this person in? The newest tap large, the decision of a case, the lane opened by hand."""

from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.i18n import _
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import Desk, OpenedLine, TapLine, desk, tap_by_id
from appliance.flow.order_gate import open_lane
from appliance.web.by_hand import by_hand, by_hand_page
from appliance.web.desk_alarm import alarm, desk_alarm
from appliance.web.desk_people import desk_leave, desk_locker, desk_people, desk_people_find
from appliance.web.lane_faults import lane_faults
from appliance.web.ops import sources_of
from appliance.web.pages import done, page
from appliance.web.sessions import needs
from appliance.web.ticket import ticket_pdf, ticket_print

Asked = Request[Who, Any, Any]
ROLES = ("entry", "chief")


class DecisionForm(msgspec.Struct, forbid_unknown_fields=True):
    """Let in or send away after review."""

    decision: str
    reason: str = ""
    locker: str = ""
    second_login: str = ""
    second_password: str = ""


class OpenForm(msgspec.Struct, forbid_unknown_fields=True):
    """Open a lane without an admission."""

    lane: str
    reason: str
    command: str
    second_login: str
    second_password: str


def _later(opened: OpenedLine | None, tap: TapLine) -> bool:
    """Was a lane opened by hand after the newest card, and after its case was decided?"""
    return opened is not None and opened.at > max(tap.at, tap.decided_at or tap.at)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which card the page shows. Without a wish the newest one of the view."""

    tap: str = ""
    """An earlier one, until it is left."""
    until_decided: bool = False
    """`tap` was opened to be decided: once it is, the next card takes its place."""
    held: str = ""
    """The one that waited for a decision: cards at other lanes do not push it away."""
    after: str = ""
    """Put aside: only a newer one is shown."""
    ready: bool = False
    """Put aside whatever is the newest now."""


def _chosen(wanted: Wanted, asked: TapLine | None, found: Desk) -> TapLine | None:
    """The card the page stays with, None = it shows the newest."""
    if asked is None:
        return None
    newer = [one for one in found.last if one.at > (asked.decided_at or asked.at)]
    if wanted.held:
        waits = asked.case_open and not _later(found.opened, asked)
        return asked if waits and not any(one.lane == asked.lane for one in newer) else None
    return None if wanted.until_decided and asked.decided_at and newer else asked


async def _desk(request: Asked, box: Box, name: str, lane: str, wanted: Wanted) -> Template:
    sources = sources_of(request, box)
    await sources.refresh()
    found = await box.db.read(desk, box, lane, name != "desk_now.html")
    asked = wanted.tap or wanted.held
    shown = _chosen(wanted, await box.db.read(tap_by_id, box, asked) if asked else None, found)
    fixed = bool(wanted.tap and shown)
    opened: OpenedLine | None = None
    after = wanted.after
    if shown is None:
        newest = found.last[0] if found.last else None
        opened = found.opened if newest is None or _later(found.opened, newest) else None
        here = opened.order if opened else newest.tap if newest else ""
        after = here if wanted.ready else after
        shown = newest if newest and not opened and newest.tap != after else None
        opened = opened if opened and opened.order != after else None
    over_all = await alarm(request, box, with_cases=False)
    return page(
        request,
        name,
        **over_all | {"desk": found},
        lanes=sources.lanes,
        faults=[
            one
            for one in lane_faults(sources.lanes, sources.gate.silent_since is not None)
            if (not lane or one.lane in ("", lane)) and not (one.part == "alarm" and not one.lane)
        ],
        lane=lane,
        tap=shown,
        fixed=fixed,
        until_decided=fixed and shown is not None and (shown.case_open or wanted.until_decided),
        ways=[
            one.name
            for one in box.settings.lanes
            if shown and shown.sitting and one.kind == shown.sitting.subject
        ],
        opened=opened,
        after="" if shown or opened else after,
        faces=box.settings.faces,
    )


@get("/")
async def desk_page(
    request: Asked,
    box: NamedDependency[Box],
    lane: FromQuery[str] = "",
    tap: FromQuery[str] = "",
    ready: FromQuery[bool] = False,
) -> Template:
    """The page; `lane` narrows it to one lane, `tap` shows an earlier one, `ready` waits for the next card."""
    return await _desk(request, box, "desk.html", lane, Wanted(tap=tap, ready=ready))


@get("/now")
async def desk_now(
    request: Asked,
    box: NamedDependency[Box],
    lane: FromQuery[str] = "",
    tap: FromQuery[str] = "",
    until_decided: FromQuery[bool] = False,
    held: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Template:
    """The part that changes with every tap; see Wanted."""
    wanted = Wanted(tap=tap, until_decided=until_decided, held=held, after=after)
    return await _desk(request, box, "desk_now.html", lane, wanted)


@get("/below")
async def desk_below(request: Asked, box: NamedDependency[Box], lane: FromQuery[str] = "") -> Template:
    """Lanes, sittings, missing people, last taps."""
    return await _desk(request, box, "desk_below.html", lane, Wanted())


@post("/case/{case:str}", status_code=200)
async def desk_decide(
    request: Asked, box: NamedDependency[Box], case: FromPath[str], data: URLEncodedBody[DecisionForm]
) -> Template:
    """Decide a case; the second person proves who they are where the rule asks for one."""
    if data.second_login:
        await confirm_second(box, data.second_login.strip(), data.second_password)
    second = data.second_login.strip()
    decided = await box.db.write(
        decide_case, box, case, data.decision, data.reason, request.user, second, data.locker
    )
    shown = await box.db.read(tap_by_id, box, decided.tap or "")
    name = shown.name if shown else ""
    if decided.decision == "admit":
        return done(
            request,
            _("{name}: let in after review.").format(name=name),
            _("The gate opens, the ticket is ready."),
        )
    return done(request, _("{name}: sent away after review.").format(name=name), kind="look")


@post("/open-lane", status_code=200)
async def desk_open(request: Asked, box: NamedDependency[Box], data: URLEncodedBody[OpenForm]) -> Template:
    """Open a lane by hand, once."""
    await confirm_second(box, data.second_login.strip(), data.second_password)
    order = await box.db.write(
        open_lane, box, data.lane, data.reason, request.user, data.second_login.strip(), data.command
    )
    names = {one.code: one.name for one in box.settings.lanes}
    return done(request, _("The lane is told to open once."), names.get(order.lane, order.lane))


HANDLERS = [
    Router(
        path="/desk",
        guards=[needs(*ROLES)],
        route_handlers=[
            desk_page,
            desk_now,
            desk_below,
            desk_alarm,
            desk_decide,
            desk_open,
            by_hand_page,
            desk_people,
            desk_people_find,
            desk_leave,
            desk_locker,
            by_hand,
            ticket_pdf,
            ticket_print,
        ],
    )
]
