"""All route handlers of the web process, by audience."""

from appliance.web import home

HANDLERS = [*home.HANDLERS]
