"""A paper composed by hand: chosen by one, approved by another, used in another order by everybody."""

from decimal import Decimal

import pytest
from sqlmodel import Session

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.compose_paper import (
    chosen_of,
    compose_paper,
    composed_papers,
    frozen_paper,
    turn_down_composed,
    use_composed,
)
from appliance.flow.freeze_bank import keep_frozen
from appliance.flow.paper_needs import open_layout
from appliance.flow.review_item import retire_item
from appliance.records.questions import ComposedPaper, QuestionBank
from appliance.records.sitting import Sitting
from appliance.rules.paper import Blueprint
from tests.flow.test_answers import Page
from tests.flow.test_blueprints import checked, make_papers, papers
from tests.question_banks import journal, rows_of
from tests.world import World

TERMS = Blueprint(
    counts={},
    points={"true_false": Decimal(5), "single_choice": Decimal(10), "multiple_choice": Decimal(1)},
    minutes=90,
    pass_mark=Decimal(80),
)


@pytest.fixture
def proposed(box: Box, people: dict[str, Who], bank: QuestionBank, world: World) -> ComposedPaper:
    """Ten true/false and five single choice items, 100 points."""
    return box.db.write_now(
        compose_paper, box, bank.id, world.sitting, fifteen(box, bank), TERMS, people["author"]
    )


def fifteen(box: Box, bank: QuestionBank) -> list[str]:
    rows = rows_of(box, bank)
    found = [row.id for row in rows if row.kind == "true_false"][:10]
    return found + [row.id for row in rows if row.kind == "single_choice"][:5]


def use(box: Box, paper: ComposedPaper, who: Who) -> Sitting:
    frozen = box.db.read_now(frozen_paper, box, paper.id)
    return box.db.write_now(use_composed, box, paper.id, frozen, keep_frozen(box, frozen), who)


def test_everybody_gets_the_chosen_items_in_another_order(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World, proposed: ComposedPaper
) -> None:
    with pytest.raises(Refused, match="own_paper"):
        use(box, proposed, people["author"])
    with pytest.raises(Refused, match="not_your_role"):
        use(box, proposed, people["chief"])
    sitting = use(box, proposed, people["author2"])
    assert use(box, proposed, people["author2"]).id == sitting.id, "twice is once"
    assert sitting.duration_s == 90 * 60
    make_papers(box)
    layouts = [open_layout(box, one.layout) for one in papers(box, world.sitting).values()]
    wanted = {item for item, _version in chosen_of(box, proposed)}
    assert [{item for item, _order in one} for one in layouts] == [wanted] * 3
    orders = {tuple(item for item, _order in one) for one in layouts}
    assert len(orders) == 3, "the same items, never in the same order"
    assert checked(box, world.sitting).ok
    [noted] = journal(box, "sitting.bank_chosen")
    assert (noted["composed"], noted["items"], noted["second"]) == (proposed.id, 15, people["author"].account)
    assert journal(box, "papers.composed") == [{"paper": proposed.id, "bank": bank.id, "items": 15}]


def test_what_cannot_be_proposed_or_used(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World, proposed: ComposedPaper
) -> None:
    def propose(items: list[str], who: str = "author", sitting: str = world.sitting) -> ComposedPaper:
        return box.db.write_now(compose_paper, box, bank.id, sitting, items, TERMS, people[who])

    items = fifteen(box, bank)
    with pytest.raises(Refused, match="not_your_role"):
        propose(items, "chief")
    with pytest.raises(Refused, match="not_full"):
        propose(items[:-1])
    with pytest.raises(Refused, match="nothing_asked"):
        propose([])
    with pytest.raises(Conflict, match="items_changed"):
        propose([*items[:-1], "nothing"])
    with pytest.raises(NotFound):
        propose(items, sitting="nothing")
    with pytest.raises(NotFound):
        box.db.read_now(frozen_paper, box, "nothing")
    frozen = box.db.read_now(frozen_paper, box, proposed.id)
    box.db.write_now(retire_item, box, items[0], 1, "条款已废止", people["author"])
    with pytest.raises(Conflict, match="items_changed"):
        use(box, proposed, people["author2"])
    with pytest.raises(Conflict, match="bank_changed"):
        box.db.write_now(use_composed, box, proposed.id, frozen, keep_frozen(box, frozen), people["author2"])
    assert box.db.read_now(lambda s: s.get_one(ComposedPaper, proposed.id)).state == "proposed"


def test_a_paper_turned_down_is_never_used(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World, proposed: ComposedPaper
) -> None:
    with pytest.raises(Refused, match="no_reason"):
        box.db.write_now(turn_down_composed, box, proposed.id, " ", people["author2"])
    box.db.write_now(turn_down_composed, box, proposed.id, "太难", people["author2"])
    with pytest.raises(Refused, match="paper_decided"):
        use(box, proposed, people["author2"])
    assert journal(box, "papers.turned_down") == [{"paper": proposed.id, "reason": "太难"}]
    assert [one.state for one in box.db.read_now(composed_papers, bank.id)] == ["turned_down"]


def test_not_once_somebody_has_accepted_the_rules(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World, proposed: ComposedPaper
) -> None:
    Page(box, world, 0).rules()
    with pytest.raises(Refused, match="somebody_ready"):
        use(box, proposed, people["author2"])


def test_the_database_itself_wants_two_people(box: Box, proposed: ComposedPaper) -> None:
    def alone(session: Session) -> None:
        row = session.get_one(ComposedPaper, proposed.id)
        row.state, row.reviewer, row.reviewed_at = "used", row.author, box.now()
        session.add(row)

    with pytest.raises(Exception, match="review"):
        box.db.write_now(alone)
