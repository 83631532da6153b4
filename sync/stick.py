"""Taking in what came back on a stick: receipts and messages."""

import asyncio
from pathlib import Path

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import ExamError, NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.sync import Parcel
from sync import inbox, outbox
from sync.carriers import usb
from sync.messages import Problem, Signed


class Refusal(msgspec.Struct):
    """A parcel the province says it did not take. Unsigned: shown, and nothing is changed."""

    number: int
    code: str


class Rejected(msgspec.Struct):
    """Something on the stick that was not taken in."""

    file: str
    code: str


class Brought(msgspec.Struct, kw_only=True):
    """What a stick brought; `acknowledged` and `messages` count what is new."""

    acknowledged: int = 0
    messages: int = 0
    refused: list[Refusal] = []
    rejected: list[Rejected] = []


def bring_in(box: Box, folder: Path) -> Brought:
    """Take in everything that holds; the rest is named. Raises NotFound for a folder that is no stick."""
    province = outbox.Keys.load(box).province
    if not province:
        raise NotFound(
            "no_province_key",
            N_("The key of the province cannot be read: {path}"),
            N_("Put the file there that the province gave you."),
            path=box.settings.province.key,
        )
    brought = Brought()
    for epoch, number, found in usb.receipts(folder, box.site.code):
        if isinstance(found, Problem):
            brought.refused.append(Refusal(number, found.code))
            continue
        try:
            brought.acknowledged += _receipt(box, epoch, number, found, province)
        except ExamError as error:
            brought.rejected.append(Rejected(f"receipt {number}", error.code))

    async def fetch(name: str, size: int) -> bytes:
        return usb.file(folder, box.site.code, name, size)

    for index, signed in enumerate(usb.messages(folder, box.site.code)):
        try:
            brought.messages += asyncio.run(inbox.take_in(box, signed, province, fetch)).new
        except ExamError as error:
            brought.rejected.append(Rejected(f"message {index}", error.code))
    return brought


def _receipt(box: Box, epoch: str, number: int, signed: Signed, province: bytes) -> bool:
    def find(session: Session) -> Parcel | None:
        return session.exec(select(Parcel).where(Parcel.epoch == epoch, Parcel.number == number)).first()

    parcel = box.db.read_now(find)
    if parcel is None:
        raise NotFound("no_parcel", N_("There is no parcel {number}."), number=number)
    receipt = outbox.check_receipt(parcel, box, signed, province)
    return box.db.write_now(outbox.acknowledge, box, parcel.id, signed, receipt)
