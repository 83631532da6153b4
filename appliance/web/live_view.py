"""Live view: all rooms at one look, in one page and one answer of the box that goes on while the page is open."""

import logging
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream, Template
from sqlmodel import Session, select

from appliance.base.errors import ExamError
from appliance.base.settings import CameraSettings
from appliance.base.sockets import Chunks, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.live import Tail
from appliance.records.site import Room
from appliance.web.camera_alarms import alarms_of
from appliance.web.ops import sources_of
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.wire.live import GetLive, LiveHead, LivePicture
from appliance.wire.recorder import CameraStatus

log = logging.getLogger("examsite.web")

Asked = Request[Who, Any, Any]
ROLES = ("invigilator", "chief", "inspector")
SILENT = 30.0
"""Seconds without a picture of any camera after which the box gives up this answer; the page asks again."""
HEAD = struct.Struct(">IHQ")
"""Before each picture: bytes of it, bytes of the camera's code after this head, milliseconds since 1970 (UTC)."""


class View(msgspec.Struct):
    """One camera on the page."""

    camera: CameraSettings
    room: str
    status: CameraStatus | None


def rooms(session: Session) -> dict[str, str]:
    """Names of the rooms by their codes."""
    return {room.code: room.name for room in session.exec(select(Room))}


async def views(request: Asked, box: Box) -> list[View]:
    """Every camera in the order of rooms, with how it is."""
    sources = sources_of(request, box)
    await sources.refresh()
    status = {one.camera: one for one in sources.status.cameras} if sources.status else {}
    names = await box.db.read(rooms)
    found = [View(one, names.get(one.room, ""), status.get(one.code)) for one in box.settings.cameras]
    return sorted(found, key=lambda one: (not one.room, one.camera.room, one.camera.code))


@get("/")
async def live_view_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The pictures of all rooms."""
    return page(request, "live_view.html", views=await views(request, box), oob=False, alarms_of=alarms_of)


@get("/states", opt={"passive": True})
async def live_view_states(request: Asked, box: NamedDependency[Box]) -> Template:
    """The words under the pictures."""
    return page(
        request, "live_view_states.html", views=await views(request, box), oob=True, alarms_of=alarms_of
    )


@get("/pictures", opt={"passive": True})
async def live_view_pictures(
    box: NamedDependency[Box], tail: NamedDependency[Tail], cameras: FromQuery[str] = ""
) -> Stream:
    """Pictures of these cameras (codes joined by commas; none = all) as they come, each behind a `HEAD`."""
    known = [one.code for one in box.settings.cameras]
    chosen = [one for one in cameras.split(",") if one in known] or known
    asked = GetLive(cameras=chosen)
    _head, chunks = await ask_stream(box.settings.socket("clips"), asked, LiveHead, timeout=SILENT)
    return Stream(_framed(chunks, tail), media_type="application/octet-stream")


async def _framed(chunks: Chunks, tail: Tail) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            if tail.stopping:
                return
            picture = msgspec.msgpack.decode(chunk, type=LivePicture)
            code = picture.camera.encode()
            head = HEAD.pack(len(picture.jpeg), len(code), int(picture.at.timestamp() * 1000))
            yield head + code + picture.jpeg
    except ExamError as error:
        log.info("live view: %s", error)  # the page asks again
    finally:
        await chunks.aclose()


HANDLERS = [
    Router(
        path="/live-view",
        guards=[needs(*ROLES)],
        route_handlers=[live_view_page, live_view_states, live_view_pictures],
    )
]
