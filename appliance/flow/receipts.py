"""The parcels that carried a candidate's entries to the province, each with the province's receipt. No writes."""

from bisect import bisect_left, bisect_right
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from sqlmodel import Session, col, select

from appliance.base.crypto import usable, verify
from appliance.flow.box import Box
from appliance.records.sync import Parcel

Holds = Literal["none", "fits", "wrong", "unproven"]
"""A receipt's signature: there is no receipt; it fits; it does not; no key of the province to check it with.

A key that cannot be read is no key: only a receipt that was checked is ever called wrong.
"""


class Names(Protocol):
    """What a receipt says about the parcel it is for; the whole of it: sync/messages.py."""

    site: str
    epoch: str
    number: int
    parcel: str
    last_seq: int


def names_parcel(receipt: Names, box: Box, parcel: Parcel) -> bool:
    """Is the receipt for exactly this parcel of this site?"""
    named = (receipt.site, receipt.epoch, receipt.number, receipt.parcel, receipt.last_seq)
    return named == (box.site.code, parcel.epoch, parcel.number, parcel.body, parcel.last_seq)


class Carried(msgspec.Struct, kw_only=True):
    """One parcel. `entries`: how many of the candidate's it carried; `received_at`, `signature`: of the receipt."""

    id: str
    number: int
    first_seq: int
    last_seq: int
    entries: int
    sha256: str
    state: str
    error: str
    sealed_at: datetime
    received_at: datetime | None
    signature: str
    holds: Holds


class _Signed(msgspec.Struct):
    body: str
    signature: str


class _Receipt(msgspec.Struct):
    """The fields of a receipt that matter here; the whole of it: sync/messages.py."""

    site: str
    epoch: str
    number: int
    parcel: str
    last_seq: int
    received_at: datetime


def carried(session: Session, box: Box, seqs: list[int]) -> list[Carried]:
    """The parcels that hold any of these entries (in order), receipts checked with the province's key."""
    province = _province(box)
    found = []
    for parcel in session.exec(select(Parcel).order_by(col(Parcel.first_seq))):
        entries = bisect_right(seqs, parcel.last_seq) - bisect_left(seqs, parcel.first_seq)
        if not entries:
            continue
        received_at, signature, holds = _receipt(box, parcel, province)
        found.append(
            Carried(
                id=parcel.id,
                number=parcel.number,
                first_seq=parcel.first_seq,
                last_seq=parcel.last_seq,
                entries=entries,
                sha256=parcel.body,
                state=parcel.state,
                error=parcel.last_error,
                sealed_at=parcel.sealed_at,
                received_at=received_at,
                signature=signature,
                holds=holds,
            )
        )
    return found


def _province(box: Box) -> bytes:
    path = box.settings.province.key
    try:
        province = Path(path).read_bytes() if path else b""
    except OSError:
        province = b""
    return province if usable(province) else b""  # said on the page: not checked


def _receipt(box: Box, parcel: Parcel, province: bytes) -> tuple[datetime | None, str, Holds]:
    if not parcel.receipt:
        return None, "", "none"
    try:
        signed = msgspec.json.decode(parcel.receipt, type=_Signed)
        receipt = msgspec.json.decode(signed.body, type=_Receipt)
        if not names_parcel(receipt, box, parcel):
            return receipt.received_at, signed.signature, "wrong"
        if not province:
            return receipt.received_at, signed.signature, "unproven"
        fits = verify(province, bytes.fromhex(signed.signature), signed.body.encode())
    except (msgspec.DecodeError, ValueError):
        return parcel.acknowledged_at, "", "wrong"
    return receipt.received_at, signed.signature, "fits" if fits else "wrong"
