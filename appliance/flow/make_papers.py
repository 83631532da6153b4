"""Papers are drawn and sealed before the start: one per expected candidate, from the sitting's seed.

Drawing and writing files happen outside the transaction; keeping the rows is one short write per handful.
Seed, bank and blueprint reproduce every paper bit for bit (rules/paper.py).
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box
from appliance.flow.paper_needs import Need, seal_layout
from appliance.flow.paper_proof import proof_of, seed_of
from appliance.flow.sealed_paper import Seals, seal_body, seal_pictures
from appliance.flow.shown_item import pictures_of_items, shown_item
from appliance.records.journal import append
from appliance.records.roster import Roster, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules import paper as rule
from appliance.rules.unlike import Others, draw_seed, draw_unlike
from appliance.wire import station as wire


class Drawn(msgspec.Struct, kw_only=True):
    """A paper whose sealed body and pictures are files already."""

    candidate: str
    body: str
    opens: bytes
    pictures: list[str]
    key_sealed: bytes
    choices: str
    layout: bytes
    need: Need
    draw: int
    repeated: int


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
    box: Box,
    sitting: Sitting,
    candidate: str,
    items: Mapping[str, rule.Item],
    blueprint: rule.Blueprint,
    seals: Seals | None = None,
    need: Need = Need(),  # noqa: B008 (frozen)
    others: Others | None = None,
) -> Drawn:
    """Draw one candidate's paper and seal it as files. `seals` and `others`: kept by whoever draws several of a
    sitting; the paper is unlike the others and becomes one of them.
    """
    sitting_seed, others = seed_of(box, sitting), Others() if others is None else others

    def draw(number: int) -> rule.Paper:
        return rule.draw(items.values(), blueprint, draw_seed(sitting_seed, candidate, number), need.left_out)

    number, drawn = draw_unlike(draw, others)
    others.add(drawn)
    return _sealed(box, sitting, candidate, items, {} if seals is None else seals, need, number, drawn)


def draw_again(
    box: Box, sitting: Sitting, candidate: str, items: Mapping[str, rule.Item], need: Need, number: int
) -> Drawn:
    """The paper of a known draw, bit for bit."""
    seed = draw_seed(seed_of(box, sitting), candidate, number)
    drawn = rule.draw(items.values(), blueprint_of(sitting, need.exam), seed, need.left_out)
    return _sealed(box, sitting, candidate, items, {}, need, number, drawn)


def _sealed(
    box: Box,
    sitting: Sitting,
    candidate: str,
    items: Mapping[str, rule.Item],
    seals: Seals,
    need: Need,
    number: int,
    drawn: rule.Paper,
) -> Drawn:
    sitting_seed = seed_of(box, sitting)
    seed = draw_seed(sitting_seed, candidate, number)
    body = wire.Paper(
        paper=f"{sitting.number}-{drawn.digest()[:8]}",
        sha256=drawn.digest(),
        questions=[shown_item(items[question.item], question) for question in drawn.questions],
    )
    kinds = pictures_of_items(items[question.item] for question in drawn.questions)
    body.pictures = seal_pictures(box, sitting_seed, kinds, seals)
    name, opens = seal_body(box, seed, body)
    right = [rule.right_key(items[question.item], question.order) for question in drawn.questions]
    return Drawn(
        candidate=candidate,
        body=name,
        opens=opens,
        pictures=sorted(one.sealed for one in body.pictures.values()),
        key_sealed=box.key.encrypt(msgspec.json.encode(right)),
        choices="".join(_choice(items[question.item], question) for question in drawn.questions),
        layout=seal_layout(box, drawn),
        need=need,
        draw=number,
        repeated=len(set(need.left_out) & {one.item for one in drawn.questions}),
    )


def _choice(item: rule.Item, question: rule.Question) -> str:
    """What an answer may name, as `Paper.choices` says it."""
    count = len(question.order)
    return chr(ord("a") + count - 1) if item.kind == "multiple_choice" else str(count)


def keep_papers(session: Session, box: Box, sitting_id: str, bank: str, drawn: Sequence[Drawn]) -> int:
    """Keep drawn papers; who has one already keeps it. Returns the number of new ones.

    None is kept when another bank was chosen for the sitting while they were drawn.
    """
    sitting = session.get_one(Sitting, sitting_id)
    if sitting.bank_sha256 != bank and (sitting.bank_sha256 or sitting.sealed):
        return 0
    missing = set(without_paper(session, sitting_id))
    new = [one for one in drawn if one.candidate in missing]
    for one in new:
        session.add(_row(box, sitting_id, bank, one))
    session.flush()
    if new:
        repeating = sum(one.repeated > 0 for one in new)
        body = {"count": len(new), "bank": bank, "repeating": repeating}
        append(session, "papers.made", sitting_id, "process:web", body, at=box.now())
    return len(new)


def _row(box: Box, sitting: str, bank: str, one: Drawn) -> Paper:
    left_out = msgspec.json.encode(one.need.left_out)
    paper = Paper(
        id=new_id(),
        sitting=sitting,
        candidate=one.candidate,
        bank=bank,
        body=one.body,
        opens=one.opens,
        pictures=msgspec.json.encode(one.pictures).decode(),
        key_sealed=one.key_sealed,
        choices=one.choices,
        layout=one.layout,
        made_at=box.now(),
        exam=one.need.exam,
        draw=one.draw,
        left_out=box.key.encrypt(left_out) if one.need.left_out else b"",
        repeated=one.repeated,
    )
    paper.proof = proof_of(box, paper)
    return paper
