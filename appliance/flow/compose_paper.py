"""A paper composed by hand: somebody chooses its items, a second person approves, everybody at the sitting gets it.

What is used is the chosen items as a frozen bank of their own: order and options still differ for every candidate,
and every paper can be drawn again like any other.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of, require_author
from appliance.flow.blueprints import require_sound, text_of
from appliance.flow.box import Box
from appliance.flow.choose_bank import put_to_use, require_choosable
from appliance.flow.freeze_bank import Frozen, approved
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.questions import ComposedPaper
from appliance.records.sitting import Sitting
from appliance.rules.paper import KINDS, Blueprint, Kind

Chosen = list[tuple[str, int]]
"""Items and their versions."""


def composed_of(session: Session, paper_id: str) -> ComposedPaper:
    """The composed paper, or a clear error."""
    paper = session.get(ComposedPaper, paper_id)
    if paper is None:
        raise NotFound(
            "no_composed_paper", N_("There is no such paper."), N_("Go back to the list of banks.")
        )
    return paper


def chosen_of(box: Box, paper: ComposedPaper) -> Chosen:
    """What was chosen for it."""
    return msgspec.json.decode(box.key.decrypt(paper.sealed), type=Chosen)


def compose_paper(
    session: Session,
    box: Box,
    bank_id: str,
    sitting_id: str,
    items: Sequence[str],
    terms: Blueprint,
    who: Who,
) -> ComposedPaper:
    """Propose a paper of these approved items. `terms`: what they are worth; its counts are those of the items."""
    require_author(who)
    sitting = sitting_of(session, sitting_id)
    require_choosable(session, box, bank_of(session, bank_id), sitting)
    wanted = set(items)
    found = [one for one in approved(session, box, bank_id).items if one.item in wanted]
    if len(found) != len(wanted):
        raise _changed()
    counts = Counter(one.question.kind for one in found)
    blueprint = _with_counts(terms, counts)
    require_sound(blueprint)
    chosen: Chosen = [(one.item, one.version) for one in found]
    paper = ComposedPaper(
        id=new_id(),
        sitting=sitting.id,
        bank=bank_id,
        sealed=box.key.encrypt(msgspec.json.encode(chosen)),
        blueprint=text_of(blueprint),
        author=who.account,
        made_at=box.now(),
    )
    session.add(paper)
    session.flush()
    body = {"paper": paper.id, "bank": bank_id, "items": len(chosen)}
    append(session, "papers.composed", sitting.id, who.actor, body, at=box.now())
    return paper


def frozen_paper(session: Session, box: Box, paper_id: str) -> Frozen:
    """Its items as a frozen bank. Conflict when one of them was retired or replaced since it was composed."""
    paper = composed_of(session, paper_id)
    chosen = chosen_of(box, paper)
    frozen = approved(session, box, paper.bank, {item for item, _version in chosen})
    if [(one.item, one.version) for one in frozen.items] != sorted(chosen):
        raise _changed()
    return frozen


def use_composed(session: Session, box: Box, paper_id: str, frozen: Frozen, name: str, who: Who) -> Sitting:
    """The second person approves: the sitting's papers are these items. Twice by one person changes nothing."""
    require_author(who)
    paper = composed_of(session, paper_id)
    sitting = sitting_of(session, paper.sitting)
    if paper.state == "used" and paper.reviewer == who.account:
        return sitting
    _require_open(paper)
    if paper.author == who.account:
        raise Refused(
            "own_paper",
            N_("You composed this paper: a second person has to approve it."),
            N_("Ask a colleague to sign in and approve it."),
        )
    if [(one.item, one.version) for one in frozen.items] != sorted(chosen_of(box, paper)):
        raise _changed()
    paper.state, paper.reviewer, paper.reviewed_at = "used", who.account, box.now()
    session.add(paper)
    session.flush()
    plans = {"initial": msgspec.json.decode(paper.blueprint, type=Blueprint)}
    return put_to_use(session, box, sitting, frozen, name, plans, who, paper.author, paper.id)  # type: ignore[arg-type]


def turn_down_composed(session: Session, box: Box, paper_id: str, reason: str, who: Who) -> ComposedPaper:
    """It is not used; whoever composed it may take it back."""
    require_author(who)
    paper = composed_of(session, paper_id)
    _require_open(paper)
    if not reason.strip():
        raise Refused("no_reason", N_("A reason is needed."), N_("Write why."))
    paper.state, paper.reviewer, paper.reviewed_at = "turned_down", who.account, box.now()
    paper.reason = reason.strip()[:200]
    session.add(paper)
    session.flush()
    body = {"paper": paper.id, "reason": paper.reason}
    append(session, "papers.turned_down", paper.sitting, who.actor, body, at=box.now())
    return paper


def composed_papers(session: Session, bank_id: str) -> list[ComposedPaper]:
    """Those of a bank, the newest first."""
    found = select(ComposedPaper).where(ComposedPaper.bank == bank_id).order_by(ComposedPaper.id)
    return list(session.exec(found).all())[::-1]


def _with_counts(terms: Blueprint, counts: Counter[Kind]) -> Blueprint:
    asked = [kind for kind in KINDS if counts[kind]]
    return Blueprint(
        counts={kind: counts[kind] for kind in asked},
        points={kind: terms.points[kind] for kind in asked},
        minutes=terms.minutes,
        pass_mark=terms.pass_mark,
        multiple=terms.multiple,
        open_book=terms.open_book,
    )


def _require_open(paper: ComposedPaper) -> None:
    if paper.state != "proposed":
        raise Refused("paper_decided", N_("This paper was decided already."), N_("Reload the page."))


def _changed() -> Conflict:
    return Conflict(
        "items_changed",
        N_("Some of these items are not in use any more, or in another version."),
        N_("Compose the paper once more."),
    )
