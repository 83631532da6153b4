"""The check-in desk: may this person in? The newest tap large, the decision of a case, the lane opened by hand."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import TapLine, card_of, desk, tap_by_id
from appliance.flow.order_gate import open_lane
from appliance.rules import desk_screen
from appliance.web.by_hand import by_hand, by_hand_page
from appliance.web.desk_alarm import alarm, desk_alarm
from appliance.web.desk_card import desk_card
from appliance.web.desk_people import desk_leave, desk_locker, desk_people, desk_people_find, desk_withdraw
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


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which card the page shows. Without a wish the rule chooses (rules.desk_screen)."""

    tap: str = ""
    """An earlier one, until it is left."""
    until_decided: bool = False
    """`tap` was opened to be decided: once it is, the rule chooses again."""
    after: str = ""
    """Put aside: only what happens after this instant (ISO) is shown."""


async def _desk(request: Asked, box: Box, name: str, lane: str, wanted: Wanted) -> Template:
    sources = sources_of(request, box)
    await sources.refresh()
    put_aside = _instant(wanted.after)
    also = wanted.tap if wanted.until_decided else ""
    found = await box.db.read(desk, box, lane, name != "desk_now.html", put_aside, also)
    asked = await box.db.read(tap_by_id, box, wanted.tap) if wanted.tap else None
    fixed = asked is not None and (asked.case_open or not wanted.until_decided)
    shown = asked if fixed else found.shown
    stays = shown is not None and shown.tap == wanted.tap
    opened = None if fixed else found.opened
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
        stays=stays,
        until_decided=stays and (wanted.until_decided or (shown is not None and shown.case_open)),
        ways=_ways(box, shown),
        elsewhere=_elsewhere(box, found.last, shown),
        opened=opened,
        after="" if shown or opened else wanted.after,
        faces=box.settings.faces,
    )


def _elsewhere(box: Box, last: list[TapLine], shown: TapLine | None) -> list[TapLine]:
    """Who was not let in at another lane a moment ago, while this person waits."""
    if shown is None or not shown.case_open:
        return []
    refused = [card_of(one) for one in last if one.result == "refuse"]
    told = desk_screen.elsewhere(refused, card_of(shown), box.now())
    return [one for one in last if one.tap in told]


def _ways(box: Box, shown: TapLine | None) -> list[str]:
    """The entrances somebody at the wrong one is shown to."""
    if shown is None or shown.code != "wrong_lane" or shown.sitting is None:
        return []
    return [one.name for one in box.settings.lanes if one.kind == shown.sitting.subject]


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise Corrupt(
            "bad_instant", N_("The address of this page is not right."), N_("Open the desk again.")
        ) from error


@get("/")
async def desk_page(
    request: Asked,
    box: NamedDependency[Box],
    lane: FromQuery[str] = "",
    tap: FromQuery[str] = "",
    ready: FromQuery[bool] = False,
) -> Template:
    """The page; `lane` narrows it to one lane, `tap` shows an earlier one, `ready` waits for the next card."""
    after = box.now().isoformat() if ready else ""
    return await _desk(request, box, "desk.html", lane, Wanted(tap=tap, after=after))


@get("/now")
async def desk_now(
    request: Asked,
    box: NamedDependency[Box],
    lane: FromQuery[str] = "",
    tap: FromQuery[str] = "",
    until_decided: FromQuery[bool] = False,
    after: FromQuery[str] = "",
) -> Template:
    """The part that changes with every tap; see Wanted."""
    wanted = Wanted(tap=tap, until_decided=until_decided, after=after)
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
            desk_card,
            desk_open,
            by_hand_page,
            desk_people,
            desk_people_find,
            desk_leave,
            desk_withdraw,
            desk_locker,
            by_hand,
            ticket_pdf,
            ticket_print,
        ],
    )
]
