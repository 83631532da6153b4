"""Item analysis of sittings and banks, counted from attempts: by the bank's options, whatever order was shown."""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base.errors import NotFound
from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.analyse_items import Scope, analyse, as_numbers
from appliance.flow.analysis_choice import choices, state_of, title_of, words_of
from appliance.flow.box import Box
from appliance.flow.edit_item import edit_item
from appliance.flow.freeze_bank import approved, frozen_items, keep_frozen, note_frozen
from appliance.flow.make_papers import draw_paper
from appliance.flow.paper_needs import open_layout
from appliance.flow.review_item import approve_item
from appliance.flow.sealed_item import open_item
from appliance.intake.bank import question_bank
from appliance.records.accounts import Account
from appliance.records.questions import QuestionBank
from appliance.records.site import Room
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Paper
from appliance.rules.item_analysis import FEW
from appliance.rules.paper import THEORY, Item
from tests.marked_papers import FIVE, Source, add_marked, chosen, plain_items
from tests.question_banks import approve_all, rows_of, staff, table, take


@pytest.fixture(autouse=True)
def room(box: Box) -> None:
    box.db.write_now(lambda session: session.add(Room(code="T1", name="理论考场", kind="theory")))


class Noted:
    """Chooses as people do and writes down what."""

    def __init__(self) -> None:
        self.given: Counter[tuple[str, int]] = Counter()
        self.asked: Counter[str] = Counter()

    def __call__(self, dice: random.Random, ability: float, item: Item) -> Sequence[int]:
        options = chosen(dice, ability, item)
        self.asked[item.id] += 1
        self.given.update((item.id, option) for option in options)
        return options


def own_bank(box: Box) -> tuple[QuestionBank, Source]:
    people = staff(box)
    bank = box.db.write_now(add_bank, box, "内部考核", "low_voltage", "exam", people["author"])
    take(box, bank, people["author"], table())
    approve_all(box, bank, people["author2"])
    return bank, freeze(box, bank)


def freeze(box: Box, bank: QuestionBank) -> Source:
    frozen = box.db.read_now(approved, box, bank.id)
    name = keep_frozen(box, frozen)
    box.db.write_now(note_frozen, box, name, frozen)
    return Source(items=frozen_items(box, name), blueprint=FIVE, file=name, bank=bank.id)


def test_options_are_counted_by_the_bank_not_by_their_place(box: Box) -> None:
    bank, source = own_bank(box)
    noted = Noted()
    sitting = box.db.write_now(add_marked, box, source, box.now(), 120, 1, noted)
    for scope in (Scope(sitting=sitting), Scope(bank=bank.id)):
        found = box.db.read_now(analyse, box, scope)
        assert (found.attempts, found.left_out, found.unequal) == (120, 0, 0)
        assert {one.item: one.figures.count for one in found.items} == dict(noted.asked)
        counts = {
            (one.item, o.number): o.count for one in found.items for o in one.figures.options if o.count
        }
        assert counts == dict(noted.given)
        assert {one.version for one in found.items} == {1}
        for one in found.items:
            right = tuple(int(number) for number in one.figures.right)
            assert right == source.items[one.item].right and one.figures.kind == source.items[one.item].kind
    assert found.sets > 100 and [one.kind for one in found.reliability] == ["nested"]
    assert 0 < (found.mean or 0) < 100 and (found.deviation or 0) > 0


def test_the_same_items_for_all_have_an_alpha(box: Box) -> None:
    items = plain_items(100)
    source = Source(items=items, blueprint=THEORY, file=question_bank("low_voltage").sha256)
    box.db.write_now(add_marked, box, source, box.now() - timedelta(days=1), FEW)
    found = box.db.read_now(analyse, box, Scope(trade="low_voltage"))
    assert found.sets == 1 and len(found.items) == 100
    (one,) = found.reliability
    assert one.kind == "kr20" and 0.7 < (one.value or 0) < 1 and (one.standard_error or 0) > 0
    assert {line.version for line in found.items} == {0}


def test_days_and_banks_part_the_sittings(box: Box) -> None:
    bank, source = own_bank(box)
    shipped = Source(items=plain_items(), blueprint=THEORY)
    now, trade = box.now(), Scope(trade="low_voltage")
    for days, what in ((5, source), (3, source), (1, shipped)):
        box.db.write_now(add_marked, box, what, now - timedelta(days=days), 4, days)
    today = box.local(now).date()

    def count(scope: Scope) -> int:
        return box.db.read_now(analyse, box, scope).attempts

    def days(first: int | None, last: int | None) -> Scope:
        day = [today - timedelta(days=one) if one is not None else None for one in (first, last)]
        return Scope(bank=bank.id, first=day[0], last=day[1])

    assert [count(one) for one in (days(None, None), days(5, 3), days(4, None), days(None, 4))] == [
        8,
        8,
        4,
        4,
    ]
    assert [count(one) for one in (days(4, 4), days(3, 3), trade)] == [0, 4, 4]
    assert box.db.read_now(title_of, box, days(5, 3)).startswith("内部考核，")
    offered = box.db.read_now(choices)
    assert (
        len(offered.sittings) == 3 and [one.of.partition(":")[0] for one in offered.banks].count("bank") == 1
    )
    before = box.db.read_now(state_of, box, trade)
    box.db.write_now(add_marked, box, shipped, now - timedelta(days=2), 1, 9)
    assert box.db.read_now(state_of, box, trade) != before
    for scope in (Scope(sitting="x"), Scope(bank="x"), Scope(trade="x")):
        with pytest.raises(NotFound):
            box.db.read_now(title_of, box, scope)
    assert count(Scope(trade="x")) == count(days(0, 0)) == 0


