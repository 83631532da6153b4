"""Papers are drawn and sealed before the start: one per expected candidate, from the sitting's seed.

Drawing and writing files happen outside the transaction; keeping the rows is one short write per handful.
Seed, bank and blueprint reproduce every paper bit for bit (rules/paper.py).
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.shown_item import pictures_of_items, shown_item
from appliance.records.journal import append
from appliance.records.roster import Roster, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules import paper as rule
from appliance.wire import station as wire


class Drawn(msgspec.Struct, kw_only=True):
    """A paper whose sealed body is already a file."""

    candidate: str
    body: str
    key_sealed: bytes
    choices: str
    layout: bytes


Layout = list[tuple[str, str]]
"""Item and option order by position; the order as digits: `2013` = option 2 of the bank is shown first."""


def seal_layout(box: Box, drawn: rule.Paper) -> bytes:
    """What stands where on a paper, as `Paper.layout`."""
    places = [(one.item, "".join(map(str, one.order))) for one in drawn.questions]
    return box.key.encrypt(msgspec.json.encode(places))


def open_layout(box: Box, sealed: bytes) -> Layout:
    """What stands where on a paper; empty when it was not kept."""
    return msgspec.json.decode(box.key.decrypt(sealed), type=Layout) if sealed else []


def without_paper(session: Session, sitting_id: str) -> list[str]:
    """Expected candidates of confirmed rosters who have no paper yet."""
    expected = session.exec(
        select(RosterRow.candidate)
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .where(RosterRow.sitting == sitting_id, Roster.state == "active")
    ).all()
    made = set(session.exec(select(Paper.candidate).where(Paper.sitting == sitting_id)).all())
    return [candidate for candidate in expected if candidate not in made]


def draw_paper(
    box: Box, sitting: Sitting, candidate: str, items: Mapping[str, rule.Item], blueprint: rule.Blueprint
) -> Drawn:
    """Draw one candidate's paper and seal its body as a file."""
    seed = rule.candidate_seed(box.seed_of(sitting.seed_sealed), candidate)
    drawn = rule.draw(items.values(), blueprint, seed)
    body = wire.Paper(
        paper=f"{sitting.number}-{drawn.digest()[:8]}",
        sha256=drawn.digest(),
        questions=[shown_item(items[question.item], question) for question in drawn.questions],
    )
    if pictures := pictures_of_items(items[question.item] for question in drawn.questions):
        body.pictures = pictures  # without any the field is not there: such papers stay as they ever were
    right = [rule.right_key(items[question.item], question.order) for question in drawn.questions]
    return Drawn(
        candidate=candidate,
        body=box.files.put(msgspec.json.encode(body), secret=True),
        key_sealed=box.key.encrypt(msgspec.json.encode(right)),
        choices="".join(_choice(items[question.item], question) for question in drawn.questions),
        layout=seal_layout(box, drawn),
    )


def _choice(item: rule.Item, question: rule.Question) -> str:
    """What an answer may name, as `Paper.choices` says it."""
    count = len(question.order)
    return chr(ord("a") + count - 1) if item.kind == "multiple_choice" else str(count)


def keep_papers(session: Session, box: Box, sitting_id: str, bank: str, drawn: Sequence[Drawn]) -> int:
    """Keep drawn papers; who has one already keeps it. Returns the number of new ones.

    None is kept when another bank was chosen for the sitting while they were drawn.
    """
    if session.get_one(Sitting, sitting_id).bank_sha256 not in ("", bank):
        return 0
    missing = set(without_paper(session, sitting_id))
    new = [one for one in drawn if one.candidate in missing]
    for one in new:
        session.add(
            Paper(
                id=new_id(),
                sitting=sitting_id,
                candidate=one.candidate,
                bank=bank,
                body=one.body,
                key_sealed=one.key_sealed,
                choices=one.choices,
                layout=one.layout,
                made_at=box.now(),
            )
        )
    session.flush()
    if new:
        body = {"count": len(new), "bank": bank}
        append(session, "papers.made", sitting_id, "process:web", body, at=box.now())
    return len(new)
