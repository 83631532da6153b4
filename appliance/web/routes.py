"""All route handlers of the web process, by audience."""

from litestar import Router

from appliance.web import home, ops, station

HANDLERS = [
    *home.HANDLERS,
    *ops.HANDLERS,
    Router(path="/station/api", route_handlers=station.PATHS),
]
