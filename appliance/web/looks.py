"""Looks at a person's data: each is journaled once per session and thing, before anything is shown."""

from typing import Any

from litestar import Request

from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.look import note_look

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


async def note_once(
    request: Asked, box: Box, kind: str, subject: str, detail: dict[str, Any], thing: str
) -> None:
    """Journal a look unless this session has looked at this `thing` before."""
    looks, seen = looks_of(request), (request.user.token_hash, thing)
    if seen not in looks:
        await box.db.write(note_look, box, kind, subject, request.user, detail)
        looks.add(seen)
