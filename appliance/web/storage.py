"""The storage page: for how long is there room for recordings, where do they lie, what is held, what may go."""

import contextlib
import logging
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import ExamError, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.sizes import size
from appliance.base.sockets import ask
from appliance.flow import storage as kept
from appliance.flow.accounts import Who
from appliance.flow.acknowledge_findings import acknowledge_findings
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.delete_recordings import order_deletion
from appliance.flow.hold_recordings import HOLDERS, LIFTERS, lift_hold, put_hold
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.web.storage_watch import tell_orders
from appliance.wire.archive import Forecast, GetStorage, Storage

log = logging.getLogger("examsite.web")

Asked = Request[Who, Any, Any]
READERS = ("office", "inspector", "admin", "chief")
TIMEOUT = 3.0
STATES: dict[str, tuple[str, str]] = {
    "online": ("go", N_("online")),
    "filling": ("run", N_("being filled")),
    "full": ("go", N_("full, plugged in")),
    "unplugged": ("calm", N_("in the cupboard")),
    "silent": ("stop", N_("not reachable")),
    "unprepared": ("look", N_("not prepared")),
}
KINDS = {
    "recorder": N_("recording disk"),
    "disk": N_("second disk"),
    "nas": N_("network storage"),
    "s3": N_("object storage"),
    "offline": N_("off-line disk"),
}
CODES = {
    "missing": N_("missing"),
    "altered": N_("altered"),
    "unreadable": N_("unreadable"),
    "mistimed": N_("recorded under a wrong clock: it stays"),
}
WIDE, HIGH = 720.0, 200.0
"""Units of the forecast's picture."""
WARN, ALARM = 0.70, 0.90


class Second(msgspec.Struct, forbid_unknown_fields=True):
    """Why, and the second person."""

    reason: str
    second_login: str
    second_password: str
    command: str = ""
    day: str = ""
    """Which the page showed."""


class Known(Second, forbid_unknown_fields=True):
    """What two people know of: all that was found on a place until then, as the page showed it."""

    place: str = ""
    until: str = ""


class Picture(msgspec.Struct):
    """The forecast as a line: points of a path, the day at which it is full, and three days to write below."""

    path: str
    full_x: float | None
    days: list[tuple[float, date]]


def day_of(text: str) -> date | None:
    """A day written yyyymmdd; None for anything else."""
    try:
        return datetime.strptime(text, "%Y%m%d").date() if len(text) == 8 else None
    except ValueError:
        return None


def told_until(text: str) -> datetime:
    """Up to when the page showed what was found. Raises Refused for anything else: nobody knows of what came since."""
    with contextlib.suppress(ValueError):
        until = datetime.fromisoformat(text)
        if until.tzinfo is not None:
            return until
    raise Refused(
        "no_such_time", N_("The page did not say up to when it showed the findings."), N_("Reload the page.")
    )


def picture(forecast: Forecast) -> Picture | None:
    """Drawn from the forecast; None while nothing is known of the disk."""
    if not forecast.total or len(forecast.ahead) < 2:
        return None
    step = WIDE / (len(forecast.ahead) - 1)
    points = [(n * step, HIGH * (1 - one.used / forecast.total)) for n, one in enumerate(forecast.ahead)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    first = day_of(forecast.ahead[0].day) or date.min
    marks = [(n * step, first + timedelta(days=n)) for n in range(0, len(forecast.ahead), 30)]
    left = forecast.days_left
    full = left * step if left is not None and left * step <= WIDE else None
    return Picture(f"M0,{HIGH} L{line} L{WIDE},{HIGH} z", full, marks)


def shade(used: float) -> str:
    """Which signal a filled part is."""
    return "stop" if used >= ALARM else "look" if used >= WARN else "go"


@get("/")
async def storage_page(request: Asked, box: NamedDependency[Box], day: FromQuery[str] = "") -> Template:
    """The page. What exam-archive says, or that it is silent."""
    found: Storage | None = None
    silent: ExamError | None = None
    try:
        found = await ask(box.settings.socket("archive"), GetStorage(), Storage, TIMEOUT)
    except ExamError as error:
        silent = error
    chosen = day_of(day.replace("-", "")) if day else box.today()
    chosen = chosen or box.today()
    holds = await box.db.read(kept.holds, box)
    known = {one.sitting.id for one in holds}
    return page(
        request,
        "storage.html",
        s=found,
        silent=silent,
        picture=picture(found.forecast) if found else None,
        settings=box.settings.storage,
        holds=holds,
        lifted=await box.db.read(kept.lifted_holds, box),
        unknown=[one for one in found.unlifted if one.id not in known] if found else [],
        chosen=chosen,
        sittings=await box.db.read(kept.sittings_of, box, chosen),
        order=await box.db.read(kept.last_order),
        may_hold=request.user.role in HOLDERS,
        may_delete=request.user.role in LIFTERS,
        states=STATES,
        kinds=KINDS,
        codes=CODES,
        size=size,
        day_of=day_of,
        shade=shade,
        province=bool(box.settings.province.url),
    )


def _back(day: str = "") -> Response[None]:
    where = f"/storage?day={day}" if day_of(day.replace("-", "")) else "/storage"
    return Response(None, status_code=204, headers={"hx-redirect": where})


@post("/hold/{sitting:str}", status_code=200)
async def hold_put(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Second]
) -> Response[None]:
    """Keep a sitting's recordings whatever their date."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    await box.db.write(put_hold, box, sitting, data.reason, request.user, second, data.command or new_id())
    await _tell(box)
    return _back(data.day)


@post("/lift/{hold:str}", status_code=200)
async def hold_lifted(
    request: Asked, box: NamedDependency[Box], hold: FromPath[str], data: URLEncodedBody[Second]
) -> Response[None]:
    """Their own date counts again."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    await box.db.write(lift_hold, box, hold, data.reason, request.user, second)
    await _tell(box)
    return _back(data.day)


@post("/delete", status_code=200)
async def deletion_ordered(
    request: Asked, box: NamedDependency[Box], data: URLEncodedBody[Second]
) -> Response[None]:
    """What is past its date today may go."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    await box.db.write(order_deletion, box, data.reason, request.user, second, data.command or new_id())
    return _back()


@post("/acknowledge", status_code=200)
async def findings_acknowledged(
    request: Asked, box: NamedDependency[Box], data: URLEncodedBody[Known]
) -> Response[None]:
    """Two people know of what does not hold on a place; the alarm waits for the next."""
    second = data.second_login.strip()
    until = told_until(data.until)
    await confirm_second(box, second, data.second_password)
    await box.db.write(
        acknowledge_findings,
        *(box, data.place, "", until, data.reason, request.user, second, data.command or new_id()),
    )
    await _tell(box)
    return _back(data.day)


async def _tell(box: Box) -> None:
    """At once, so that the page can say it is in force; a silent exam-archive is told in the next round."""
    try:
        await tell_orders(box)
    except ExamError as error:
        log.info("exam-archive is told later: %s", error)


HANDLERS = [
    Router(path="/storage", guards=[needs(*READERS)], route_handlers=[storage_page]),
    Router(path="/storage", guards=[needs(*HOLDERS)], route_handlers=[hold_put, findings_acknowledged]),
    Router(path="/storage", guards=[needs(*LIFTERS)], route_handlers=[hold_lifted, deletion_ordered]),
]
