"""After the sitting: violations and cases of the exam, the evidence beside the rule, and what two people decide."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlmodel import Session

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.decide_violation import decide_violation
from appliance.flow.dismiss_case import dismiss_case
from appliance.flow.evidence import ShownScreen, evidence_of
from appliance.flow.note_case import KINDS
from appliance.flow.violations import (
    open_cases,
    violation_case,
    violation_list,
    violation_portrait,
    violation_shot,
)
from appliance.intake.violations import DECISIONS, TOLD
from appliance.records.cases import ExamCase
from appliance.web.media import sealed_picture
from appliance.web.pages import done, page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
DECIDERS = ("office", "chief")
READERS = ("invigilator", "chief", "office", "inspector")


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What two people decide. `on_top_of`: the decision this page showed as the one in force."""

    command: str
    decision: str
    reason: str
    second_login: str
    second_password: str
    on_top_of: str = ""


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why there is nothing in a case. `alike`: yes = nor in the others of its kind of this attempt."""

    reason: str
    alike: str = ""


async def _page(request: Asked, box: Box, name: str, violation: str) -> Template:
    lines = await box.db.read(violation_list, box)
    chosen = violation or (lines[0].id if lines else "")
    return page(
        request,
        name,
        lines=lines,
        cases=await box.db.read(open_cases, box),
        v=await box.db.read(violation_case, box, chosen) if chosen else None,
        told=TOLD,
        case_words=KINDS,
        decision_words=DECISIONS,
        command=new_id(),
    )


@get("/")
async def violations_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The list, and the first that waits for a decision."""
    return await _page(request, box, "violations.html", "")


@get("/{violation:str}")
async def violation_page(request: Asked, box: NamedDependency[Box], violation: FromPath[str]) -> Template:
    """One violation beside the list."""
    return await _page(request, box, "violations.html", violation)


@get("/{violation:str}/list")
async def violations_list(request: Asked, box: NamedDependency[Box], violation: FromPath[str]) -> Template:
    """The list alone: the part that changes."""
    return await _page(request, box, "violations_list.html", "" if violation == "-" else violation)


@post("/{violation:str}/decide", status_code=200)
async def violation_decided(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str], data: URLEncodedBody[Decision]
) -> Response[None]:
    """Decide, or correct a decision."""
    second = data.second_login.strip()
    await confirm_second(box, second, data.second_password)
    await box.db.write(
        decide_violation,
        box,
        violation,
        data.decision,
        data.reason,
        request.user,
        second,
        data.command,
        data.on_top_of,
    )
    return Response(None, status_code=204, headers={"hx-redirect": f"/violations/{violation}"})


@post("/case/{case:str}/dismiss", status_code=200)
async def case_dismissed(
    request: Asked, box: NamedDependency[Box], case: FromPath[str], data: URLEncodedBody[Reason]
) -> Template:
    """Looked at, at the seat or afterwards: nothing in it."""
    await box.db.write(dismiss_case, box, case, data.reason, request.user, data.alike == "yes")
    return done(request, _("The case is closed: nothing in it."))


@get("/evidence/{evidence:str}")
async def evidence_shown(
    request: Asked, box: NamedDependency[Box], evidence: FromPath[str]
) -> Response[bytes] | Template:
    """A picture of the room camera (the look is journaled), or what the screen showed."""
    found = await box.db.read(evidence_of, evidence)
    if found.kind == "camera":
        return await sealed_picture(request, box, found.sha256, found.candidate, {"evidence": found.id})
    body = await asyncio.to_thread(box.files.get, found.sha256, True)
    return page(request, "violation_screen.html", shown=msgspec.json.decode(body, type=ShownScreen))


def _case_picture(session: Session, case: str) -> tuple[str, str]:
    found = session.get(ExamCase, case)
    if found is None or not found.picture:
        raise NotFound("no_picture", N_("There is no such picture."), N_("Reload the page."))
    return found.picture, found.candidate


@get("/case/{case:str}/picture")
async def case_picture(request: Asked, box: NamedDependency[Box], case: FromPath[str]) -> Response[bytes]:
    """The picture of a case. The look is journaled."""
    name, candidate = await box.db.read(_case_picture, case)
    return await sealed_picture(request, box, name, candidate, {"case": case})


@get("/{violation:str}/capture/{capture:str}")
async def violation_capture(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str], capture: FromPath[str]
) -> Response[bytes]:
    """One of the captures beside a violation, and no other of that seat. The look is journaled with the violation."""
    name, candidate = await box.db.read(violation_shot, box, violation, capture)
    detail = {"violation": violation, "which": "captures"}
    return await sealed_picture(request, box, name, candidate, detail, once=f"captures {violation}")


@get("/{violation:str}/portrait")
async def violation_photograph(
    request: Asked, box: NamedDependency[Box], violation: FromPath[str]
) -> Response[bytes]:
    """The photograph beside a violation. The look is journaled with the violation."""
    name, candidate = await box.db.read(violation_portrait, violation)
    detail = {"violation": violation, "which": "reference"}
    return await sealed_picture(request, box, name, candidate, detail, once=f"portrait {violation}")


HANDLERS = [
    Router(
        path="/violations",
        guards=[needs(*DECIDERS)],
        route_handlers=[
            violations_page,
            violation_page,
            violations_list,
            violation_decided,
        ],
    ),
    Router(path="/violations", guards=[needs("invigilator", *DECIDERS)], route_handlers=[case_dismissed]),
    Router(
        path="/violations",
        guards=[needs(*READERS)],
        route_handlers=[evidence_shown, case_picture, violation_capture, violation_photograph],
    ),
]
