"""All route handlers of the web process, by audience."""

from litestar import Router

from appliance.web import home, station

HANDLERS = [
    *home.HANDLERS,
    Router(path="/station/api", route_handlers=station.PATHS),
]
