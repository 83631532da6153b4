"""Evidence packages on the page: asked for, made while one looks on, fetched by whoever asked."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import File, Template

from appliance.base.errors import Conflict, Corrupt, ExamError, NotFound
from appliance.base.evidence_words import wrong
from appliance.base.i18n import N_, language, set_language
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.look import note_look
from appliance.flow.seen import Seen, seen_of
from appliance.web.package import Made, Wanted, check_wanted, make_package, scratch
from appliance.web.pages import page
from appliance.web.sessions import needs

log = logging.getLogger("examsite.web")

Asked = Request[Who, Any, Any]
KEPT = 3600.0
"""Seconds a finished package stays on the box."""


class Order(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the page asks for. Times with their zone, as scripts write them."""

    sort: str
    id: str
    start: Annotated[str, msgspec.Meta(max_length=40)]
    end: Annotated[str, msgspec.Meta(max_length=40)]
    cameras: str = ""
    """Codes, joined by commas."""
    copies: str = ""


class Job:
    """One package being made."""

    def __init__(self, who: Who, path: Path, name: str, subject: str, wanted: Wanted) -> None:
        self.id, self.account, self.path, self.name = new_id(), who.account, path, name
        self.subject, self.wanted = subject, wanted
        self.done = self.total = 0
        self.made: Made | None = None
        self.error: ExamError | None = None
        self.ended = 0.0
        """By the monotonic clock; 0 = it is being made."""
        self.task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Nothing more will come."""
        return self.made is not None or self.error is not None

    def progress(self, done: int, total: int) -> None:
        """Bytes of recordings."""
        self.done, self.total = done, total


class Packages:
    """What this process makes and keeps; `request.app.state.packages`."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.monotonic) -> None:
        self.jobs: dict[str, Job] = {}
        self._folder, self._now = folder, now

    def ended(self, job: Job) -> None:
        """It is finished, or failed: from now on it is kept for a while."""
        job.ended = self._now()

    async def sweep(self) -> None:
        """What is old goes; so does what an ended process left behind. Raises OSError when a file cannot go."""
        for job in [one for one in self.jobs.values() if one.ended and self._now() - one.ended > KEPT]:
            del self.jobs[job.id]
        kept = {one.path for one in self.jobs.values()}
        for path in [one for one in self._folder.glob("*.zip") if one not in kept]:
            path.unlink(missing_ok=True)


def _packages(request: Asked) -> Packages:
    found: Packages = request.app.state.packages
    return found


def _when(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Corrupt("bad_time", N_("This is no time."), N_("Correct the times.")) from error
    if found.tzinfo is None:
        raise Corrupt("bad_time", N_("This is no time."), N_("Correct the times."))
    return found


@post("/package", status_code=200)
async def package_ordered(request: Asked, box: NamedDependency[Box], data: URLEncodedBody[Order]) -> Template:
    """Begin; one at a time for everybody: the machine has other work."""
    cameras = [one for one in data.cameras.split(",") if one]
    wanted = Wanted(
        cameras=cameras, start=_when(data.start), end=_when(data.end), copies=data.copies == "yes"
    )
    await check_wanted(box, wanted)
    seen = await box.db.read(seen_of, box, data.sort, data.id, wanted.start, wanted.end)
    known = _packages(request)
    if any(not job.over for job in known.jobs.values()):
        raise Conflict(
            "package_under_way",
            N_("Another package is being made."),
            N_("Wait until it is done, then ask again."),
        )
    name = f"evidence-{box.local(box.now()):%Y%m%d-%H%M%S}.zip"
    job = Job(request.user, scratch(box), name, seen.candidate or seen.id, wanted)
    known.jobs[job.id] = job
    job.task = asyncio.create_task(_run(known, job, box, seen, wanted, request.user, language()))
    return page(request, "package.html", job=job, wrong=wrong)


async def _run(
    known: Packages, job: Job, box: Box, seen: Seen, wanted: Wanted, who: Who, spoken: str
) -> None:
    set_language(spoken)
    try:
        job.made = await make_package(
            box, seen, wanted, who.actor, who.name, job.path, job.progress, job.name
        )
    except ExamError as error:
        job.error = error  # the page says it
    except Exception as error:
        job.error = Corrupt(
            "package_failed", N_("The package could not be made: {detail}"), detail=str(error)
        )
        log.exception("package %s", job.id)
    finally:
        known.ended(job)
        if job.made is None:
            job.path.unlink(missing_ok=True)


def _mine(request: Asked, job_id: str) -> Job:
    job = _packages(request).jobs.get(job_id)
    if job is None or job.account != request.user.account:
        raise NotFound("no_package", N_("There is no such package any more."), N_("Have it made again."))
    return job


@get("/package/{job:str}")
async def package_state(request: Asked, job: FromPath[str]) -> Template:
    """How far it is."""
    return page(request, "package.html", job=_mine(request, job), wrong=wrong)


@get("/package/{job:str}/file")
async def package_file(request: Asked, box: NamedDependency[Box], job: FromPath[str]) -> File:
    """The ZIP, for whoever asked for it. That it was taken is journaled before its first byte."""
    found = _mine(request, job)
    if found.made is None:
        raise NotFound("no_package", N_("There is no such package any more."), N_("Have it made again."))
    wanted = found.wanted
    detail = {"manifest": found.made.manifest, "cameras": wanted.cameras}
    detail |= {"from": wanted.start.isoformat(), "to": wanted.end.isoformat()}
    await box.db.write(note_look, box, "package.taken", found.subject, request.user, detail)
    return File(path=found.path, filename=found.name, media_type="application/zip")


HANDLERS = [
    Router(
        path="/timeline",
        guards=[needs("inspector", "chief")],
        route_handlers=[package_ordered, package_state, package_file],
    )
]
