"""Sealed papers for people no roster expects yet: kept with their parcel, given as soon as a roster names them."""

import msgspec
from sqlmodel import Session, select

from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.paper_proof import proof_of
from appliance.records.sealed import SealedParcel
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper


class Spare(msgspec.Struct, kw_only=True):
    """One such paper. `index`: of its candidate's number; the rest as in records.theory.Paper, empty until opened."""

    index: bytes
    body: str
    pictures: list[str]
    opens: bytes = b""
    key_sealed: bytes = b""
    choices: str = ""


def spares_of(parcel: SealedParcel) -> list[Spare]:
    """Those of a parcel."""
    return msgspec.json.decode(parcel.spare, type=list[Spare])


def keep_spares(parcel: SealedParcel, spares: list[Spare]) -> None:
    """Write them back into the parcel's row."""
    parcel.spare = msgspec.json.encode(spares).decode()


def give_spare(session: Session, box: Box, sitting: Sitting, candidate: str, index: bytes) -> None:
    """The paper that came for somebody who is only now expected at a sitting, if one did and they have none."""
    if not sitting.sealed:
        return
    has = select(Paper.id).where(Paper.sitting == sitting.id, Paper.candidate == candidate)
    if session.exec(has).first() is not None:
        return
    for parcel in session.exec(select(SealedParcel).where(SealedParcel.sitting == sitting.id)).all():
        spares = spares_of(parcel)
        found = next((one for one in spares if one.index == index), None)
        if found is None:
            continue
        paper = Paper(
            id=new_id(),
            sitting=sitting.id,
            candidate=candidate,
            bank=parcel.file,
            body=found.body,
            pictures=msgspec.json.encode(found.pictures).decode(),
            opens=found.opens,
            key_sealed=found.key_sealed,
            choices=found.choices,
            made_at=box.now(),
        )
        if paper.opens:
            paper.proof = proof_of(box, paper)
        keep_spares(parcel, [one for one in spares if one is not found])
        parcel.papers += 1
        session.add(paper)
        session.add(parcel)
        session.flush()
        return
