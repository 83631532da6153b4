"""Papers from an own bank: chosen, drawn, drawn again bit for bit, marked by the blueprint."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from sqlmodel import select

from appliance.base.errors import Conflict, Corrupt, Refused
from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.bank_items import Wanted, find_items, questions_of
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box
from appliance.flow.choose_bank import choosable, choose_bank
from appliance.flow.forget_faces import named_files
from appliance.flow.freeze_bank import approved, frozen_items, keep_frozen
from appliance.flow.hand_in import force_hand_in
from appliance.flow.make_papers import draw_paper, keep_papers, without_paper
from appliance.flow.mark import mark_theory
from appliance.flow.review_item import retire_item
from appliance.flow.sealed_paper import open_paper
from appliance.flow.start_sitting import start_sitting
from appliance.intake.bank import question_bank
from appliance.records.questions import FrozenBank, QuestionBank
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules.paper import THEORY, Blueprint
from tests.flow.test_answers import Page
from tests.question_banks import approve_all, journal, rows_of, table, take
from tests.world import World

BLUEPRINT = Blueprint(
    counts={"true_false": 20, "single_choice": 10, "multiple_choice": 5},
    points={"true_false": Decimal(2), "single_choice": Decimal(4), "multiple_choice": Decimal(4)},
    minutes=120,
    pass_mark=Decimal(80),
    multiple="mean_of_right",
)


@pytest.fixture
def bank(box: Box, people: dict[str, Who]) -> QuestionBank:
    return box.db.write_now(add_bank, box, " 内部  考核题库 ", "low_voltage", "exam", people["author"])


def ready_bank(box: Box, people: dict[str, Who], bank: QuestionBank) -> None:
    take(box, bank, people["author"], table())
    approve_all(box, bank, people["author2"])


def choose(
    box: Box,
    bank: QuestionBank,
    sitting: str,
    who: Who,
    blueprint: Blueprint = BLUEPRINT,
    second: str = "author2",
) -> Sitting:
    frozen = box.db.read_now(approved, box, bank.id)
    name, plans = keep_frozen(box, frozen), {"initial": blueprint}
    return box.db.write_now(choose_bank, box, sitting, frozen, name, plans, who, second)


def make_papers(box: Box, sitting: Sitting) -> list[str]:
    items = frozen_items(box, sitting.bank_sha256)
    people = box.db.read_now(without_paper, sitting.id)
    drawn = [draw_paper(box, sitting, one, items, blueprint_of(sitting)) for one in people]
    box.db.write_now(keep_papers, box, sitting.id, sitting.bank_sha256, drawn)
    return [one.body for one in drawn]


def test_papers_from_an_own_bank_can_be_made_again_bit_for_bit(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    ready_bank(box, people, bank)
    sitting = choose(box, bank, world.sitting, people["chief"])
    bodies = make_papers(box, sitting)
    assert len(set(bodies)) == 3
    kept = box.db.read_now(lambda s: s.exec(select(Paper)).all())
    assert {one.bank for one in kept} == {sitting.bank_sha256}
    assert box.db.read_now(lambda s: s.get_one(FrozenBank, sitting.bank_sha256)).items == 43
    # Everything in the bank changes afterwards: the frozen items and the seed still give the same papers.
    for row in rows_of(box, bank)[:20]:
        box.db.write_now(retire_item, box, row.id, 1, "条款已废止", people["author"])
    items, blueprint = frozen_items(box, sitting.bank_sha256), blueprint_of(sitting)
    assert blueprint == BLUEPRINT
    for paper in kept:
        again = draw_paper(box, sitting, paper.candidate, items, blueprint)
        assert (again.body, again.choices) == (paper.body, paper.choices)
        assert box.key.decrypt(again.key_sealed) == box.key.decrypt(paper.key_sealed)
    assert kept[0].choices == "2" * 20 + "4" * 10 + "d" * 5
    assert keep_frozen(box, box.db.read_now(approved, box, bank.id)) != sitting.bank_sha256
    assert sitting.bank_sha256 in box.db.read_now(named_files)


def test_papers_of_another_bank_are_withdrawn_while_nobody_is_ready(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    ready_bank(box, people, bank)
    shipped = question_bank("low_voltage")
    items = {item.id: item for item in shipped.items}
    before = box.db.read_now(lambda s: s.get_one(Sitting, world.sitting))
    drawn = [draw_paper(box, before, one, items, THEORY) for one in world.candidates]
    assert box.db.write_now(keep_papers, box, world.sitting, shipped.sha256, drawn) == 3
    sitting = choose(box, bank, world.sitting, people["chief"])
    assert box.db.read_now(without_paper, world.sitting) != []
    assert box.db.write_now(keep_papers, box, world.sitting, shipped.sha256, drawn) == 0, (
        "drawn while it changed"
    )
    assert journal(box, "sitting.bank_chosen")[0]["papers_withdrawn"] == 3
    make_papers(box, sitting)
    again = choose(box, bank, world.sitting, people["chief"])
    assert box.db.read_now(without_paper, again.id) == [] and len(journal(box, "sitting.bank_chosen")) == 1
    Page(box, world, 0).rules()
    assert box.db.read_now(choosable, box, bank) == []
    with pytest.raises(Refused, match="somebody_ready"):
        choose(box, bank, world.sitting, people["chief"], replace(BLUEPRINT, pass_mark=Decimal(90)))


def test_who_may_choose_and_which_bank(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    ready_bank(box, people, bank)
    for login in ("author", "invigilator"):
        with pytest.raises(Refused, match="not_your_role"):
            choose(box, bank, world.sitting, people[login])
    with pytest.raises(Refused, match="bank_too_small"):
        choose(box, bank, world.sitting, people["chief"], THEORY)
    other = box.db.write_now(add_bank, box, "焊工", "fusion_welding", "exam", people["author"])
    assert box.db.read_now(choosable, box, other) == []
    with pytest.raises(Refused, match="other_trade"):
        choose(box, other, world.sitting, people["chief"])
    sealed = QuestionBank(
        id="p",
        name="省题库",
        owner="province",
        purpose="exam",
        created_by="x",
        created_at=box.now(),
    )
    box.db.write_now(lambda session: session.add(sealed.model_copy()))
    with pytest.raises(Refused, match="sealed_bank"):
        box.db.read_now(find_items, box, "p", Wanted(), people["author"].account)
    with pytest.raises(Refused, match="sealed_bank"):
        box.db.read_now(questions_of, box, "p")


def test_multiple_choice_is_answered_and_marked_by_the_blueprint(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    ready_bank(box, people, bank)
    sitting = choose(box, bank, world.sitting, people["chief"])
    make_papers(box, sitting)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    paper = box.db.read_now(
        lambda s: s.exec(select(Paper).where(Paper.candidate == world.candidates[0])).one()
    )
    shown = open_paper(box, paper)
    assert [one.kind for one in shown.questions[30:]] == ["multiple_choice"] * 5
    key: list[str] = msgspec.json.decode(box.key.decrypt(paper.key_sealed))
    for wrong in ("BA", "AAB", "E", "ABCDE"):
        with pytest.raises(Corrupt, match="bad_answer"):
            page.send(page.change(31, wrong))
        page.n -= 1
    with pytest.raises(Corrupt, match="bad_answer"):
        page.send(page.change(21, "AB"))
    page.n -= 1
    page.send(*(page.change(place + 1, right) for place, right in enumerate(key[:31])))
    page.send(page.change(32, key[31][:2]), page.change(33, key[32][:1]), page.change(34, "ABCD"))
    page.send(page.change(33, ""))
    box.db.write_now(force_hand_in, box, page.attempt, "x", "account:x")
    mark = box.db.write_now(mark_theory, box, page.attempt)
    # 20 x 2 + 10 x 4 + 4 + two of three right ones; one with a wrong letter and two open ones are worth nothing.
    assert mark.points == Decimal("86.67") and mark.passed
    assert msgspec.json.decode(mark.detail) == {"right": 31, "wrong": 2, "open": 2}


def test_an_item_retired_at_the_last_moment_is_not_frozen(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    ready_bank(box, people, bank)
    frozen = box.db.read_now(approved, box, bank.id)
    name = keep_frozen(box, frozen)
    box.db.write_now(retire_item, box, rows_of(box, bank)[0].id, 1, "条款已废止", people["author"])
    with pytest.raises(Conflict, match="bank_changed"):
        plans = {"initial": BLUEPRINT}
        box.db.write_now(choose_bank, box, world.sitting, frozen, name, plans, people["chief"], "author2")
    assert choose(box, bank, world.sitting, people["chief"]).bank == bank.id
