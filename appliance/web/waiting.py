"""The waiting room: whom do I call next? One column per sitting, the next on top."""

from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlmodel import Session

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.call import call_next, places, recall, set_aside, taken
from appliance.flow.queue import Queue, queue
from appliance.flow.start_sitting import sitting_of
from appliance.flow.today import line, over_today, sittings_of_day
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.wire.ops import SittingLine

Asked = Request[Who, Any, Any]
BATCH = 100


class Column(msgspec.Struct, kw_only=True):
    """A sitting with its queue and the number of free places (spares apart)."""

    sitting: SittingLine
    queue: Queue
    free: int
    places: int


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """An order with the id the page gave it."""

    command: str


class Aside(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of a ticket: skipped, held or waiting."""

    state: str


def columns(session: Session, box: Box) -> list[Column]:
    """Today's sittings that people may be called to."""
    found = []
    for sitting in sittings_of_day(session, box):
        if sitting.state not in ("planned", "running"):
            continue
        held = set(taken(session, sitting.room))
        usable = [place for place in places(session, sitting) if place.usable and not place.spare]
        found.append(
            Column(
                sitting=line(session, box, sitting),
                queue=queue(session, box, sitting.id),
                free=sum(place.seat not in held for place in usable),
                places=len(usable),
            )
        )
    return found


async def _queues(request: Asked, box: Box, name: str = "waiting_queues.html") -> Template:
    found = await box.db.read(columns, box)
    over = [] if found else await box.db.read(over_today, box)
    return page(request, name, columns=found, over=over)


@get("/")
async def waiting_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The page."""
    return await _queues(request, box, "waiting.html")


@get("/queues")
async def waiting_queues(request: Asked, box: NamedDependency[Box]) -> Template:
    """The part that changes."""
    return await _queues(request, box)


@post("/{sitting:str}/call", status_code=200)
async def waiting_call(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Command]
) -> Template:
    """Call the next ticket to a free place."""
    await box.db.write(call_next, box, sitting, request.user.actor, data.command)
    return await _queues(request, box)


@post("/{sitting:str}/call-all", status_code=200)
async def waiting_call_all(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Command]
) -> Template:
    """Call everybody who waits for a theory sitting, until no place is left. Each call is a fact of its own."""
    found = await box.db.read(sitting_of, sitting)
    if found.subject != "theory":
        raise Refused(
            "one_by_one",
            N_("Practical candidates are called one by one."),
            N_("Call the next one when a workplace is free."),
        )
    for number in range(BATCH):
        try:
            await box.db.write(call_next, box, sitting, request.user.actor, f"{data.command}-{number}")
        except Refused as refused:
            if number == 0 or refused.code not in ("queue_empty", "no_free_seat"):
                raise
            break
    return await _queues(request, box)


@post("/ticket/{ticket:str}/recall", status_code=200)
async def waiting_recall(
    request: Asked, box: NamedDependency[Box], ticket: FromPath[str], data: URLEncodedBody[Command]
) -> Template:
    """Call once more."""
    await box.db.write(recall, box, ticket, request.user.actor, data.command)
    return await _queues(request, box)


@post("/ticket/{ticket:str}/aside", status_code=200)
async def waiting_aside(
    request: Asked, box: NamedDependency[Box], ticket: FromPath[str], data: URLEncodedBody[Aside]
) -> Template:
    """Skip, hold or put back."""
    await box.db.write(set_aside, box, ticket, data.state, request.user.actor)
    return await _queues(request, box)


HANDLERS = [
    Router(
        path="/waiting",
        guards=[needs("waiting", "chief")],
        route_handlers=[
            waiting_page,
            waiting_queues,
            waiting_call,
            waiting_call_all,
            waiting_recall,
            waiting_aside,
        ],
    )
]
