"""The inbox: signed messages of the province are taken in once.

A message whose signature, addressee or form does not hold changes nothing; that is journaled once
(`message.refused`). A good message that the box cannot use yet (a roster for a room nobody registered) stays
with the province and is tried again, and is shown until a person has put it right.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.confirm_rows import RowName, confirm_rows
from appliance.flow.enrol import Person, SittingPlan
from appliance.flow.load_roster import Line, load_province_roster
from appliance.flow.open_sealed import use_code
from appliance.flow.take_sealed import (
    Arrived,
    KeptPaper,
    keep_sealed,
    require_takeable,
    sitting_for,
    take_sealed,
    unreadable,
)
from appliance.records.journal import append
from appliance.records.sealed import SealedParcel
from appliance.records.sync import Received
from appliance.wire.sealed import MOST
from sync import ownership
from sync.messages import ConfirmRows, Message, PaperKey, Roster, SealedPapers, Signed, open_message

REFUSED = "refused"

log = logging.getLogger("examsite.sync")


class Taken(msgspec.Struct, frozen=True):
    """What became of a message. `new` is False when it was here before."""

    id: str
    kind: str
    new: bool
    wanted: bool = False
    """It may be needed once more and is not to be reported as taken in yet."""


Fetch = Callable[[str, int], Awaitable[bytes]]
"""Gets the file of a message from where the message came from, by its SHA-256 and size; of a longer one no more than
a byte beyond."""


async def take_in(box: Box, signed: Signed, province: bytes, fetch: Fetch) -> Taken:
    """Check one message and load it. `province`: PEM of the province's key. Raises Corrupt, or the flow's
    error."""
    try:
        message = open_message(signed, province, box.site.code)
        kind = message.__struct_config__.tag
        assert isinstance(kind, str)
        ownership.facts_of(kind)
    except Corrupt as error:
        digest = hashlib.sha256(msgspec.json.encode(signed)).hexdigest()
        await box.db.write(_refuse, box, signed, digest, error.code)
        raise
    known = await box.db.read(lambda session: session.get(Received, message.id) is not None)
    if isinstance(message, PaperKey):
        return await _use_key(box, signed, message, known)
    if known:
        return Taken(message.id, kind, False)
    sealed: list[KeptPaper] = []
    if isinstance(message, SealedPapers):
        sealed = await _keep_sealed(box, signed, message, fetch)
    try:
        # A roster brings a portrait a person, each synced to disk: the loop goes on and the watchdog is answered.
        name, lines = await asyncio.to_thread(_keep, box, signed, message)
        new = await box.db.write(_load, box, message, kind, name, signed, lines, sealed)
    except (SQLAlchemyError, ValueError, KeyError) as error:  # well signed, well formed, and yet impossible
        log.exception("message %s", message.id)
        raise Corrupt(
            "cannot_take",
            N_("A message of the province cannot be taken in: {detail}"),
            N_("Ask the province; the log of exam-sync tells more."),
            detail=f"{type(error).__name__} {message.id}",
        ) from error
    return Taken(message.id, kind, new)


async def _keep_sealed(box: Box, signed: Signed, message: SealedPapers, fetch: Fetch) -> list[KeptPaper]:
    """Get the file the province signed and keep it. A file that is not that one is refused, once in the journal.

    Nothing is fetched that cannot be used, or is here.
    """
    if message.size > MOST:
        raise unreadable(f"{message.size} > {MOST}")
    await box.db.read(require_takeable, message.room, message.starts_at, message.what)
    try:
        file = await asyncio.to_thread(box.files.get, message.file)
    except (NotFound, Corrupt):
        file = await fetch(message.file, message.size)
    try:
        return await asyncio.to_thread(keep_sealed, box, _arrived(message), file)
    except Corrupt as error:
        digest = hashlib.sha256(msgspec.json.encode(signed) + hashlib.sha256(file).digest()).hexdigest()
        await box.db.write(_refuse, box, signed, digest, error.code)
        raise


def _arrived(message: SealedPapers) -> Arrived:
    return Arrived(
        id=message.id,
        room=message.room,
        starts_at=message.starts_at,
        what=message.what,
        file=message.file,
        not_before=message.not_before,
        numbers=[_number(one) for one in message.numbers],
    )


async def _use_key(box: Box, signed: Signed, message: PaperKey, known: bool) -> Taken:
    """Open what came sealed. The message itself is not kept: it holds the code.

    More may come under the same code: until the sitting starts the province is asked for it again. A key that opened
    something is then not held against what has another.
    """
    sitting = await box.db.read(sitting_for, message.room, message.starts_at)
    wanted = sitting.state == "planned"
    if known and not wanted:
        return Taken(message.id, "paper_key", False)
    if not await box.db.read(_all_open, sitting.id):
        try:
            await use_code(box, sitting.id, message.code, "province")
        except (Refused, Corrupt) as error:
            if known and error.code in ("wrong_code", "key_too_early"):
                return Taken(message.id, "paper_key", False, wanted)
            if error.code != "key_too_early":
                digest = hashlib.sha256(msgspec.json.encode(signed)).hexdigest()
                await box.db.write(_refuse, box, signed, digest, error.code)
            raise
    new = not known and await box.db.write(_note_key, box, message.id, signed)
    return Taken(message.id, "paper_key", new, wanted)


def _all_open(session: Session, sitting: str) -> bool:
    """Something came sealed, and all of it is open already: two people were faster than the line."""
    opened = session.exec(select(SealedParcel.opened_at).where(SealedParcel.sitting == sitting)).all()
    return bool(opened) and all(opened)


def _note_key(session: Session, box: Box, message: str, signed: Signed) -> bool:
    if session.get(Received, message):
        return False
    row = Received(id=message, kind="paper_key", body="", signature=signed.signature, received_at=box.now())
    session.add(row)
    return True


def _refuse(session: Session, box: Box, signed: Signed, digest: str, code: str) -> None:
    """Keep that a message was refused, once per message; its text is not kept."""
    if session.get(Received, digest):
        return
    row = Received(id=digest, kind=REFUSED, body="", signature=signed.signature[:128], received_at=box.now())
    session.add(row)
    session.flush()
    append(session, "message.refused", digest, "province", {"code": code}, at=box.now())


def _load(
    session: Session,
    box: Box,
    message: Roster | ConfirmRows | SealedPapers,
    kind: str,
    name: str,
    signed: Signed,
    lines: list[Line],
    sealed: list[KeptPaper],
) -> bool:
    if session.get(Received, message.id):
        return False
    row = Received(id=message.id, kind=kind, body=name, signature=signed.signature, received_at=box.now())
    session.add(row)
    session.flush()
    if isinstance(message, ConfirmRows):
        rows = [
            RowName(number=_number(row.number), subject=row.subject, starts_at=row.starts_at)
            for row in message.rows
        ]
        confirm_rows(session, box, rows, message.id)
    elif isinstance(message, SealedPapers):
        take_sealed(session, box, _arrived(message), sealed)
    else:
        load_province_roster(session, box, signed.body.encode(), signed.signature, lines)
    return True


def _keep(box: Box, signed: Signed, message: Message) -> tuple[str, list[Line]]:
    """Put the message and its portraits on disk; the name of the message's file, and the roster's lines."""
    name = box.files.put(msgspec.json.encode(signed), secret=True)
    return name, _lines(box, message) if isinstance(message, Roster) else []


def _lines(box: Box, message: Roster) -> list[Line]:
    """The roster as the flow takes it; portraits become sealed files first."""
    for one in message.sittings:
        if (one.delivery == "province") != bool(one.page) or (one.sealed and one.page):
            raise ValueError(f"sitting {one.code}: delivery, page and sealed do not agree")
    plans = {
        sitting.code: SittingPlan(
            subject=sitting.subject,
            trade=sitting.trade,
            room=sitting.room,
            starts_at=sitting.starts_at,
            duration_s=sitting.duration_s,
            sealed=sitting.sealed,
            delivery=sitting.delivery,
            page=sitting.page,
        )
        for sitting in message.sittings
    }
    lines = []
    for number, row in enumerate(message.rows, start=1):
        person = Person(
            row=number,
            name=row.name.strip(),
            number=_number(row.number),
            kind=row.kind,
            ticket_number=row.ticket_number,
            employer=row.employer,
            help=row.help.strip(),
            eligibility=row.eligibility,
            photo=box.files.put(row.photo, secret=True) if row.photo else "",
            provincial=row.provincial,
        )
        lines += [Line(plan=plans[code], person=person) for code in row.sittings or plans]
    return lines


def _number(text: str) -> str:
    """ID numbers are indexed with a capital X."""
    return text.strip().upper()
