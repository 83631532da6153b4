"""Every kept paper drawn once more from its seed and its bank, and compared bit for bit. Reads only."""

import hashlib
from collections.abc import Iterator

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Corrupt, ExamError, NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.freeze_bank import frozen_items
from appliance.flow.make_papers import Drawn, draw_again
from appliance.flow.paper_needs import Need, open_layout
from appliance.flow.paper_proof import holds, seed_of
from appliance.intake.bank import question_bank
from appliance.records.journal import Journal
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules.paper import BankTooSmall, Item

FAULTS = {
    "seed_altered": N_("The seed of this sitting was altered: no paper is drawn from it."),
    "paper_altered": N_("This paper is not the one that was drawn: somebody altered it."),
    "not_the_same": N_("Drawn once more, this paper is another one."),
    "bank_changed": N_("This paper was drawn from another bank than the sitting's."),
    "not_drawn": N_("This paper cannot be drawn once more."),
}
"""What may be wrong, in words; `not_drawn` for everything else."""


class Redrawn(msgspec.Struct, kw_only=True, frozen=True):
    """One sitting. `same`: papers that came out bit for bit; `unknown`: drawn elsewhere, so nobody here can;
    `wrong`: paper -> code of what is not as it was drawn; `code`: what is wrong with seed or bank, for all papers.
    """

    sitting: str
    number: int
    papers: int
    same: int
    unknown: int
    wrong: dict[str, str]
    code: str = ""

    @property
    def ok(self) -> bool:
        """Nothing was altered."""
        return not self.code and not self.wrong


def source_of(box: Box, sitting: Sitting) -> tuple[str, dict[str, Item]]:
    """What a sitting's papers are drawn from: SHA-256 of the bank, its items by id."""
    if sitting.bank_sha256:
        return sitting.bank_sha256, frozen_items(box, sitting.bank_sha256)
    bank = question_bank(sitting.trade)
    return bank.sha256, {item.id: item for item in bank.items}


def redraw(session: Session, box: Box, sitting_id: str = "") -> Iterator[Redrawn]:
    """Draw the papers of one sitting, or of all, once more. NotFound for an unknown sitting."""
    wanted = select(Sitting).where(Sitting.subject == "theory").order_by(col(Sitting.starts_at))
    found = session.exec(wanted.where(Sitting.id == sitting_id) if sitting_id else wanted).all()
    if sitting_id and not found:
        raise NotFound("no_sitting", N_("There is no such sitting."), N_("examsite papers check names them."))
    for sitting in found:
        papers = session.exec(select(Paper).where(Paper.sitting == sitting.id).order_by(Paper.id)).all()
        if papers:
            yield _redraw(session, box, sitting, list(papers))


def _redraw(session: Session, box: Box, sitting: Sitting, papers: list[Paper]) -> Redrawn:
    code, same = "", 0
    wrong = {one.id: "paper_altered" for one in papers if not holds(box, one)}
    items: dict[str, Item] = {}
    own = [one for one in papers if one.layout]
    try:
        _require_planned(session, box, sitting)
        name, items = source_of(box, sitting) if own else ("", {})
    except ExamError as error:
        code, name = error.code, ""
    for paper in (one for one in own if not code and one.id not in wrong):
        fault = "bank_changed" if paper.bank != name else _fault(box, sitting, paper, items)
        same += not fault
        if fault:
            wrong[paper.id] = fault
    return Redrawn(
        sitting=sitting.id,
        number=sitting.number,
        papers=len(papers),
        same=same,
        unknown=len(papers) - len(own),
        wrong=wrong,
        code=code,
    )


def _require_planned(session: Session, box: Box, sitting: Sitting) -> None:
    """The seed is the one whose hash the journal holds since the planning, whatever the sitting's row says now."""
    seed = seed_of(box, sitting)
    noted = session.exec(
        select(Journal.body).where(Journal.kind == "sitting.planned", Journal.subject == sitting.id)
    ).first()
    known = msgspec.json.decode(noted).get("seed_hash", "") if noted else sitting.seed_hash
    if known != hashlib.sha256(seed).hexdigest():
        raise Corrupt("seed_altered", N_("The seed of this sitting was altered: no paper is drawn from it."))


def _fault(box: Box, sitting: Sitting, paper: Paper, items: dict[str, Item]) -> str:
    """What is not as it was drawn; empty = bit for bit the same."""
    left_out = msgspec.json.decode(box.key.decrypt(paper.left_out)) if paper.left_out else ()
    need = Need(exam=paper.exam, left_out=tuple(left_out))  # type: ignore[arg-type]
    try:
        again = draw_again(box, sitting, paper.candidate, items, need, paper.draw)
        box.files.get(paper.body)
    except (ExamError, BankTooSmall, KeyError) as error:
        return error.code if isinstance(error, ExamError) else "not_drawn"
    return "" if _same(box, again, paper) else "not_the_same"


def _same(box: Box, again: Drawn, paper: Paper) -> bool:
    return (
        again.body == paper.body
        and again.choices == paper.choices
        and msgspec.json.encode(again.pictures).decode() == paper.pictures
        and box.key.decrypt(again.key_sealed) == box.key.decrypt(paper.key_sealed)
        and open_layout(box, again.layout) == open_layout(box, paper.layout)
    )
