"""Blueprints by kind of exam: who works how long on what, what a resit leaves out, what was altered is refused."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Corrupt, Refused
from appliance.base.settings import dump
from appliance.flow.accounts import Who
from appliance.flow.attempt_view import standing
from appliance.flow.blueprints import Plans, bank_plans, set_blueprint, working_time
from appliance.flow.box import Box
from appliance.flow.choose_bank import choose_bank
from appliance.flow.freeze_bank import approved, keep_frozen
from appliance.flow.hand_in import force_hand_in
from appliance.flow.mark import mark_theory
from appliance.flow.office import office
from appliance.flow.paper_needs import open_layout
from appliance.flow.paper_proof import proof_of, withdraw_altered
from appliance.flow.paper_state import paper_state
from appliance.flow.redraw import Redrawn, redraw
from appliance.flow.start_sitting import start_sitting
from appliance.flow.verdict import blockers
from appliance.records.questions import QuestionBank
from appliance.records.roster import Candidate, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.rules.paper import Blueprint, Row
from appliance.web.background import Background
from tests.command import examsite
from tests.flow.test_answers import Page
from tests.question_banks import journal
from tests.world import World

INITIAL = Blueprint(
    counts={"true_false": 10, "single_choice": 5},
    points={"true_false": Decimal(5), "single_choice": Decimal(10)},
    minutes=120,
    pass_mark=Decimal(80),
    rows=(Row(kind="true_false", count=10, topic="验电"), Row(kind="single_choice", count=5)),
)
REVIEW = Blueprint(
    counts={"true_false": 10}, points={"true_false": Decimal(10)}, minutes=60, pass_mark=Decimal(90)
)
PLANS: Plans = {"initial": INITIAL, "review": REVIEW}


def choose(box: Box, bank: QuestionBank, sitting: str, who: Who, plans: Plans, second: str) -> None:
    frozen = box.db.read_now(approved, box, bank.id)
    name = keep_frozen(box, frozen)
    box.db.write_now(choose_bank, box, sitting, frozen, name, plans, who, second)


def make_papers(box: Box) -> None:
    """As the web process does."""
    asyncio.run(Background(box)._papers())


def papers(box: Box, sitting: str) -> dict[str, Paper]:
    """By candidate."""
    rows = box.db.read_now(lambda s: s.exec(select(Paper).where(Paper.sitting == sitting)).all())
    return {one.candidate: one for one in rows}


def change(box: Box, paper: Paper, **fields: object) -> None:
    """As somebody at the database would."""

    def alter(session: Session) -> None:
        row = session.get_one(Paper, paper.id)
        for name, value in fields.items():
            setattr(row, name, value)
        session.add(row)

    box.db.write_now(alter)


def checked(box: Box, sitting: str) -> Redrawn:
    [found] = box.db.read_now(lambda session: list(redraw(session, box, sitting)))
    return found


def test_two_people_put_a_bank_to_use(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    for second, code in (
        ("", "second_missing"),
        ("chief", "same_person"),
        ("invigilator", "second_not_allowed"),
    ):
        with pytest.raises(Refused, match=code):
            choose(box, bank, world.sitting, people["chief"], PLANS, second)
    with pytest.raises(Refused, match="not_your_role"):
        choose(box, bank, world.sitting, people["author"], PLANS, "chief")
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")
    [noted] = journal(box, "sitting.bank_chosen")
    assert noted["second"] == people["author2"].account and noted["duration_s"] == 7200


def test_a_blueprint_is_kept_with_its_bank(box: Box, people: dict[str, Who], bank: QuestionBank) -> None:
    write = box.db.write_now
    write(set_blueprint, box, bank.id, "initial", INITIAL, people["chief"])
    write(set_blueprint, box, bank.id, "initial", INITIAL, people["chief"])
    write(set_blueprint, box, bank.id, "review", REVIEW, people["chief"])
    assert box.db.read_now(bank_plans, bank.id) == PLANS
    write(set_blueprint, box, bank.id, "review", None, people["chief"])
    assert box.db.read_now(bank_plans, bank.id) == {"initial": INITIAL}
    assert [one["exam"] for one in journal(box, "bank.blueprint_set")] == ["initial", "review", "review"]
    for wrong, code in ((replace(REVIEW, pass_mark=Decimal(60)), "bad_pass_mark"), (None, "")):
        if wrong:
            with pytest.raises(Refused, match=code):
                write(set_blueprint, box, bank.id, "review", wrong, people["chief"])
    with pytest.raises(Refused, match="not_your_role"):
        write(set_blueprint, box, bank.id, "review", REVIEW, people["author"])


def test_a_shortage_names_the_row_and_the_number(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    rows = (Row(kind="true_false", count=8, topic="验电", difficulty=3), Row(kind="true_false", count=2))
    wrong = replace(REVIEW, rows=rows)
    with pytest.raises(Refused) as refused:
        choose(box, bank, world.sitting, people["chief"], {"initial": INITIAL, "review": wrong}, "author2")
    assert "复审考试“判断题 · 验电 · 难”缺 8 道" in refused.value.text()


def test_the_blueprint_of_a_kind_of_exam_governs_time_and_mark(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    def review(session: Session) -> None:
        row = session.exec(select(RosterRow).where(RosterRow.candidate == world.candidates[1])).one()
        row.kind = "review"
        session.add(row)

    box.db.write_now(review)
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")
    make_papers(box)
    made = papers(box, world.sitting)
    assert [made[one].exam for one in world.candidates] == ["initial", "review", "initial"]
    assert made[world.candidates[1]].choices == "2" * 10
    for place in (0, 1):
        Page(box, world, place).rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    sitting = box.db.read_now(lambda s: s.get_one(Sitting, world.sitting))
    attempts = box.db.read_now(lambda s: {one.candidate: one for one in s.exec(select(Attempt)).all()})
    ends = [attempts[one].deadline for one in world.candidates[:2]]
    assert sitting.started_at and ends == [sitting.ends_at, sitting.started_at + timedelta(minutes=60)]
    assert working_time(sitting, "resit") == timedelta(minutes=120), "as the initial exam"
    page = Page(box, world, 1)
    right = msgspec.json.decode(box.key.decrypt(made[world.candidates[1]].key_sealed))
    page.rules()
    page.send(*(page.change(place, letter) for place, letter in enumerate(right[:8], 1)))
    box.db.write_now(force_hand_in, box, page.attempt, "x", "account:x")
    mark = box.db.write_now(mark_theory, box, page.attempt)
    assert (mark.points, mark.passed) == (Decimal(80), False), "the renewal exam is passed at 90"


def come_again(box: Box, world: World, places: tuple[int, ...] = (0, 1)) -> str:
    """The same sitting a month later, for some of its candidates."""

    def made(session: Session) -> str:
        old = session.get_one(Sitting, world.sitting)
        sitting = Sitting(**{**old.model_dump(), "id": "again", "number": 2, "state": "planned"})
        sitting.starts_at += timedelta(days=30)
        sitting.started_at = sitting.ends_at = None
        session.add(sitting)
        session.flush()
        for place in places:
            candidate = world.candidates[place]
            row = RosterRow(id=f"again{place}", roster="r1", row=place, candidate=candidate, sitting="again")
            session.add(row)
        return sitting.id

    return box.db.write_now(made)


def items_of(box: Box, paper: Paper) -> set[str]:
    return {item for item, _order in open_layout(box, paper.layout)}


def test_nobody_meets_the_items_of_an_earlier_paper_again(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")
    make_papers(box)
    first = papers(box, world.sitting)
    Page(box, world, 0).rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    sitting = come_again(box, world)
    make_papers(box)
    second = papers(box, sitting)
    seen, not_seen = world.candidates[:2]
    # 25 + 12 items: of the ten true/false and five single choice of the first paper none comes back.
    assert not items_of(box, first[seen]) & items_of(box, second[seen]) and second[seen].repeated == 0
    assert second[seen].left_out and not second[not_seen].left_out, (
        "who never opened the paper has seen nothing"
    )
    assert checked(box, sitting).same == 2, "what was left out is kept with the paper"
    noted = journal(box, "papers.made")[-1]
    assert noted == {"count": 2, "bank": second[seen].bank, "repeating": 0}


def test_a_small_bank_repeats_as_little_as_it_can_and_staff_are_told_before_the_start(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    many = replace(
        REVIEW,
        counts={"true_false": 20},
        points={"true_false": Decimal(5)},
        pass_mark=Decimal(80),
        open_book=True,
    )
    choose(box, bank, world.sitting, people["chief"], {"initial": many}, "author2")
    make_papers(box)
    Page(box, world, 0).rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    sitting = come_again(box, world)
    make_papers(box)
    second = papers(box, sitting)
    assert [second[one].repeated for one in world.candidates[:2]] == [15, 0], "five of 25 were new"
    told = box.db.read_now(lambda s: paper_state(s, s.get_one(Sitting, sitting)))
    assert (told.stage, told.repeating, told.open_book) == ("made", 1, True)
    assert journal(box, "papers.made")[-1]["repeating"] == 1
    assert checked(box, sitting).ok
    seat = box.db.read_now(standing, box, Page(box, world, 0).token)
    assert seat.around.open_book


def test_papers_are_drawn_again_bit_for_bit_and_nothing_altered_passes(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")
    make_papers(box)
    whole = checked(box, world.sitting)
    assert (whole.papers, whole.same, whole.ok) == (3, 3, True)
    one, other, third = papers(box, world.sitting).values()
    change(box, one, body=other.body)
    found = checked(box, world.sitting)
    assert found.wrong == {one.id: "paper_altered"} and found.same == 2 and not found.ok
    change(box, one, layout=b"")
    assert checked(box, world.sitting).wrong == {one.id: "paper_altered"}, "as if it came from elsewhere"
    # Whoever also has the key can write a proof that fits: drawing it again still tells.
    change(box, third, choices=third.choices[::-1])
    third = papers(box, world.sitting)[third.candidate]
    change(box, third, proof=proof_of(box, third))
    assert checked(box, world.sitting).wrong[third.id] == "not_the_same"
    change(box, third, choices=third.choices[::-1])
    third = papers(box, world.sitting)[third.candidate]
    change(box, third, proof=proof_of(box, third))
    assert box.db.write_now(withdraw_altered, box, world.sitting, "process:test") == 1
    make_papers(box)
    assert checked(box, world.sitting).ok, "the withdrawn one was drawn again"
    [noted] = journal(box, "papers.refused")
    assert noted == {
        "code": "paper_altered",
        "paper": one.id,
        "candidate": one.candidate,
        "withdrawn": True,
    }


def test_nothing_is_drawn_from_an_altered_seed(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")

    def alter(session: Session) -> None:
        session.get_one(Sitting, world.sitting).seed_sealed = box.key.encrypt(b"x" * 32)

    box.db.write_now(alter)
    for _ in range(2):
        with pytest.raises(Corrupt, match="seed_altered"):
            make_papers(box)
    assert journal(box, "papers.refused") == [{"code": "seed_altered", "paper": "", "withdrawn": False}]
    assert papers(box, world.sitting) == {}


def test_an_altered_paper_is_not_marked(
    box: Box,
    people: dict[str, Who],
    bank: QuestionBank,
    world: World,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")
    make_papers(box)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    own = papers(box, world.sitting)[world.candidates[0]]
    change(box, own, key_sealed=box.key.encrypt(msgspec.json.encode(["A"] * 15)))
    box.db.write_now(force_hand_in, box, page.attempt, "x", "account:x")
    clock.advance(box.settings.station.grace + 1)
    day = box.today().isoformat()
    assert "unmarked" in box.db.read_now(blockers, box, day)
    background, tried = Background(box), []

    def counted(*of: Any) -> Any:
        tried.append(of)
        return mark_theory(*of)

    monkeypatch.setattr("appliance.web.background.mark_theory", counted)

    async def rounds() -> None:
        for _ in range(3):
            with pytest.raises(Corrupt, match="paper_altered"):
                await background._hand_in()

    asyncio.run(rounds())
    assert len(tried) == 1, "it is tried again slowly"
    assert journal(box, "papers.refused") == [{"code": "paper_altered", "paper": own.id, "withdrawn": False}]
    assert journal(box, "paper.marked") == []
    assert "unmarked" not in box.db.read_now(blockers, box, day), "it keeps nobody else's result back"
    who = box.db.read_now(lambda s: s.get_one(Candidate, own.candidate))
    assert box.db.read_now(office, box, "x").without_mark == [(who.name, who.number_masked)]


def test_the_command_draws_the_papers_again(
    box: Box,
    people: dict[str, Who],
    bank: QuestionBank,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "examsite.toml").write_bytes(dump(box.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "examsite.toml"))
    choose(box, bank, world.sitting, people["chief"], PLANS, "author2")
    make_papers(box)
    status, out, _err = examsite("papers", "check", "--json")
    [found] = json.loads(out)["sittings"]
    assert status == 0 and (found["papers"], found["same"], found["wrong"]) == (3, 3, {})
    paper = papers(box, world.sitting)[world.candidates[0]]
    change(box, paper, key_sealed=box.key.encrypt(b"[]"))
    status, _out, told = examsite("papers", "check", "--sitting", world.sitting)
    assert status == 1 and f"{paper.id}: 这份试卷与生成时不符" in told and "3 份试卷中有 2 份" in told
    assert examsite("papers", "check", "--sitting", "x")[0] != 0
