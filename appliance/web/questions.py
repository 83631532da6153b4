"""The site's own question banks: the list, the items of one, import with its report, taking items out.

Items are shown to those who write them (`author`) and nobody else; the head of the site sees names and counts and
chooses a bank for a sitting (question_use.py).
"""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody, URLEncodedBody
from litestar.response import Template

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank, bank_of
from appliance.flow.bank_items import (
    Wanted,
    banks,
    find_items,
    kept_pictures,
    media_type,
    questions_of,
)
from appliance.flow.blueprints import KIND_WORDS
from appliance.flow.box import Box
from appliance.flow.compose_paper import composed_papers
from appliance.flow.import_questions import import_questions, prepare_import, take_shipped
from appliance.flow.look import note_look
from appliance.intake.bank import question_bank
from appliance.intake.catalogue import trades
from appliance.intake.questions.excel_export import write_excel, write_template
from appliance.intake.questions.qti_export import write_qti
from appliance.intake.questions.read import read_questions
from appliance.intake.questions.sentences import DROPPED, SENTENCES
from appliance.intake.questions.shipped import SEALED, shipped_file
from appliance.web import question_analysis, question_compose, question_item, question_use
from appliance.web.pages import page
from appliance.web.question_item import note_bank_look
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]
LARGEST = 20_000_000
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AUTHOR = [needs("author")]


class BankForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new bank."""

    name: str
    purpose: str
    trade: str = ""


@dataclass
class ImportForm:
    """A file of questions. `keep`: import what the check accepts; else only check."""

    file: UploadFile
    keep: str = ""


class ShippedLine(msgspec.Struct, kw_only=True):
    """A bank that ships with the box. `count` is 0 for a sealed one: nothing but its name is shown."""

    trade: str
    name: str
    count: int


def shipped() -> list[ShippedLine]:
    """The banks that ship with the box."""
    found = []
    for key in trades():
        try:
            bank = question_bank(key)
        except NotFound:
            continue
        found.append(
            ShippedLine(trade=key, name=bank.name, count=0 if bank.owner == SEALED else len(bank.items))
        )
    return found


@get("/")
async def banks_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """Every bank by name."""
    own = await box.db.read(banks)
    there = await asyncio.to_thread(shipped)
    return page(request, "questions.html", banks=own, shipped=there, trades=trades().values())


@post("/bank", status_code=200, guards=AUTHOR)
async def bank_add(
    request: Asked, box: NamedDependency[Box], data: URLEncodedBody[BankForm]
) -> Response[None]:
    """Make an empty bank and go there."""
    bank = await box.db.write(add_bank, box, data.name, data.trade, data.purpose, request.user)
    return Response(None, status_code=204, headers={"hx-redirect": f"/questions/bank/{bank.id}"})


@post("/shipped/{trade:str}", status_code=200, guards=AUTHOR)
async def bank_take(request: Asked, box: NamedDependency[Box], trade: FromPath[str]) -> Response[None]:
    """Make a bank of the site's own of one that ships with the box, every item a draft, and go there."""
    file = await asyncio.to_thread(shipped_file, trade)
    name = question_bank(trade).name
    prepared = await asyncio.to_thread(prepare_import, box, file, new_id(), request.user)
    bank = await box.db.write(take_shipped, box, name, trade, prepared, request.user)
    return Response(None, status_code=204, headers={"hx-redirect": f"/questions/bank/{bank.id}"})


@get("/bank/{bank:str}", guards=AUTHOR)
async def bank_page(
    request: Asked,
    box: NamedDependency[Box],
    bank: FromPath[str],
) -> Template:
    """The items of a bank that fit the search, twenty at a time."""
    await note_bank_look(request, box, bank)
    asked = request.query_params
    wanted = Wanted(
        state=asked.get("state", ""),
        topic=asked.get("topic", ""),
        kind=asked.get("kind", ""),
        text=asked.get("text", "")[:100],
        page=int(asked["page"]) if asked.get("page", "").isdecimal() and len(asked["page"]) < 6 else 1,
    )
    found = await box.db.read(find_items, box, bank, wanted, request.user.account)
    composed = await box.db.read(composed_papers, bank)
    return page(
        request, "bank.html", f=found, done=asked.get("done", ""), kinds=KIND_WORDS, composed=composed
    )


@post("/bank/{bank:str}/import", status_code=200, guards=AUTHOR)
async def bank_import(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], data: MultipartBody[ImportForm]
) -> Template:
    """What can be taken of a file and what cannot; with `keep`, take it."""
    content = await data.file.read(LARGEST + 1)
    if not content or len(content) > LARGEST:
        raise Corrupt(
            "bad_file", N_("The file is empty or larger than 20 MB."), N_("Choose it again, or split it.")
        )
    found = await box.db.read(bank_of, bank)
    file = await asyncio.to_thread(read_questions, content, data.file.filename)
    done = None
    if data.keep:
        prepared = await asyncio.to_thread(prepare_import, box, file, found.id, request.user)
        done = await box.db.write(import_questions, box, found.id, prepared, request.user)
    return page(
        request,
        "bank_report.html",
        r=file,
        bank=found.id,
        name=data.file.filename,
        done=done,
        sentences=SENTENCES,
        dropped=DROPPED,
    )


@get("/template/questions.xlsx", guards=AUTHOR)
async def template_file() -> Response[bytes]:
    """The empty workbook."""
    return _file(await asyncio.to_thread(write_template), EXCEL, "questions.xlsx")


@get("/bank/{bank:str}/export/{form:str}", guards=AUTHOR)
async def bank_export(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], form: FromPath[str]
) -> Response[bytes]:
    """The items that are not retired, as a workbook or a QTI 2.2 package."""
    if form not in ("excel", "qti"):
        raise NotFound("no_format", N_("There is no such format."), N_("Choose one from the page."))
    name, questions, found = await box.db.read(questions_of, box, bank)
    pictures = await asyncio.to_thread(kept_pictures, box, found)
    write, ending, kind = (
        (write_excel, "xlsx", EXCEL) if form == "excel" else (write_qti, "zip", "application/zip")
    )
    content = await asyncio.to_thread(write, questions, pictures)
    detail = {"format": form, "count": len(questions), "sha256": question_item.digest(content)}
    await box.db.write(note_look, box, "bank.exported", bank, request.user, detail)
    return _file(content, kind, f"{name}.{ending}")


def _file(content: bytes, kind: str, name: str) -> Response[bytes]:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type=kind, headers=headers)


@get("/bank/{bank:str}/picture/{name:str}", guards=AUTHOR)
async def bank_picture(
    request: Asked, box: NamedDependency[Box], bank: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """A picture some item of the bank shows."""
    await note_bank_look(request, box, bank)
    kind = await box.db.read(media_type, bank, name)
    if not kind:
        raise NotFound("no_picture", N_("There is no such picture."), N_("Reload the page."))
    return Response(await asyncio.to_thread(box.files.get, name, True), media_type=kind)


HANDLERS = [
    Router(
        path="/questions",
        guards=[needs("author", "chief")],
        route_handlers=[
            banks_page,
            bank_add,
            bank_take,
            bank_page,
            bank_import,
            bank_export,
            bank_picture,
            template_file,
            *question_item.HANDLERS,
            *question_use.HANDLERS,
            *question_compose.HANDLERS,
            *question_analysis.HANDLERS,
        ],
    )
]
