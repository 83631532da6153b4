"""Practical scoring on a tablet: what is the task, what was lost? Draw, score by touch, sign."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.draw_tasks import draw_tasks
from appliance.flow.score import LossForm, Presses, SheetForm, sign_sheet
from appliance.flow.workplaces import examination, workplaces
from appliance.web.pages import page
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]


class SignForm(msgspec.Struct, forbid_unknown_fields=True):
    """A filled sheet; `losses` and `vetoes` are JSON lists made by the page, `presses` says when each was marked."""

    form: str
    task: str
    losses: str = "[]"
    vetoes: str = "[]"
    note: str = ""
    presses: str = "{}"


@get("/")
async def examiner_list(request: Asked, box: NamedDependency[Box]) -> Template:
    """Who is at the workplaces."""
    return page(request, "examiner.html", found=await box.db.read(workplaces, box))


@get("/people")
async def examiner_people(request: Asked, box: NamedDependency[Box]) -> Template:
    """The part that changes."""
    return page(request, "examiner_people.html", found=await box.db.read(workplaces, box))


@get("/{attempt:str}")
async def examiner_attempt(request: Asked, box: NamedDependency[Box], attempt: FromPath[str]) -> Template:
    """One candidate: the four tasks."""
    return page(request, "examiner_attempt.html", e=await box.db.read(examination, box, attempt))


@post("/{attempt:str}/draw", status_code=200)
async def examiner_draw(request: Asked, box: NamedDependency[Box], attempt: FromPath[str]) -> Response[None]:
    """Draw the tasks; the page is read again."""
    await box.db.write(draw_tasks, box, attempt, request.user.actor)
    return Response(None, status_code=204, headers={"hx-refresh": "true"})


@get("/{attempt:str}/{subject:str}")
async def examiner_sheet(
    request: Asked, box: NamedDependency[Box], attempt: FromPath[str], subject: FromPath[str]
) -> Template:
    """The sheet of one task."""
    found = await box.db.read(examination, box, attempt)
    task = next((one for one in found.tasks if one.subject == subject), None)
    if task is None:
        raise NotFound("no_task", N_("This task has not been drawn."), N_("Draw the tasks first."))
    return page(request, "examiner_sheet.html", e=found, t=task)


@post("/{attempt:str}/{subject:str}", status_code=200)
async def examiner_sign(
    request: Asked,
    box: NamedDependency[Box],
    attempt: FromPath[str],
    subject: FromPath[str],
    data: URLEncodedBody[SignForm],
) -> Response[None]:
    """Sign the sheet and go back to the candidate."""
    try:
        losses = msgspec.json.decode(data.losses, type=list[LossForm])
        vetoes = msgspec.json.decode(data.vetoes, type=list[str])
        presses = msgspec.json.decode(data.presses, type=Presses)
    except msgspec.DecodeError as error:
        raise Corrupt(
            "bad_sheet", N_("The score sheet cannot be read."), N_("Reload the page and fill it again.")
        ) from error
    form = SheetForm(
        id=data.form,
        attempt=attempt,
        subject=subject,
        task=data.task,
        losses=losses,
        vetoes=vetoes,
        note=data.note,
        presses=presses,
    )
    await box.db.write(sign_sheet, box, form, request.user)
    return Response(None, status_code=204, headers={"hx-redirect": f"/examiner/{attempt}"})


HANDLERS = [
    Router(
        path="/examiner",
        guards=[needs("examiner", "chief")],
        route_handlers=[
            examiner_list,
            examiner_people,
            examiner_attempt,
            examiner_draw,
            examiner_sheet,
            examiner_sign,
        ],
    )
]
