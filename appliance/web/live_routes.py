"""The journal as a live feed for pages: which kinds of entries came, never what is in them.

Events: `entry` with `id: seq` and {kind, subject}; `tick` with the box's time every few seconds. Answers are saved
many times a second: of those at most one per second is told, and the last one always.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.live import Event, Tail, resumed

TICK = 4.0
QUIET = 1.0
MANY = ("answer.",)


class Told(msgspec.Struct):
    """What a page learns of an entry."""

    kind: str
    subject: str


def _message(event: Event) -> ServerSentEventMessage:
    body = msgspec.json.encode(Told(event.kind, event.subject)).decode()
    return ServerSentEventMessage(event="entry", id=event.seq, data=body, retry=1500)


async def feed(box: Box, tail: Tail, kinds: tuple[str, ...], since: int | None) -> AsyncIterator[Any]:
    """Messages for one page: entries whose kind begins with one of `kinds`."""
    clock = box.clock.monotonic
    ticked = told_many = clock() - TICK
    held: Event | None = None
    yield ServerSentEventMessage(event="tick", data=box.now().isoformat(), retry=1500)
    async for event in tail.listen(since, quiet=QUIET):
        now = clock()
        if event is not None and event.kind.startswith(kinds):
            if event.kind.startswith(MANY) and now - told_many < QUIET:
                held = event
            else:
                if event.kind.startswith(MANY):
                    told_many, held = now, None
                yield _message(event)
        if held is not None and now - told_many >= QUIET:
            told_many, last, held = now, held, None
            yield _message(last)
        if now - ticked >= TICK:
            ticked = now
            yield ServerSentEventMessage(event="tick", data=box.now().isoformat())


@get("/live", opt={"passive": True})
async def live(
    request: Request[Who, Any, Any],
    box: NamedDependency[Box],
    tail: NamedDependency[Tail],
    kinds: FromQuery[str] = "",
    since: FromQuery[int | None] = None,
) -> ServerSentEvent:
    """Everything after Last-Event-ID (or `since`); without both, from now on."""
    tail.check()
    last = resumed(request.headers.get("last-event-id", ""))
    start = since if last is None else last
    wanted = tuple(kind for kind in kinds.split(",") if kind) or ("",)
    return ServerSentEvent(feed(box, tail, wanted, start))


HANDLERS = [live]
