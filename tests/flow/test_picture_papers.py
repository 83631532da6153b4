"""Papers with pictures and English words: drawn, drawn again bit for bit, refused to everybody else. Both databases."""

import time
from dataclasses import replace

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.sealing import unseal
from appliance.flow.accounts import Who
from appliance.flow.add_bank import add_bank
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box
from appliance.flow.forget_faces import named_files
from appliance.flow.freeze_bank import Frozen, approved, frozen_items, keep_frozen, read_frozen
from appliance.flow.make_papers import draw_paper, keep_papers, without_paper
from appliance.flow.review_item import retire_item
from appliance.flow.sealed_item import pictures
from appliance.flow.sealed_paper import note_sealed_refused, open_paper, place_of, require_body, sealed_names
from appliance.intake.bank import question_bank
from appliance.records.questions import QuestionBank
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules.paper import THEORY, Blueprint, Item, candidate_seed, draw
from appliance.wire import station as wire
from tests.flow.test_answers import Page
from tests.flow.test_bank_papers import BLUEPRINT, choose, make_papers
from tests.pictured_bank import CIRCUIT, PICTURES, file, fill, shown_names
from tests.question_banks import journal, rows_of
from tests.station.drawings import name_of
from tests.world import World, seed

SEED = b"s" * 32
FEW = replace(BLUEPRINT, counts={"true_false": 9, "single_choice": 4, "multiple_choice": 2})
"""As many as can be drawn when pictures are left out."""


@pytest.fixture
def bank(box: Box, people: dict[str, Who]) -> QuestionBank:
    bank = box.db.write_now(add_bank, box, "带图题库", "low_voltage", "exam", people["author"])
    fill(box, bank, people["author"], people["author2"])
    return bank


def seated(box: Box, count: int) -> World:
    def made(session: Session) -> World:
        return seed(session, box, count, papers=False)

    return box.db.write_now(made)


@pytest.fixture
def world(box: Box) -> World:
    return seated(box, 3)


def papers(box: Box) -> list[Paper]:
    return box.db.read_now(lambda s: list(s.exec(select(Paper).order_by(Paper.candidate)).all()))


def as_before(items: dict[str, Item], sitting: Sitting, candidate: str, blueprint: Blueprint) -> bytes:
    """A paper's bytes as they were made when there were neither pictures nor languages."""
    drawn = draw(items.values(), blueprint, candidate_seed(SEED, candidate))
    questions = []
    for place in drawn.questions:
        item = items[place.item]
        options = [
            {"key": key, "text": item.options[i]} for key, i in zip("ABCDEF", place.order, strict=False)
        ]
        questions.append(
            {"position": place.position, "kind": item.kind, "stem": item.stem, "options": options}
        )
    name = f"{sitting.number}-{drawn.digest()[:8]}"
    return msgspec.json.encode({"paper": name, "sha256": drawn.digest(), "questions": questions})


