"""How a sitting's papers stand: whose they are, whether they wait for a key, how many are made. And may it start?"""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, func, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.blueprints import plans_of
from appliance.flow.make_papers import without_paper
from appliance.flow.today import expected_of
from appliance.records.sealed import SealedParcel
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper


class PaperState(msgspec.Struct, kw_only=True):
    """`stage`: elsewhere (the province shows its own page), missing (what was announced sealed has not come), sealed
    (it waits for its key), making, made. `made` of `wanted` candidates have a paper; `ours`: papers are drawn here.
    """

    stage: str
    made: int = 0
    wanted: int = 0
    ours: bool = True
    page: str = ""
    not_before: datetime | None = None
    """From when a key may be typed in."""
    repeating: int = 0
    """Papers with items their candidate has seen before: the bank was too small."""
    open_book: bool = False
    """Some candidates at least may look things up."""


def paper_state(session: Session, sitting: Sitting) -> PaperState:
    """Where the papers of a theory sitting are."""
    if sitting.delivery != "own":
        return PaperState(stage="elsewhere", ours=False, page=sitting.page)
    wanted = expected_of(session, sitting.id)
    made = wanted - len(without_paper(session, sitting.id))
    found = PaperState(
        stage="made",
        made=made,
        wanted=wanted,
        repeating=session.exec(
            select(func.count()).where(Paper.sitting == sitting.id, col(Paper.repeated) > 0)
        ).one(),
        open_book=any(one.open_book for one in plans_of(sitting).values()),
    )
    if sitting.sealed:
        found.ours = bool(sitting.bank_sha256)
        parcels = session.exec(select(SealedParcel).where(SealedParcel.sitting == sitting.id)).all()
        closed = [one.not_before for one in parcels if one.opened_at is None]
        if closed:
            found.stage, found.not_before = "sealed", min(closed)
        elif not parcels:
            found.stage = "missing"
    if found.stage == "made" and found.ours and made < wanted:
        found.stage = "making"
    return found


def require_papers(session: Session, sitting: Sitting) -> None:
    """Raises Refused while a theory sitting cannot start for want of papers."""
    found = paper_state(session, sitting)
    if found.stage == "missing":
        raise Refused(
            "sealed_papers_missing",
            N_("The sealed papers of this sitting have not come from the province."),
            N_("Call the exam office: the province sends them by line or on a stick."),
        )
    if found.stage == "sealed":
        raise Refused(
            "key_missing",
            N_("The papers of this sitting are still sealed: their key has not come."),
            N_("Wait for it, or type the code in together with a colleague."),
        )
    if found.stage == "making":
        raise Refused(
            "papers_missing",
            N_("The papers are being made: {made} of {wanted}."),
            N_("Wait a few seconds; if the number stands still, call the system administrator."),
            made=found.made,
            wanted=found.wanted,
        )


def have_papers(session: Session, sitting: Sitting) -> set[str]:
    """Candidates with a paper that can be opened."""
    rows = select(Paper.candidate).where(Paper.sitting == sitting.id, func.length(Paper.opens) > 0)
    return set(session.exec(rows.order_by(col(Paper.candidate))).all())
