"""What a seat asks that is not its own, or that was tampered with, is refused and journaled: once each of a cookie."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request

from appliance.base.errors import Corrupt, Refused
from appliance.flow.accounts import hash_token
from appliance.flow.box import Box
from appliance.flow.note_request import note_request

NOTED = {"not_your_attempt", "csrf", "bad_answer", "bad_case", "no_help", "moved_seat", "not_your_talk"}
MOST = 50
"""Cookies remembered: a machine gone mad must fill neither the journal nor the memory."""

Asked = Request[Any, Any, Any]
Got = TypeVar("Got")


async def noting(request: Asked, box: Box, work: Callable[[], Awaitable[Got]]) -> Got:
    """Do `work`; a refusal somebody may be hunting for is journaled before it is told."""
    try:
        return await work()
    except (Refused, Corrupt) as error:
        if error.code in NOTED:
            token = hash_token(request.cookies.get("seat", ""))
            address = request.client.host if request.client else ""
            if _first_time(request, f"{address} {token} {error.code}"):
                await box.db.write(note_request, box, address, token, error.code)
        raise


def _first_time(request: Asked, what: str) -> bool:
    known: set[str] = request.app.state.setdefault("refused_requests", set())
    if what in known or len(known) >= MOST * len(NOTED):
        return False
    known.add(what)
    return True
