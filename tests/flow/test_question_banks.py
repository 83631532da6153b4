"""Own banks on both databases: import, second person, versions, what is found and taken out."""

import base64
import hashlib

import msgspec
import pytest
from sqlmodel import select

from appliance.base.errors import Conflict, Corrupt, NotFound, Refused
from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.bank_items import Wanted, find_items, item_view, kept_pictures, questions_of
from appliance.flow.box import Box
from appliance.flow.edit_item import add_item, edit_item, question_of
from appliance.flow.forget_faces import named_files
from appliance.flow.freeze_bank import approved, drawable
from appliance.flow.import_questions import Imported, import_questions, prepare_import
from appliance.flow.review_item import approve_item, retire_item
from appliance.flow.sealed_item import open_item
from appliance.intake.questions.excel_export import write_excel
from appliance.intake.questions.question import LANGUAGE, Draft, Wording
from appliance.intake.questions.read import read_questions
from appliance.records.journal import Journal
from appliance.records.questions import QuestionBank
from tests.intake.questions.samples import png
from tests.question_banks import journal, rows_of, table, take


@pytest.fixture
def bank(box: Box, people: dict[str, Who]) -> QuestionBank:
    return box.db.write_now(add_bank, box, " 内部  考核题库 ", "low_voltage", "exam", people["author"])


def test_an_import_is_drafts_and_the_same_again_is_nothing(
    box: Box, people: dict[str, Who], bank: QuestionBank
) -> None:
    content = table()
    assert take(box, bank, people["author"], content) == Imported(added=43, known=0, rejected=2)
    rows = rows_of(box, bank)
    assert {row.state for row in rows} == {"draft"} and {row.version for row in rows} == {1}
    assert take(box, bank, people["author2"], content) == Imported(added=0, known=43, rejected=2)
    first, second = journal(box, "questions.imported")
    assert first == {
        "file_sha256": hashlib.sha256(content).hexdigest(),
        "format": "csv",
        "accepted": 43,
        "rejected": 2,
        "added": 43,
        "known": 0,
    }
    assert second["added"] == 0
    with pytest.raises(Refused, match="not_your_role"):
        take(box, bank, people["chief"], content)


def test_nothing_a_candidate_reads_lies_in_clear(
    box: Box, people: dict[str, Who], bank: QuestionBank
) -> None:
    take(box, bank, people["author"], table())
    rows = rows_of(box, bank)
    for row in rows:
        clear = repr(row.model_dump())
        assert "停电" not in clear and "切断" not in clear and "绝缘" not in clear
    kept = box.db.read_now(lambda s: " ".join(one.body for one in s.exec(select(Journal)).all()))
    assert "停电" not in kept and "切断" not in kept
    other = rows[1].model_copy(update={"id": rows[0].id})
    with pytest.raises(Corrupt, match="sealed_altered"):
        open_item(box, other)


def test_a_second_person_approves(box: Box, people: dict[str, Who], bank: QuestionBank) -> None:
    take(box, bank, people["author"], table())
    row = rows_of(box, bank)[0]
    with pytest.raises(Refused, match="own_item"):
        box.db.write_now(approve_item, box, row.id, 1, people["author"])
    with pytest.raises(Refused, match="not_your_role"):
        box.db.write_now(approve_item, box, row.id, 1, people["chief"])
    for _ in range(2):
        done = box.db.write_now(approve_item, box, row.id, 1, people["author2"])
        assert (done.state, done.reviewer) == ("approved", people["author2"].account)
    assert len(journal(box, "item.approved")) == 1
    with pytest.raises(NotFound):
        box.db.write_now(approve_item, box, "nothing", 1, people["author2"])


def test_an_edit_is_a_new_version_and_the_old_one_stays_in_use(
    box: Box, people: dict[str, Who], bank: QuestionBank
) -> None:
    author, second = people["author"], people["author2"]
    take(box, bank, author, table())
    row = next(one for one in rows_of(box, bank) if one.kind == "single_choice")
    box.db.write_now(approve_item, box, row.id, 1, second)
    old = open_item(box, row)
    wording = msgspec.structs.replace(old.wording, stem=("先做哪一件?",))
    new = msgspec.structs.replace(old, wordings={LANGUAGE: wording})
    edited = box.db.write_now(edit_item, box, row.id, 1, new, second)
    assert (edited.version, edited.state, edited.author) == (2, "draft", second.account)
    with pytest.raises(Refused, match="newer_version"):
        box.db.write_now(edit_item, box, row.id, 1, new, author)
    with pytest.raises(Refused, match="own_item"):
        box.db.write_now(approve_item, box, row.id, 2, second)
    assert [one.version for one in box.db.read_now(approved, box, bank.id).items] == [1]
    box.db.write_now(approve_item, box, row.id, 2, author)
    assert [one.version for one in box.db.read_now(approved, box, bank.id).items] == [2]
    seen = box.db.read_now(item_view, box, row.id, None, author.account)
    assert [(one.version, one.state, one.reason) for one in seen.history] == [
        (2, "approved", ""),
        (1, "retired", "replaced"),
    ]
    first = box.db.read_now(item_view, box, row.id, 1, author.account)
    assert first.question == old and not first.newest
    third = box.db.write_now(edit_item, box, row.id, 2, old, author)
    fourth = box.db.write_now(edit_item, box, row.id, 3, new, author)
    states = {one.version: one.state for one in rows_of(box, bank) if one.id == row.id}
    assert states == {1: "retired", 2: "approved", third.version: "retired", fourth.version: "draft"}


