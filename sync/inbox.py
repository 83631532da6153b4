"""The inbox: signed messages of the province are taken in once.

A message whose signature, addressee or form does not hold changes nothing; that is journaled once
(`message.refused`). A good message that the box cannot use yet (a roster for a room nobody registered) stays
with the province and is tried again, and is shown until a person has put it right.
"""

import asyncio
import hashlib
import logging

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.confirm_rows import RowName, confirm_rows
from appliance.flow.enrol import Person, SittingPlan
from appliance.flow.load_roster import Line, load_province_roster
from appliance.records.journal import append
from appliance.records.sync import Received
from sync import ownership
from sync.messages import ConfirmRows, Message, Roster, Signed, open_message

REFUSED = "refused"

log = logging.getLogger("examsite.sync")


class Taken(msgspec.Struct, frozen=True):
    """What became of a message. `new` is False when it was here before."""

    id: str
    kind: str
    new: bool


async def take_in(box: Box, signed: Signed, province: bytes) -> Taken:
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
    if await box.db.read(lambda session: session.get(Received, message.id) is not None):
        return Taken(message.id, kind, False)
    try:
        # A roster brings a portrait a person, each synced to disk: the loop goes on and the watchdog is answered.
        name, lines = await asyncio.to_thread(_keep, box, signed, message)
        new = await box.db.write(_load, box, message, kind, name, signed, lines)
    except (SQLAlchemyError, ValueError, KeyError) as error:  # well signed, well formed, and yet impossible
        log.exception("message %s", message.id)
        raise Corrupt(
            "cannot_take",
            N_("A message of the province cannot be taken in: {detail}"),
            N_("Ask the province; the log of exam-sync tells more."),
            detail=f"{type(error).__name__} {message.id}",
        ) from error
    return Taken(message.id, kind, new)


def _refuse(session: Session, box: Box, signed: Signed, digest: str, code: str) -> None:
    """Keep that a message was refused, once per message; its text is not kept."""
    if session.get(Received, digest):
        return
    row = Received(id=digest, kind=REFUSED, body="", signature=signed.signature[:128], received_at=box.now())
    session.add(row)
    session.flush()
    append(session, "message.refused", digest, "province", {"code": code}, at=box.now())


def _load(
    session: Session, box: Box, message: Message, kind: str, name: str, signed: Signed, lines: list[Line]
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
    else:
        load_province_roster(session, box, signed.body.encode(), signed.signature, lines)
    return True


def _keep(box: Box, signed: Signed, message: Message) -> tuple[str, list[Line]]:
    """Put the message and its portraits on disk; the name of the message's file, and the roster's lines."""
    name = box.files.put(msgspec.json.encode(signed), secret=True)
    return name, _lines(box, message) if isinstance(message, Roster) else []


def _lines(box: Box, message: Roster) -> list[Line]:
    """The roster as the flow takes it; portraits become sealed files first."""
    plans = {
        sitting.code: SittingPlan(
            subject=sitting.subject,
            trade=sitting.trade,
            room=sitting.room,
            starts_at=sitting.starts_at,
            duration_s=sitting.duration_s,
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
            eligibility=row.eligibility,
            photo=box.files.put(row.photo, secret=True) if row.photo else "",
            provincial=row.provincial,
        )
        lines += [Line(plan=plans[code], person=person) for code in row.sittings or plans]
    return lines


def _number(text: str) -> str:
    """ID numbers are indexed with a capital X."""
    return text.strip().upper()
