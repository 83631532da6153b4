"""The compliance report of all cameras on one page, to read and to print; the doors of a room."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from appliance.base.camera_settings import CameraSettings, refreshed
from appliance.base.errors import ExamError
from appliance.base.i18n import _
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.coverage import Seen, coverage, said
from appliance.flow.name_doors import name_doors
from appliance.web.camera_alarms import camera_alarms, ill, without_picture
from appliance.web.ops import sources_of
from appliance.web.pages import done, page
from appliance.web.sessions import needs
from appliance.wire.cameras import CheckReport, GetReports, Reports
from appliance.wire.ops import Alarm

Asked = Request[Who, Any, Any]
ROLES = ("admin", "chief")
READERS = (*ROLES, "inspector")


class Line(msgspec.Struct, kw_only=True):
    """A camera, its newest report, if there is one, and why it gives no picture now."""

    camera: CameraSettings
    report: CheckReport | None
    alarm: Alarm | None = None

    @property
    def elsewhere(self) -> bool:
        """The report is of another address: the camera has been changed since."""
        return self.report is not None and self.report.address != self.camera.address


class Counts(msgspec.Struct, kw_only=True):
    """Cameras by their reports, and when the oldest and the newest check were.

    `silent`: passed when they were checked, and give no picture now.
    """

    passed: int
    silent: int
    failed: int
    unchecked: int
    first: datetime | None
    last: datetime | None


def counted(lines: list[Line]) -> Counts:
    """A camera whose report is of another address counts as unchecked."""
    told = [(one.report, one.alarm) for one in lines if one.report and not one.elsewhere]
    times = [report.at for report, _alarm in told]
    return Counts(
        passed=sum(report.ok and not alarm for report, alarm in told),
        silent=sum(report.ok and alarm is not None for report, alarm in told),
        failed=sum(not report.ok for report, _alarm in told),
        unchecked=len(lines) - len(told),
        first=min(times, default=None),
        last=max(times, default=None),
    )


@get("/")
async def report_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """Every camera and every check."""
    return page(request, "camera_report.html", **await _found(request, box))


@get("/part")
async def report_part(request: Asked, box: NamedDependency[Box]) -> Template:
    """The report alone."""
    return page(request, "camera_report_part.html", **await _found(request, box))


async def _found(request: Asked, box: Box) -> dict[str, Any]:
    refreshed(box.settings.cameras)
    places: list[Seen] = await box.db.read(coverage, box)
    silent, reports = None, {}
    try:
        found = await ask(box.settings.socket("recorder"), GetReports(), Reports)
        reports = {one.camera: one for one in found.reports}
    except ExamError as error:
        silent = error
    sources = sources_of(request, box)
    await sources.refresh()
    status = {one.camera: one for one in sources.status.cameras} if sources.status else {}
    silenced = without_picture(camera_alarms(status.values()))
    lines = [
        Line(camera=one, report=reports.get(one.code), alarm=silenced.get(one.code))
        for one in box.settings.cameras
    ]
    names = {one.code: one.name for one in places}
    return {
        "places": places,
        "lines": sorted(lines, key=lambda one: (not one.camera.room, one.camera.room, one.camera.code)),
        "names": names,
        "counts": counted(lines),
        "silent": silent or sources.recorder.silent_since,
        "said": said,
        "ill": ill(places, status),
        "may_check": request.user.role in ROLES,
    }


class DoorsForm(msgspec.Struct, forbid_unknown_fields=True):
    """Names of a room's doors, one a line or parted by commas."""

    doors: str


@post("/{room:str}/doors", status_code=200)
async def room_doors(
    request: Asked, box: NamedDependency[Box], room: FromPath[str], data: URLEncodedBody[DoorsForm]
) -> Template:
    """Name them: each has to be seen by a camera."""
    wanted = data.doors.replace("，", "\n").replace("、", "\n").replace(",", "\n").splitlines()
    named = await box.db.write(name_doors, box, room, wanted, request.user.actor)
    shown = done(request, _("Doors of {room}: {doors}.").format(room=room, doors=_(", ").join(named) or "–"))
    shown.headers = {"hx-refresh": "true"}
    return shown


HANDLERS = [
    Router(path="/cameras/report", guards=[needs(*READERS)], route_handlers=[report_page, report_part]),
    Router(path="/cameras/rooms", guards=[needs(*ROLES)], route_handlers=[room_doors]),
]
