"""Looks at a person's data: each is journaled once per session and thing (flow.look), before anything is shown."""

from typing import Any

from litestar import Request

from appliance.flow.accounts import Who

Asked = Request[Who, Any, Any]
MOST = 10_000


def looks_of(request: Asked) -> set[tuple[str, str]]:
    """Session and thing looked at, of looks whose journal entry is committed."""
    state = request.app.state
    if "looks" not in state:
        state.looks = set()
    looks: set[tuple[str, str]] = state.looks
    if len(looks) > MOST:
        looks.clear()
    return looks
