"""From the seat in a few taps: keep what screen and camera show as evidence, record a violation, print its sheets."""

import asyncio
import logging
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from appliance.base.errors import Corrupt, ExamError
from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.cameras import cameras_of
from appliance.flow.confirm_second import confirm_second
from appliance.flow.evidence import KeptFile, keep_evidence, require_holder, shown_screen
from appliance.flow.note_case import KINDS
from appliance.flow.record_violation import Seen, not_recorded, record_violation
from appliance.flow.violation_sheets import receipt_facts, violation_sheet_facts
from appliance.flow.violations import at_seat, violation_case
from appliance.intake.violations import DECISIONS, TOLD, broken_rules
from appliance.web.media import still_of
from appliance.web.pages import done, page
from appliance.web.sessions import needs
from appliance.web.sheets import pdf_response

Asked = Request[Who, Any, Any]
log = logging.getLogger("examsite.web")
STAFF = ("invigilator", "chief")
READERS = ("invigilator", "chief", "office", "inspector")
WIDTH = 1280
"""Pixels of a still that is kept."""


async def keep_now(box: Box, sitting: str, seat: str, who: Who, candidate: str = "") -> list[str]:
    """Keep what the page at a seat shows and what its camera sees, now; kinds that were kept.

    A camera that gives no picture does not hold up the rest. `candidate`: whom it is about; empty = whoever sits there
    as it begins. Refused when somebody else does, before the camera or after it.
    """
    if candidate:
        await box.db.read(require_holder, sitting, seat, candidate)
    shown = await box.db.read(shown_screen, box, sitting, seat)
    screen = await asyncio.to_thread(box.files.put, msgspec.json.encode(shown), True)
    files = [KeptFile(kind="screen", sha256=screen, at=shown.at)]
    room, _dash, number = seat.rpartition("-")
    for camera in cameras_of(box.settings, room, int(number) if number.isdigit() else 0)[:1]:
        try:
            at, picture = await still_of(box, camera, WIDTH)
        except ExamError as error:
            log.warning("no still of camera %s for evidence: %s", camera, error.code)
        else:
            sealed = await asyncio.to_thread(box.files.put, picture, True)
            files.append(KeptFile(kind="camera", camera=camera, sha256=sealed, at=at))
    kept = await box.db.write(keep_evidence, box, sitting, seat, files, who, candidate or shown.candidate)
    return [one.kind for one in kept]


@post("/{sitting:str}/seat/{seat:str}/evidence", status_code=200)
async def room_evidence(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], seat: FromPath[str]
) -> Template:
    """Keep screen and camera as evidence."""
    kept = await keep_now(box, sitting, seat, request.user)
    if "camera" in kept:
        return done(request, _("What the screen shows and the camera's picture are kept."))
    return done(
        request, _("What the screen shows is kept."), _("The camera gives no picture now."), kind="look"
    )


@get("/{sitting:str}/seat/{seat:str}/violation")
async def room_violation_form(
    request: Asked,
    box: NamedDependency[Box],
    sitting: FromPath[str],
    seat: FromPath[str],
    case: FromQuery[str] = "",
) -> Template:
    """The form: which rule, what was seen, what was taken, what the candidate said. `case`: only this one is ticked."""
    found = await box.db.read(at_seat, box, sitting, seat)
    return page(
        request,
        "violation_new.html",
        v=found,
        sitting=sitting,
        seat=seat,
        case=case,
        rules=broken_rules().values(),
        told=TOLD,
        case_words=KINDS,
        id=new_id(),
    )


@post("/{sitting:str}/seat/{seat:str}/violation", status_code=200)
async def room_violation_recorded(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], seat: FromPath[str]
) -> Response[None]:
    """Record it: the second of the staff has typed their own password."""
    form = await request.form()
    seen = Seen(
        sitting=sitting,
        seat=seat,
        **{
            name: str(form.get(name, ""))
            for name in ("id", "candidate", "rule", "seen", "taken", "told", "said")
        },  # type: ignore[arg-type]
        cases=[str(name) for name in form.getall("case", [])],
    )
    if not seen.id or not seen.candidate:
        raise Corrupt("bad_form", N_("The form is not whole."), N_("Reload the page."))
    login = str(form.get("second_login", "")).strip()
    await confirm_second(box, login, str(form.get("second_password", "")))
    if form.get("keep") and await box.db.read(not_recorded, seen.id):  # sent twice, nothing is kept twice
        await keep_now(box, sitting, seat, request.user, seen.candidate)
    found = await box.db.read(at_seat, box, sitting, seat)
    seen.evidence = [piece.id for piece in found.evidence]
    kept = await box.db.write(record_violation, box, seen, request.user, login)
    return Response(None, status_code=204, headers={"hx-redirect": f"/room/violation/{kept.id}"})


@get("/violation/{violation:str}", guards=[needs(*STAFF)])
async def room_violation_kept(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str]
) -> Template:
    """What was recorded, its sheets to print, and the way back to the room."""
    found = await box.db.read(violation_case, box, violation)
    return page(
        request, "violation_kept.html", v=found, told=TOLD, case_words=KINDS, decision_words=DECISIONS
    )


@get("/{violation:str}/record.pdf")
async def violation_sheet(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str]
) -> Response[bytes]:
    """违纪登记表."""
    facts = await box.db.read(violation_sheet_facts, box, violation, request.user.name)
    return await pdf_response("violation_record", facts, f"violation-{facts.number}")


@get("/{violation:str}/receipt.pdf")
async def receipt_sheet(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str]
) -> Response[bytes]:
    """暂扣单: what was taken into keeping, for the candidate."""
    facts = await box.db.read(receipt_facts, box, violation, request.user.name)
    return await pdf_response("taken_receipt", facts, f"receipt-{facts.number}")


HANDLERS = [
    Router(
        path="/room",
        guards=[needs(*STAFF)],
        route_handlers=[room_evidence, room_violation_form, room_violation_recorded, room_violation_kept],
    ),
    Router(path="/violations", guards=[needs(*READERS)], route_handlers=[violation_sheet, receipt_sheet]),
]