def test_retired_is_never_drawn_and_can_come_again(
    box: Box, people: dict[str, Who], bank: QuestionBank
) -> None:
    author, second = people["author"], people["author2"]
    take(box, bank, author, table())
    row = rows_of(box, bank)[0]
    with pytest.raises(Refused, match="no_reason"):
        box.db.write_now(retire_item, box, row.id, 1, " ", second)
    box.db.write_now(approve_item, box, row.id, 1, second)
    box.db.write_now(retire_item, box, row.id, 1, "条款已废止", author)
    assert box.db.read_now(approved, box, bank.id).items == ()
    with pytest.raises(Refused, match="wrong_state"):
        box.db.write_now(approve_item, box, row.id, 1, second)
    again = box.db.write_now(edit_item, box, row.id, 1, open_item(box, row), author)
    assert (again.version, again.state) == (2, "draft")
    assert journal(box, "item.retired")[0]["reason"] == "条款已废止"


def test_typed_items_are_held_to_the_same_rules(box: Box, people: dict[str, Who], bank: QuestionBank) -> None:
    wording = Wording(stem=("先做什么?",), options=(("甲",), ("乙",)))
    with pytest.raises(Corrupt, match="right_unknown"):
        question_of(Draft(item="x", line=1, wordings={LANGUAGE: wording}, right={2}))
    good = question_of(Draft(item="x", line=1, wordings={LANGUAGE: wording}, right={1}))
    row = box.db.write_now(add_item, box, bank.id, good, people["author"])
    assert (row.kind, row.state, row.version) == ("single_choice", "draft", 1)
    with pytest.raises(Conflict, match="item_known"):
        box.db.write_now(add_item, box, bank.id, good, people["author2"])


def test_search_and_pages(box: Box, people: dict[str, Who], bank: QuestionBank) -> None:
    take(box, bank, people["author"], table())
    account = people["author"].account

    def find(**wanted: object) -> tuple[int, int, int]:
        page = box.db.read_now(find_items, box, bank.id, Wanted(**wanted), account)  # type: ignore[arg-type]
        return page.found, page.pages, len(page.items)

    assert find() == (43, 3, 20) and find(page=3) == (43, 3, 3) and find(page=99) == (43, 3, 3)
    assert find(kind="multiple_choice") == (6, 1, 6) and find(topic="急救") == (12, 1, 12)
    assert find(state="approved") == (0, 1, 0) and find(text="切断 电源") == (12, 1, 12)
    assert find(text="第3组") == (1, 1, 1)
    box.db.write_now(approve_item, box, rows_of(box, bank)[0].id, 1, people["author2"])
    assert find(state="approved") == (1, 1, 1)


def test_pictures_are_sealed_kept_and_taken_out_again(
    box: Box, people: dict[str, Who], bank: QuestionBank
) -> None:
    picture = base64.b64encode(png()).decode()
    text = f'::P1:: [html]看图<img src\\="data\\:image/png;base64,{picture}"> {{=对 ~错}}'
    file = read_questions(text.replace("==", "\\=\\=").encode(), "x.gift")
    assert len(file.pictures) == 1, file.rejected
    prepared = prepare_import(box, file, bank.id, people["author"])
    box.db.write_now(import_questions, box, bank.id, prepared, people["author"])
    assert set(file.pictures) <= box.db.read_now(named_files), (
        "a sweep of left-over pictures must not take them"
    )
    row = rows_of(box, bank)[0]
    box.db.write_now(approve_item, box, row.id, 1, people["author2"])
    counted = box.db.read_now(drawable, box, bank.id)
    assert counted.there == {("true_false", "", 0): 1} and (counted.pictures, counted.english) == (1, 0)
    name, questions, found = box.db.read_now(questions_of, box, bank.id)
    content = write_excel(questions, kept_pictures(box, found))
    assert name == bank.name and len(read_questions(content, "x.xlsx").pictures) == 1


def test_a_bank_has_one_name_and_one_maker(box: Box, people: dict[str, Who], bank: QuestionBank) -> None:
    assert bank.name == "内部 考核题库" and bank.owner == "site"
    with pytest.raises(Conflict):
        box.db.write_now(add_bank, box, "内部 考核题库", "", "rehearsal", people["author2"])
    for role in ("chief", "invigilator"):
        with pytest.raises(Refused, match="not_your_role"):
            box.db.write_now(add_bank, box, "别的", "", "exam", people[role])
    for name, trade, purpose in (
        ("", "", "exam"),
        ("x" * 61, "", "exam"),
        ("x", "cooking", "exam"),
        ("x", "", "y"),
    ):
        with pytest.raises(Corrupt):
            box.db.write_now(add_bank, box, name, trade, purpose, people["author"])
