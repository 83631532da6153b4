"""Beside the films: whether the files they come from are as they were recorded, by the check of the record's page."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template
from sqlmodel import Session

from appliance.base.evidence_words import wrong
from appliance.flow.box import Box
from appliance.flow.cameras import names_of
from appliance.flow.seen import joined, seen_of
from appliance.flow.storage import holds_over
from appliance.flow.whereabouts import Stay, stays
from appliance.web.checks import Check
from appliance.web.pages import page
from appliance.web.recordings import Asked, Files, called, check_of, found_before
from appliance.web.sessions import needs
from appliance.web.timeline_rows import ShownAlarm, ms

MUCH = timedelta(hours=12)
"""Recordings of a seat or a room longer than this, all cameras together, are read only when somebody asks for it."""
ALTERED = ("altered", "row_altered")
NAMED = 6
"""Files named beside the films; the record names them all."""


class ShownFile(ShownAlarm, kw_only=True):
    """A file that is not as it was recorded, as the player marks it."""

    camera: str
    altered: bool
    """What is there is not what was recorded; else it is missing or cannot be read, which accuses nobody."""


def _wanted(
    session: Session, box: Box, sort: str, ident: str, start: datetime, end: datetime
) -> tuple[str, str, list[Stay]]:
    """Whom or what it is about, the candidate, and what is read: of a candidate the same as on the record's page."""
    seen = seen_of(session, box, sort, ident, start, end)
    if sort in ("candidate", "case"):
        return seen.candidate, seen.candidate, stays(session, box, seen.candidate)
    return seen.id, "", [stay for visit in seen.visits for stay in visit.stays]


def _shown(files: Files, now: datetime) -> str:
    """For the player, as JSON."""
    found = [
        ShownFile(
            ms(one.start),
            ms(one.end or now),
            wrong(one.found),
            camera=one.camera,
            altered=one.found in ALTERED,
        )
        for one in files.damaged
    ]
    return msgspec.json.encode(found).decode()


@get("/files")
async def film_files(
    request: Asked,
    box: NamedDependency[Box],
    sort: FromQuery[str],
    matter: FromQuery[str],
    start: Annotated[datetime, QueryParameter(name="from")],
    end: Annotated[datetime, QueryParameter(name="to")],
    asked: FromQuery[bool] = False,
    again: FromQuery[bool] = False,
    of: FromQuery[str] = "",
) -> Template:
    """The line over the films. Asks for itself again until the check is over."""
    subject, whose, wanted = await box.db.read(_wanted, box, sort, matter, start, end)
    spans = joined(wanted, start, min(end, box.now()))
    long = not whose and sum((one.end - one.start for one in spans), timedelta()) > MUCH
    check: Check | None = None
    if not long or asked:
        check = await check_of(request, box, wanted, subject, again, of)
    return page(
        request,
        "film_files.html",
        check=check,
        whose=whose,
        holds=await box.db.read(holds_over, box, spans),
        bad=await found_before(box, subject, wanted, check),
        asked={"sort": sort, "matter": matter, "from": start.isoformat(), "to": end.isoformat()},
        names=names_of(box.settings),
        named=NAMED,
        wrong=wrong,
        called=called,
        # Until files have been read nothing is known anew: the player keeps the marks it has.
        shown=_shown(check.result, box.now()) if check and check.result else "",
    )


HANDLERS = [
    Router(path="/timeline", guards=[needs("inspector", "chief")], route_handlers=[film_files]),
]
