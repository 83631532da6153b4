"""All route handlers of the web process, by audience."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from appliance.web import (
    desk,
    display,
    examiner,
    home,
    inspection,
    live_routes,
    media,
    notice,
    office,
    ops,
    password,
    questions,
    roll_call,
    room,
    room_violation,
    sheets,
    station,
    station_calls,
    station_captures,
    station_page,
    station_paper,
    talk,
    violations,
    waiting,
)

HANDLERS: list[ControllerRouterHandler] = [
    *home.HANDLERS,
    *notice.HANDLERS,
    *password.HANDLERS,
    *ops.HANDLERS,
    *live_routes.HANDLERS,
    *media.HANDLERS,
    *desk.HANDLERS,
    *roll_call.HANDLERS,
    *waiting.HANDLERS,
    *display.HANDLERS,
    *room.HANDLERS,
    *room_violation.HANDLERS,
    *violations.HANDLERS,
    *talk.HANDLERS,
    *examiner.HANDLERS,
    *office.HANDLERS,
    *sheets.HANDLERS,
    *questions.HANDLERS,
    *inspection.HANDLERS,
    *station_page.HANDLERS,
    Router(
        path="/station/api",
        route_handlers=[
            *station.PATHS,
            *station_paper.PATHS,
            *station_captures.PATHS,
            *talk.SEAT_PATHS,
            *station_calls.PATHS,
        ],
    ),
]
