"""The exam office: rosters in, results out. What can be released, what holds it, and the sheets on paper."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.load_roster import (
    DayPlan,
    SubjectPlan,
    confirm_roster,
    keep_lines,
    lines_of,
    load_roster_file,
    plan_lines,
    reject_roster,
    roster_of,
)
from appliance.flow.office import office, roster_report
from appliance.flow.verdict import BLOCKERS, release_day
from appliance.intake.roster import read_roster
from appliance.intake.roster_file import SENTENCES
from appliance.rules.verdict import SENTENCES as VERDICTS
from appliance.web.pages import done, page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
LARGEST = 10_000_000
LONGEST = 600
"""Minutes of a subject."""


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why a roster is put aside."""

    reason: str


@dataclass
class UploadForm:
    """A roster file and what the office adds to it. Times are local, `minutes` per subject."""

    file: UploadFile
    theory_room: str = ""
    theory_start: str = ""
    theory_minutes: int = 120
    practical_room: str = ""
    practical_start: str = ""
    practical_minutes: int = 60


def _subject(box: Box, room: str, start: str, minutes: int) -> SubjectPlan | None:
    if not room or not start:
        return None
    try:
        local = datetime.fromisoformat(start)
    except ValueError as error:
        raise Corrupt("bad_time", N_("The time cannot be read."), N_("Choose date and time.")) from error
    if not 0 < minutes <= LONGEST:
        raise Corrupt("bad_length", N_("A subject takes 1 to {count} minutes."), count=LONGEST)
    return SubjectPlan(room=room, starts_at=local.replace(tzinfo=box.zone), duration_s=minutes * 60)


async def _office(request: Asked, box: Box, name: str) -> Template:
    found = await box.db.read(office, box, request.user.account)
    return page(request, name, o=found, blocker_words=BLOCKERS, verdict_words=VERDICTS)


@get("/")
async def office_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The page."""
    return await _office(request, box, "office.html")


@get("/results")
async def office_results(request: Asked, box: NamedDependency[Box]) -> Template:
    """Sittings, blockers, verdicts: the part that changes."""
    return await _office(request, box, "office_results.html")


@get("/rosters")
async def office_rosters(request: Asked, box: NamedDependency[Box]) -> Template:
    """The list of rosters."""
    return await _office(request, box, "office_rosters.html")


@post("/roster", status_code=200)
async def office_upload(
    request: Asked, box: NamedDependency[Box], data: MultipartBody[UploadForm]
) -> Response[None]:
    """Take in a roster as pending and show what became of every row."""
    content = await data.file.read(LARGEST + 1)
    if not content or len(content) > LARGEST:
        raise Corrupt(
            "bad_file", N_("The file is empty or larger than 10 MB."), N_("Choose the roster's own file.")
        )
    site = box.settings.site
    file = await asyncio.to_thread(
        read_roster, content, data.file.filename, box.today(), here=(site.name, site.code)
    )
    plan = DayPlan(
        theory=_subject(box, data.theory_room, data.theory_start, data.theory_minutes),
        practical=_subject(box, data.practical_room, data.practical_start, data.practical_minutes),
    )
    lines = await asyncio.to_thread(plan_lines, box, file, plan)
    kept = await asyncio.to_thread(keep_lines, box, lines)
    roster = await box.db.write(load_roster_file, box, file, data.file.filename, kept, request.user)
    return Response(None, status_code=204, headers={"hx-redirect": f"/office/roster/{roster.id}"})


@get("/roster/{roster:str}")
async def office_roster(request: Asked, box: NamedDependency[Box], roster: FromPath[str]) -> Template:
    """One roster row by row."""
    row = await box.db.read(roster_of, roster)
    waiting = await asyncio.to_thread(lines_of, box, row) if row.state == "pending" else []
    found = await box.db.read(roster_report, box, roster, waiting)
    return page(request, "roster.html", r=found, sentences=SENTENCES, own=request.user.account)


@post("/roster/{roster:str}/confirm", status_code=200)
async def office_confirm(request: Asked, box: NamedDependency[Box], roster: FromPath[str]) -> Response[None]:
    """The second person puts it in force."""
    found = await box.db.read(roster_of, roster)
    lines = await asyncio.to_thread(lines_of, box, found)
    await box.db.write(confirm_roster, box, roster, lines, request.user)
    return Response(None, status_code=204, headers={"hx-refresh": "true"})


@post("/roster/{roster:str}/reject", status_code=200)
async def office_reject(
    request: Asked, box: NamedDependency[Box], roster: FromPath[str], data: URLEncodedBody[Reason]
) -> Response[None]:
    """Put it aside."""
    await box.db.write(reject_roster, box, roster, data.reason, request.user)
    return Response(None, status_code=204, headers={"hx-refresh": "true"})


@post("/release/{day:str}", status_code=200, guards=[needs("chief")])
async def office_release(request: Asked, box: NamedDependency[Box], day: FromPath[str]) -> Template:
    """Release the day's results: the head of the site, who has not scored."""
    release = await box.db.write(release_day, box, day, request.user)
    return done(request, _("{count} results released.").format(count=release.count))


HANDLERS = [
    Router(
        path="/office",
        guards=[needs("office", "chief")],
        route_handlers=[
            office_page,
            office_results,
            office_rosters,
            office_upload,
            office_roster,
            office_confirm,
            office_reject,
            office_release,
        ],
    )
]
