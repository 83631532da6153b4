"""What the seat's camera sees comes in: random captures, pictures for the face check. They are looked at elsewhere."""

import asyncio
from datetime import datetime
from typing import Any, Literal

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.note_camera import note_camera
from appliance.flow.seat_check import ask_again
from appliance.flow.take_capture import may_capture, note_dropped, take_capture
from appliance.web.station import OPEN, checked_token
from appliance.web.station_refusals import noting
from appliance.wire import station as wire

Asked = Request[Any, Any, Any]
JPEG = b"\xff\xd8\xff"
LONGEST_ID = 64


@post("/capture", opt=OPEN, status_code=204, request_max_body_size=wire.CAPTURE_MOST)
async def post_capture(
    request: Asked,
    box: NamedDependency[Box],
    id: FromQuery[str],
    attempt: FromQuery[str],
    lease: FromQuery[int],
    at: FromQuery[datetime],
    purpose: FromQuery[Literal["random", "seat_check"]] = "random",
    number: FromQuery[int] = 0,
) -> None:
    """Keep one picture (JPEG, the body). Nothing is written before the seat's right to send it is known."""

    async def take() -> None:
        token = checked_token(request, box)
        if not 0 < len(id) <= LONGEST_ID or at.tzinfo is None:
            raise Refused("bad_capture", N_("This picture cannot be taken."), N_("Reload the page."))
        sent = wire.Capture(id=id, attempt=attempt, lease=lease, at=at, purpose=purpose, number=number)
        if not await box.db.read(may_capture, box, token, sent):
            return
        body = await request.body()
        if not body.startswith(JPEG):
            raise Refused("bad_capture", N_("This picture cannot be taken."), N_("Reload the page."))
        name = await asyncio.to_thread(box.files.put, body, True)
        await box.db.write(take_capture, box, token, sent, name)

    await noting(request, box, take)


@post("/captures-dropped", opt=OPEN, status_code=204)
async def post_dropped(
    request: Asked, box: NamedDependency[Box], data: JSONBody[wire.CapturesDropped]
) -> None:
    """How many pictures the station could not keep while the box was away."""

    async def write() -> None:
        await box.db.write(note_dropped, box, checked_token(request, box), data)

    await noting(request, box, write)


@post("/camera", opt=OPEN, status_code=204)
async def post_camera(request: Asked, box: NamedDependency[Box], data: JSONBody[wire.CameraState]) -> None:
    """How the page's camera is."""

    async def write() -> None:
        await box.db.write(note_camera, box, checked_token(request, box), data)

    await noting(request, box, write)


@post("/face-check/again", opt=OPEN, status_code=204)
async def post_again(request: Asked, box: NamedDependency[Box]) -> None:
    """The page was started anew, or was without the box for long."""

    async def write() -> None:
        await box.db.write(ask_again, box, checked_token(request, box))

    await noting(request, box, write)


PATHS = [post_capture, post_dropped, post_camera, post_again]
