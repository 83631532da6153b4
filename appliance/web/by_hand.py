"""Entry without a chip: a paper typed in by hand, photographed, decided by two people."""

import asyncio
import time
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery, MultipartBody
from litestar.response import Template

from appliance.base.errors import Corrupt, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.admit import admit, stored_tap
from appliance.flow.box import Box
from appliance.flow.desk import tap_by_id
from appliance.flow.paper_by_hand import checked, facts_of
from appliance.rules.papers import Paper
from appliance.web.desk_alarm import alarm
from appliance.web.ops import sources_of
from appliance.web.pages import page
from appliance.wire.gate import PaperByHand, PaperTaken

Asked = Request[Who, Any, Any]
LARGEST = 8_000_000
PATIENCE = 15.0
PAPERS = get_args(Paper)
STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n": "PNG", b"RIFF": "WebP"}


@dataclass
class PaperForm:
    """What was typed. `valid_to`: ISO date or empty."""

    tap: str
    lane: str
    name: str
    number: str
    paper: str
    valid_to: str = ""
    view: str = ""
    """The lane the desk was narrowed to; empty = all of them."""
    picture: UploadFile | None = None


@get("/by-hand")
async def by_hand_page(request: Asked, box: NamedDependency[Box], lane: FromQuery[str] = "") -> Template:
    """The form."""
    sources = sources_of(request, box)
    await sources.refresh()
    over_all = await alarm(request, box, with_cases=True)
    return page(
        request, "by_hand.html", **over_all, lanes=sources.lanes, lane=lane, papers=PAPERS, tap=new_id()
    )


@post("/by-hand", status_code=200)
async def by_hand(
    request: Asked, box: NamedDependency[Box], data: MultipartBody[PaperForm]
) -> Response[None]:
    """Decide it as a tap and show it on the desk, where two people decide.

    The page of somebody typed before (the browser's way back) is refused before a picture of the paper is kept.
    """
    typed = checked(
        PaperByHand(
            tap=data.tap,
            lane=data.lane,
            name=data.name,
            number=data.number,
            paper=data.paper,
            valid_to=_day(data.valid_to),
            actor=request.user.actor,
        ),
        box.today(),
    )
    kind = _kind(box, typed.lane)
    await box.db.read(stored_tap, typed.tap, typed.name, typed.number)
    typed = msgspec.structs.replace(typed, picture=await _kept(box, data.picture))
    try:
        await ask(box.settings.socket("gate"), typed, PaperTaken)
    except Unavailable:  # the entry process is silent: entry goes on without a live picture
        await box.db.write(admit, box, facts_of(typed, kind, box.now()))
    else:
        await _decided(box, typed.tap)
    return Response(
        None, status_code=204, headers={"hx-redirect": f"/desk?lane={quote(data.view)}&tap={typed.tap}"}
    )


async def _decided(box: Box, tap: str) -> None:
    """Wait a while until the lane has taken the picture and decided; later the desk shows it by itself."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not await box.db.read(tap_by_id, box, tap):  # noqa: ASYNC110 (a database has no event)
        await asyncio.sleep(0.2)


def _kind(box: Box, code: str) -> str:
    lane = next((one for one in box.settings.lanes if one.code == code), None)
    if lane is None:
        raise Refused("no_lane", N_("Choose a lane."), N_("Choose it from the list."))
    return lane.kind


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Corrupt("bad_day", N_("The day cannot be read."), N_("Write it as 2027-03-31.")) from error


async def _kept(box: Box, picture: UploadFile | None) -> str:
    """The picture sealed; its name. Empty when none was taken."""
    body = await picture.read(LARGEST + 1) if picture and picture.filename else b""
    if not body:
        return ""
    if len(body) > LARGEST or not any(body.startswith(start) for start in STARTS):
        raise Corrupt(
            "bad_picture",
            N_("The picture is no JPEG or PNG, or larger than 8 MB."),
            N_("Take it again, or hold the paper into the lane's camera."),
        )
    return await asyncio.to_thread(box.files.put, body, True)