def test_a_paper_names_its_pictures_and_is_drawn_again_bit_for_bit(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    sitting = choose(box, bank, world.sitting, people["chief"])
    assert read_frozen(box, sitting.bank_sha256).pictures == dict.fromkeys(PICTURES, "image/png")
    make_papers(box, sitting)
    for row in rows_of(box, bank):
        box.db.write_now(retire_item, box, row.id, 1, "条款已废止", people["author"])
    items = frozen_items(box, sitting.bank_sha256)
    for paper in papers(box):
        again = draw_paper(box, sitting, paper.candidate, items, blueprint_of(sitting))
        assert (again.body, again.choices) == (paper.body, paper.choices)
        body = open_paper(box, paper)
        assert body.pictures and set(body.pictures) == shown_names(msgspec.json.encode(body)) <= set(PICTURES)
        named = sealed_names(paper)
        assert named == sorted(one.sealed for one in body.pictures.values()), "no order of the paper's"
        assert named == again.pictures and box.key.decrypt(again.opens) == box.key.decrypt(paper.opens)
        for name, one in body.pictures.items():
            clear = unseal(one.key, box.files.get(one.sealed), wire.ABOUT_PICTURE)
            assert name_of(clear) == name and clear not in box.files.get(one.sealed)
        assert set(body.pictures) <= box.db.read_now(named_files), "no sweep takes the bank's"


def test_english_options_stand_as_the_chinese_ones_and_keep_their_keys(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    sitting = choose(box, bank, world.sitting, people["chief"])
    make_papers(box, sitting)
    seen = 0
    for paper in papers(box):
        shown = open_paper(box, paper)
        right: list[str] = msgspec.json.decode(box.key.decrypt(paper.key_sealed))
        for question in shown.questions:
            assert question.language == "zh_CN"
            if question.kind == "true_false":
                assert [option.text for option in question.options] == ["正确", "错误"]
                assert question.english is None or question.english.options == ["True", "False"]
            elif question.english and isinstance(question.options[0].text, str):
                places = [str(option.text).partition("-")[2] for option in question.options]
                assert [str(one).partition("-")[2] for one in question.english.options] == places
                if question.kind == "multiple_choice":
                    letters = sorted("ABCD"[places.index(right_one)] for right_one in ("0", "2"))
                    assert "".join(letters) == right[question.position - 1]
                seen += 1
    assert seen > 10


def test_banks_frozen_before_and_shipped_banks_give_the_papers_they_gave(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    frozen = box.db.read_now(approved, box, bank.id)
    plain = [one for one in frozen.items if not pictures(one.question)]
    assert {len(one.question.wordings) for one in plain} == {1, 2}
    old = msgspec.json.encode({"bank": bank.id, "items": plain}, order="deterministic")
    name = box.files.put(old, secret=True)
    assert msgspec.json.decode(old, type=Frozen).pictures is None
    sitting = choose(box, bank, world.sitting, people["chief"])
    candidate = world.candidates[0]
    shipped = {item.id: item for item in question_bank("low_voltage").items}
    for items, blueprint in ((frozen_items(box, name), FEW), (shipped, THEORY)):
        drawn = draw_paper(box, sitting, candidate, items, blueprint)
        clear = unseal(box.key.decrypt(drawn.opens), box.files.get(drawn.body), wire.ABOUT_PAPER)
        assert clear == as_before(items, sitting, candidate, blueprint)


def test_a_bank_is_not_frozen_without_its_pictures(box: Box, bank: QuestionBank) -> None:
    frozen = box.db.read_now(approved, box, bank.id)
    path = box.files._path(name_of(CIRCUIT), True)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(Corrupt, match="file_altered"):
        keep_frozen(box, frozen)
    path.unlink()
    with pytest.raises(NotFound, match="no_file"):
        keep_frozen(box, frozen)


def test_a_seat_knows_its_own_papers_pictures_and_a_wrong_question_is_journaled(
    box: Box, people: dict[str, Who], bank: QuestionBank, world: World
) -> None:
    page = Page(box, world, 0)
    place = box.db.read_now(place_of, page.token)
    assert (place.state, place.body) == ("seated", "")
    with pytest.raises(NotFound, match="paper_missing"):
        require_body(place)
    make_papers(box, choose(box, bank, world.sitting, people["chief"]))
    page.rules()
    place = box.db.read_now(place_of, page.token)
    assert (place.attempt, place.candidate, place.state) == (page.attempt, world.candidates[0], "ready")
    assert require_body(place) and all(name not in PICTURES for name in place.pictures)
    box.db.write_now(note_sealed_refused, box, place, "f" * 64, "other_paper")
    (body,) = journal(box, "sealed_file.refused")
    assert body == {"attempt": page.attempt, "lease": 1, "file": "f" * 64, "code": "other_paper"}
    with pytest.raises(Refused, match="seat_sign_in_first"):
        box.db.read_now(place_of, "nobody")


@pytest.mark.long
def test_five_hundred_papers_are_made_within_ten_seconds(box: Box, people: dict[str, Who]) -> None:
    bank = box.db.write_now(add_bank, box, "大题库", "low_voltage", "exam", people["author"])
    fill(box, bank, people["author"], people["author2"], file(300, 150, 60))
    world = seated(box, 500)
    sitting = choose(box, bank, world.sitting, people["chief"])
    began = time.monotonic()
    items = frozen_items(box, sitting.bank_sha256)
    missing = box.db.read_now(without_paper, sitting.id)
    for start in range(0, len(missing), 20):
        drawn = [draw_paper(box, sitting, one, items, BLUEPRINT) for one in missing[start : start + 20]]
        box.db.write_now(keep_papers, box, sitting.id, sitting.bank_sha256, drawn)
    assert len(papers(box)) == 500
    assert time.monotonic() - began <= 10
