"""Signing the journal's head at intervals, so that a cut tail is seen."""

from sqlmodel import Session

from appliance.base.crypto import Signer
from appliance.flow.box import Box
from appliance.flow.inspect import seal_text
from appliance.records.journal import JournalHead, JournalSeal


def seal_journal(session: Session, box: Box, signer: Signer) -> JournalSeal | None:
    """Sign the head; None when it was signed already."""
    head = session.get_one(JournalHead, 1)
    if head.seq == 0 or session.get(JournalSeal, head.seq) is not None:
        return None
    seal = JournalSeal(
        seq=head.seq,
        hash=head.hash,
        key=signer.name,
        signature=signer.sign(seal_text(head.seq, head.hash)).hex(),
        at=box.now(),
    )
    session.add(seal)
    return seal
