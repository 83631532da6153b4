"""What a seat asks that is not its own, or that was tampered with, is refused and journaled: once each, and bounded."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request

from appliance.base.errors import Corrupt, Refused
from appliance.flow.accounts import hash_token
from appliance.flow.box import Box
from appliance.flow.note_request import note_request

NOTED = {"not_your_attempt", "csrf", "bad_answer", "bad_case", "no_help", "moved_seat", "not_your_talk"}
MOST = 20
"""Facts journaled of one address, lease or kind: a machine gone mad must not fill the journal, nor silence others."""
MOST_KNOWN = 2_000
"""Addresses, leases and kinds remembered; the one that has been quiet longest is forgotten first."""

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
            if first_time(request, f"address {address}", f"{token} {error.code}"):
                await box.db.write(note_request, box, address, token, error.code)
        raise


def first_time(request: Asked, who: str, what: str) -> bool:
    """Is this still to be journaled? Once each while the process lives, and at most `MOST` of one `who`."""
    known: dict[str, set[str]] = request.app.state.setdefault("refused_requests", {})
    of_one = known.pop(who, set())
    known[who] = of_one  # the newest stand last
    if len(known) > MOST_KNOWN:
        del known[next(iter(known))]
    if what in of_one or len(of_one) >= MOST:
        return False
    of_one.add(what)
    return True
