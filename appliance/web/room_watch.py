"""Beside the seat: the captures, the open cases with their pictures, and the face check an invigilator decides."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.note_case import KINDS
from appliance.flow.seat_check import decide_check
from appliance.flow.seat_watch import attempt_portrait, capture_picture, seat_watch
from appliance.web.media import sealed_picture
from appliance.web.pages import done
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
STAFF = ("invigilator", "chief")
READERS = ("invigilator", "chief", "inspector")
FRESH = {"cache-control": "private, max-age=300"}
"""A capture never changes: a page that is drawn every few seconds does not fetch it each time."""

CHECK_WORDS: dict[str, str] = {
    "": N_("No picture yet"),
    "face_review": N_("Not alike enough for the machine"),
    "face_mismatch": N_("The machine sees somebody else"),
    "several_faces": N_("Several people in front of the camera"),
    "no_face": N_("No face to compare was seen"),
    "no_photograph": N_("There is no photograph to compare with"),
    "camera_missing": N_("The station's camera gives no picture"),
    "by_people": N_("Asked at the entrance to be checked by people"),
}
"""Why a face check at the seat waits for a person, by rules.seat_check.Code."""


class Checked(msgspec.Struct, forbid_unknown_fields=True):
    """What the invigilator saw at the seat."""

    decision: str
    reason: str = ""
    second_login: str = ""
    second_password: str = ""


async def watched(box: Box, attempt: str) -> dict[str, Any]:
    """What `room_watch.html` needs: what was seen of one attempt, and the words for it."""
    watch = await box.db.read(seat_watch, box, attempt)
    return {"w": watch, "case_words": KINDS, "check_words": CHECK_WORDS}


@post("/attempt/{attempt:str}/face-check", status_code=200)
async def room_face_check(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str], data: URLEncodedBody[Checked]
) -> Template:
    """The invigilator compared the person: goes on, or one more picture."""
    second = data.second_login.strip()
    if second:
        await confirm_second(box, second, data.second_password)
    await box.db.write(decide_check, box, attempt, data.decision, data.reason, request.user, second)
    if data.decision == "again":
        return done(request, _("One more picture is taken."), kind="look")
    return done(request, _("The face check is passed: the candidate goes on."))


@get("/{capture:str}", opt={"passive": True})
async def capture_shown(request: Asked, box: NamedDependency[Box], capture: FromPath[str]) -> Response[bytes]:
    """A capture of a seat. The look is journaled once per session and attempt: tiles show the newest by themselves."""
    name, candidate, attempt = await box.db.read(capture_picture, capture)
    detail = {"attempt": attempt, "which": "captures"}
    return await sealed_picture(
        request, box, name, candidate, detail, once=f"captures {attempt}", headers=FRESH
    )


@get("/roster/{attempt:str}")
async def portrait_shown(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str]
) -> Response[bytes]:
    """The photograph the captures of an attempt are compared with. The look is journaled."""
    name, candidate = await box.db.read(attempt_portrait, attempt)
    if not name:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    return await sealed_picture(request, box, name, candidate, {"attempt": attempt, "which": "reference"})


HANDLERS = [
    Router(
        path="/room",
        guards=[needs(*STAFF)],
        route_handlers=[room_face_check],
    ),
    Router(path="/media/capture", guards=[needs(*READERS)], route_handlers=[capture_shown, portrait_shown]),
]
