"""Signing in and out, and the list of pages an account may open."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from appliance.base.camera_settings import fault_of, refreshed
from appliance.base.errors import ExamError, NotFound
from appliance.base.i18n import LANGUAGES, N_, _
from appliance.flow.accounts import LONGEST, Who, sign_in, sign_out
from appliance.flow.box import Box
from appliance.flow.cameras import names_of
from appliance.flow.coverage import Seen, coverage
from appliance.web.camera_alarms import camera_alarms, not_recording
from appliance.web.ops import sources_of
from appliance.web.pages import page
from appliance.web.roll_call import ROLES as ROLL_CALL
from appliance.web.sessions import COOKIE
from appliance.wire.ops import Alarm

PAGES: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("/desk", N_("Check-in desk"), N_("May this person in?"), ("entry", "chief")),
    ("/waiting", N_("Waiting room"), N_("Whom do I call next?"), ("waiting", "chief")),
    (
        "/display",
        N_("Waiting-room display"),
        N_("Who is called, and where to"),
        ("display", "waiting", "chief"),
    ),
    ("/room", N_("Invigilation"), N_("Who needs me?"), ("invigilator", "chief")),
    ("/examiner", N_("Practical scoring"), N_("What is the task, what was lost?"), ("examiner", "chief")),
    ("/office", N_("Rosters and results"), N_("What can be released?"), ("office", "chief")),
    ("/violations", N_("Violations"), N_("What happened, what do we decide?"), ("office", "chief")),
    (
        "/storage",
        N_("Storage of recordings"),
        N_("For how long is there room, what is kept, what may go?"),
        ("office", "admin", "chief"),
    ),
    ("/questions", N_("Question banks"), N_("Which items may be drawn?"), ("author", "chief")),
    ("/cameras", N_("Cameras"), N_("Is every seat seen, and recorded?"), ("admin", "chief")),
    ("/inspection", N_("Inspection"), N_("Was it them, is it whole, who did what?"), ("inspector", "chief")),
]
"""Path, title, the question the page answers, who may open it."""

ENTRY = ("display", "entry", "chief")
NAMED = 6
"""Cameras named in one line."""


class SignInForm(msgspec.Struct, forbid_unknown_fields=True):
    """The sign-in form."""

    login: str
    password: str
    next: str = "/"
    _csrf_token: str = ""


@get("/", opt={"public": True, "greet": True}, name="home")
async def home(request: Request[Who | None, Any, Any], box: NamedDependency[Box]) -> Template | Redirect:
    """What this account may open; straight there when it is only one page."""
    if request.user is None:
        return Redirect("/sign-in")
    role = request.user.role
    links = [(path, _(title), _(question)) for path, title, question, roles in PAGES if role in roles]
    if len(links) == 1 and role != "display":
        return Redirect(links[0][0])
    if role in ENTRY:
        lanes = box.settings.lanes
        links += [(f"/entry/{one.code}", _("Entry screen"), one.name) for one in lanes]
    if role in ROLL_CALL:
        links.append(("/roll-call", _("Roll call"), _("Is everybody out?")))
    notes = {"/cameras": await of_cameras(request, box)} if role in ("admin", "chief") else {}
    return page(request, "home.html", links=links, notes=notes)


async def of_cameras(request: Request[Any, Any, Any], box: Box) -> list[tuple[str, str]]:
    """What is wrong now, or before the next sitting: (kind of signal, sentence)."""
    refreshed(box.settings.cameras)
    sources = sources_of(request, box)
    await sources.refresh()
    found = camera_alarms(sources.status.cameras if sources.status else [])
    silent = not_recording(found)
    odd = len({one.subject for one in found if one.level == "amber"})
    places: list[Seen] = await box.db.read(coverage, box)
    dark = _(", ").join(one.name for one in places if one.unseen)
    fault = fault_of(box.settings.cameras)
    mute = bool(box.settings.cameras) and sources.recorder.silent_since is not None
    return [
        *([("stop", fault.text())] if fault else []),
        *([("stop", _("The recorder is silent."))] if mute else []),
        *([("stop", _named(box, silent))] if silent else []),
        *([("look", _("Cameras that want a look: {count}").format(count=odd))] if odd else []),
        *([("look", _("Not everything is seen: {room}.").format(room=dark))] if dark else []),
    ]


def _named(box: Box, silent: dict[str, Alarm]) -> str:
    """Which cameras record nothing, and since when."""
    names, today = names_of(box.settings), box.today()
    told = []
    for code, one in list(silent.items())[:NAMED]:
        since = box.local(one.since or box.now())
        time = f"{since:%H:%M:%S}" if since.date() == today else f"{since:%Y-%m-%d %H:%M:%S}"
        told.append(_("{camera} since {time}").format(camera=names[code], time=time))
    more = ["…"] if len(silent) > NAMED else []
    cameras = _(", ").join([*told, *more])
    return _("Cameras that record nothing: {count}. {cameras}").format(count=len(silent), cameras=cameras)


@get("/sign-in", opt={"public": True}, name="sign_in")
async def sign_in_page(request: Request[Who | None, Any, Any]) -> Template:
    """The form."""
    return page(request, "sign_in.html", error=None, next=request.query_params.get("next", "/"), login="")


@post("/sign-in", opt={"public": True})
async def sign_in_done(
    request: Request[Who | None, Any, Any],
    box: NamedDependency[Box],
    data: URLEncodedBody[SignInForm],
) -> Template | Redirect:
    """Open a session, or show the form again with the reason."""
    address = request.client.host if request.client else ""
    target = data.next if data.next.startswith("/") and not data.next.startswith("//") else "/"
    try:
        _, secret = await sign_in(box, data.login.strip(), data.password, address)
    except ExamError as error:
        shown = page(request, "sign_in.html", error=error, next=target, login=data.login)
        shown.status_code = error.http_status
        return shown
    answer = Redirect(target, status_code=303)
    answer.set_cookie(
        Cookie(
            key=COOKIE,
            value=secret,
            max_age=int(LONGEST.total_seconds()),
            secure=True,
            httponly=True,
            samesite="strict",
            path="/",
        )
    )
    return answer


@post("/sign-out", opt={"before_change": True})
async def sign_out_done(request: Request[Who, Any, Any], box: NamedDependency[Box]) -> Redirect:
    """End the session."""
    await box.db.write(sign_out, box, request.user)
    answer = Redirect("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


@get("/language/{chosen:str}", opt={"public": True})
async def choose_language(request: Request[Any, Any, Any], chosen: FromPath[str]) -> Redirect:
    """Keep the reader's language in a cookie and go back."""
    back = request.headers.get("referer", "/")
    answer = Redirect(back if back.startswith(str(request.base_url)) else "/", status_code=303)
    if chosen in LANGUAGES:
        answer.set_cookie(Cookie(key="lang", value=chosen, max_age=31536000, secure=True, samesite="strict"))
    return answer


@get("/{path:path}", opt={"public": True, "greet": True})
async def nowhere(request: Request[Who | None, Any, Any], path: FromPath[str]) -> None:
    """Any other address: an error page that knows the reader's language and name."""
    raise NotFound("not_found", N_("There is nothing at this address."), N_("Go to the first page."))


HANDLERS = [home, sign_in_page, sign_in_done, sign_out_done, choose_language, nowhere]
