"""The sheets on paper: facts from the flow, PDF from reports, made in a thread while the pages go on."""

import asyncio
from importlib import import_module
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow import sheets
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.correction import correction_form_facts
from appliance.web.sessions import needs
from appliance.web.sitting_gaps import sitting_gaps, with_recordings
from appliance.wire.sheets import RoomRecord

Asked = Request[Who, Any, Any]
FACTS = {
    "sign-in": (sheets.sign_in_sheet_facts, "sign_in_sheet"),
    "seat-plan": (sheets.seat_plan_facts, "seat_plan"),
    "room-record": (sheets.room_record_facts, "room_record"),
}
"""Name in the address -> facts of a sitting, and the function of appliance.reports that prints them."""


def _print(name: str, facts: Any) -> bytes:
    # The PDF library is slow to load and few processes print: it is imported at the first sheet.
    made: bytes = getattr(import_module("appliance.reports"), name)(facts)
    return made


async def pdf_response(name: str, facts: Any, file_name: str) -> Response[bytes]:
    """The sheet `name` of appliance.reports, made in a thread, to be shown in the browser."""
    body = await asyncio.to_thread(_print, name, facts)
    headers = {"content-disposition": f'inline; filename="{file_name}.pdf"'}
    return Response(body, media_type="application/pdf", headers=headers)


@get("/sheets/{sitting:str}/{sheet:str}")
async def sitting_sheet(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], sheet: FromPath[str]
) -> Response[bytes]:
    """Sign-in sheet, seat plan or exam-room record of a sitting (`sign-in.pdf` ...)."""
    found = FACTS.get(sheet.removesuffix(".pdf"))
    if found is None:
        raise NotFound("no_sheet", N_("There is no such sheet."), N_("Choose one from the list."))
    facts: Any = await box.db.read(found[0], box, sitting, request.user.name)
    if isinstance(facts, RoomRecord):
        facts = await with_recordings(box, sitting, facts)
    return await pdf_response(found[1], facts, f"{sheet.removesuffix('.pdf')}-{facts.heading.number}")


@get("/score/{attempt:str}/score-sheet.pdf")
async def score_sheet(request: Asked, box: NamedDependency[Box], attempt: FromPath[str]) -> Response[bytes]:
    """The practical score sheet of one attempt."""
    facts = await box.db.read(sheets.score_sheet_facts, box, attempt, request.user.name)
    return await pdf_response("score_sheet", facts, "score-sheet")


@get("/correction/{tap:str}/correction.pdf", guards=[needs("entry", "office", "chief")])
async def correction_form(request: Asked, box: NamedDependency[Box], tap: FromPath[str]) -> Response[bytes]:
    """The form to correct a name, when card and roster differ."""
    facts = await box.db.read(correction_form_facts, box, tap, request.user.name)
    return await pdf_response("correction_form", facts, "correction")


HANDLERS: list[ControllerRouterHandler] = [
    correction_form,
    Router(
        path="/office",
        guards=[needs("office", "chief")],
        route_handlers=[sitting_sheet, score_sheet, sitting_gaps],
    ),
]