def test_an_edited_item_is_counted_by_its_versions(box: Box) -> None:
    bank, source = own_bank(box)
    box.db.write_now(add_marked, box, source, box.now() - timedelta(days=2), 60, 1)
    row = next(one for one in rows_of(box, bank) if one.kind == "multiple_choice")
    question = msgspec.structs.replace(open_item(box, row), right=(0, 1))

    def edit(session: Session) -> None:
        found = {one.login: one.id for one in session.exec(select(Account)).all()}
        writer = Who(account=found["author"], login="author", name="author", role="author")
        second = Who(account=found["author2"], login="author2", name="author2", role="author")
        edited = edit_item(session, box, row.id, 1, question, writer)
        approve_item(session, box, edited.id, edited.version, second)

    box.db.write_now(edit)
    box.db.write_now(add_marked, box, freeze(box, bank), box.now() - timedelta(days=1), 60, 2)
    found = box.db.read_now(analyse, box, Scope(bank=bank.id))
    versions = {one.version: one.figures.right for one in found.items if one.item == row.id}
    assert versions == {1: "012", 2: "01"}
    words = box.db.read_now(words_of, box, found.items, True)
    assert any("第 2 版" in one.name for one in words) and all(one.stem for one in words)
    assert not any(one.stem or one.bank for one in box.db.read_now(words_of, box, found.items, False))

    def seal(session: Session) -> None:
        session.get_one(QuestionBank, bank.id).owner = "province"

    box.db.write_now(seal)
    sealed = box.db.read_now(words_of, box, found.items, True)
    assert [one.name for one in sealed] == [one.item for one in found.items]
    assert not any(one.stem or one.options for one in sealed)


def test_what_cannot_be_counted_is_told(box: Box) -> None:
    _bank, source = own_bank(box)
    sitting = box.db.write_now(add_marked, box, source, box.now(), 12, 1)

    def spoil(session: Session) -> None:
        papers = session.exec(select(Paper).where(Paper.sitting == sitting).order_by(Paper.id)).all()
        papers[0].layout = b""
        cut = open_layout(box, papers[1].layout)[:-1]
        papers[1].layout = box.key.encrypt(msgspec.json.encode(cut))
        attempt = session.exec(select(Attempt).where(Attempt.paper == papers[2].id)).one()
        for answer in session.exec(select(Answer).where(Answer.attempt == attempt.id)).all():
            session.delete(answer)
        session.exec(select(Sitting)).one().state = "ended"

    box.db.write_now(spoil)
    found = box.db.read_now(analyse, box, Scope(sitting=sitting))
    assert (found.attempts, found.left_out, found.unequal) == (10, 2, 1)
    assert all(one.figures.flags == () for one in found.items), "too few to judge"
    assert [one.reason for one in found.reliability] == ["few"]


def test_nothing_marked_is_no_fault(box: Box) -> None:
    found = box.db.read_now(analyse, box, Scope(trade="low_voltage", first=date(2026, 1, 1)))
    assert (found.attempts, found.items, found.reliability, found.mean) == (0, (), (), None)
    assert box.db.read_now(choices).sittings == []


def test_a_drawn_paper_knows_what_stands_where(box: Box) -> None:
    _bank, source = own_bank(box)
    session_seed = box.key.encrypt(b"s" * 32)
    sitting = Sitting(
        id="s",
        number=1,
        subject="theory",
        trade="low_voltage",
        room="T1",
        starts_at=box.now(),
        duration_s=60,
        opens_at=box.now(),
        closes_at=box.now(),
        seed_hash=hashlib.sha256(b"s" * 32).hexdigest(),
        seed_sealed=session_seed,
    )
    drawn = draw_paper(box, sitting, "somebody", source.items, FIVE)
    right = msgspec.json.decode(box.key.decrypt(drawn.key_sealed), type=list[str])
    layout = open_layout(box, drawn.layout)
    assert len(layout) == len(right) == 5
    for (item, order), letters in zip(layout, right, strict=True):
        assert as_numbers(order, letters) == "".join(map(str, source.items[item].right))
