"""Sealed papers from the province: nobody on the site reads them before their key; then two people, or a message."""

from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base import paper_code
from appliance.base.errors import Corrupt, Refused
from appliance.base.ids import new_id
from appliance.flow.analyse_items import Scope, analyse
from appliance.flow.analysis_choice import words_of
from appliance.flow.bank_items import Wanted, find_items, media_type, questions_of
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box
from appliance.flow.forget_faces import named_files
from appliance.flow.mark import mark_theory
from appliance.flow.open_sealed import type_code, waiting_parcels
from appliance.flow.paper_state import paper_state
from appliance.flow.sealed_paper import open_paper, sealed_names
from appliance.flow.start_sitting import start_sitting
from appliance.records.journal import Journal
from appliance.records.questions import QuestionBank
from appliance.records.sealed import SealedParcel
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Paper
from appliance.web.background import Background
from sync.province.app import SealOrder
from sync.rounds import Rounds
from sync.stick import bring_in
from tests.question_banks import journal, staff
from tests.sealed import PICTURE, SECRET_STEM, SITE, marks, readable, roster, source
from tests.station.drawings import name_of
from tests.sync.conftest import FarEnd


def soon() -> datetime:
    """A start so near that a key may be used."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)


def sitting_of(box: Box) -> Sitting:
    return box.db.read_now(lambda s: s.exec(select(Sitting)).one())


def papers(box: Box) -> list[Paper]:
    return box.db.read_now(lambda s: list(s.exec(select(Paper).order_by(Paper.candidate)).all()))


def stage(box: Box) -> str:
    def look(session: Session) -> str:
        return paper_state(session, session.exec(select(Sitting)).one()).stage

    return box.db.read_now(look)


async def sealed_sitting(
    box: Box, far: FarEnd, what: str = "papers", starts_at: datetime | None = None
) -> tuple[datetime, str]:
    """Roster and sealed papers came over the line; returns the start and the code."""
    starts_at = starts_at or soon()
    far.store.send(roster(starts_at, sealed=True))
    await Rounds(box).round()
    assert stage(box) == "missing"
    await Background(box)._papers()
    assert papers(box) == [], "nothing is drawn here for a sitting whose papers come sealed"
    order = SealOrder(site=SITE, room="T1", starts_at=starts_at, what=what, source=source())  # type: ignore[arg-type]
    code = (await far.control("seal", order))["code"]
    rounds = Rounds(box)
    await rounds.round()
    assert rounds.troubles == [] and far.store.waiting(SITE) == []
    return starts_at, code


def wrong(code: str) -> str:
    """Another code that is well formed."""
    key = paper_code.key_digits(code)
    return paper_code.written(str((int(key[0]) + 1) % 10) + key[1:])


async def test_nobody_reads_them_before_the_key_and_two_people_open_them(
    either_box: Box, far: FarEnd
) -> None:
    box = either_box
    people = staff(box)
    starts_at, code = await sealed_sitting(box, far)
    sitting = sitting_of(box)
    assert stage(box) == "sealed"
    assert readable(box, marks(code), starts_at) == [], "in no file, no column, and under no key there is"
    (received,) = journal(box, "sealed_papers.received")
    (parcel,) = box.db.read_now(lambda s: s.exec(select(SealedParcel)).all())
    assert received["file"] == parcel.file and (received["papers"], received["what"]) == (3, "papers")
    kept = papers(box)
    assert len(kept) == 3 and all(not one.opens and not one.key_sealed for one in kept)
    for one in kept:  # what stations fetch is there already
        assert all(box.files.get(name) for name in (one.body, *sealed_names(one)))
    with pytest.raises(Refused, match="key_missing"):
        box.db.write_now(start_sitting, box, sitting.id, "account:x")

    slip = code[:7] + str((int(code[7]) + 1) % 10) + code[8:]
    with pytest.raises(Refused) as refused:
        await type_code(box, sitting.id, slip, people["invigilator"], "chief")
    assert (refused.value.code, refused.value.params["groups"]) == ("code_mistyped", "2")
    for who, second, told in (
        ("invigilator", "invigilator", "same_person"),
        ("invigilator", "author", "second_not_allowed"),
        ("author", "chief", "not_your_role"),
    ):
        with pytest.raises(Refused, match=told):
            await type_code(box, sitting.id, code, people[who], second)
    assert journal(box, "sealed_papers.refused") == []
    with pytest.raises(Refused, match="wrong_code"):
        await type_code(box, sitting.id, wrong(code), people["invigilator"], "chief")
    (told_of,) = journal(box, "sealed_papers.refused")
    assert told_of == {"code": "wrong_code", "second": people["chief"].account}
    assert readable(box, marks(code), starts_at) == []

    assert await type_code(box, sitting.id, code, people["invigilator"], "chief") == 1
    assert stage(box) == "made"
    assert readable(box, marks(), starts_at), "the same search finds them now: it is a good search"
    assert readable(box, marks(code)[4:], starts_at) == [], "the code itself is kept nowhere"
    (opened,) = journal(box, "sealed_papers.opened")
    assert (opened["how"], opened["papers"], opened["second"]) == ("typed", 3, people["chief"].account)
    for paper in papers(box):
        shown = open_paper(box, paper)
        assert len(shown.questions) == 10 and SECRET_STEM in str(shown.questions[0].stem)
        right: list[str] = msgspec.json.decode(box.key.decrypt(paper.key_sealed))
        assert len(right) == len(paper.choices) == 10
        assert sorted(sealed_names(paper)) == sorted(one.sealed for one in shown.pictures.values())
    sitting = sitting_of(box)
    assert blueprint_of(sitting).total == 100
    assert box.db.write_now(start_sitting, box, sitting.id, "account:x").state == "running"


async def test_the_key_comes_by_line(box: Box, far: FarEnd) -> None:
    starts_at, code = await sealed_sitting(box, far)
    far.store.send_key(SITE, "T1", starts_at, wrong(code))
    rounds = Rounds(box)
    for _ in range(2):
        await rounds.round()
    assert [one.code for one in rounds.troubles] == ["wrong_code"] and stage(box) == "sealed"
    assert len(journal(box, "message.refused")) == 1, "once, however often it is tried"
    far.store.send_key(SITE, "T1", starts_at, code)
    await rounds.round()
    assert stage(box) == "made"
    (opened,) = journal(box, "sealed_papers.opened")
    assert (opened["how"], opened["second"]) == ("message", "")
    assert readable(box, marks(code)[4:], starts_at) == [], "no message with a code is kept"
    far.store.send_key(SITE, "T1", starts_at, code)
    await Rounds(box).round()
    assert len(journal(box, "sealed_papers.opened")) == 1


async def test_no_key_before_its_time(box: Box, far: FarEnd) -> None:
    people = staff(box)
    starts_at, code = await sealed_sitting(box, far, starts_at=soon() + timedelta(hours=2))
    with pytest.raises(Refused, match="key_too_early"):
        await type_code(box, sitting_of(box).id, code, people["invigilator"], "chief")
    far.store.send_key(SITE, "T1", starts_at, code)
    rounds = Rounds(box)
    await rounds.round()
    assert [one.code for one in rounds.troubles] == ["key_too_early"]
    assert stage(box) == "sealed" and journal(box, "message.refused") == []


async def test_only_what_may_be_opened_by_now_is_tried(box: Box, far: FarEnd) -> None:
    starts_at, code = await sealed_sitting(box, far)
    far.store.seal(SITE, "T1", starts_at, "papers", source())
    await Rounds(box).round()

    def later(session: Session) -> str:
        second = session.exec(select(SealedParcel).order_by(col(SealedParcel.received_at).desc())).all()[0]
        second.not_before = box.now() + timedelta(minutes=5)
        session.add(second)
        return second.id

    second = box.db.write_now(later)
    waiting = box.db.read_now(waiting_parcels, box, sitting_of(box).id)
    assert len(waiting) == 1 and waiting[0].id != second
    far.store.send_key(SITE, "T1", starts_at, code)
    rounds = Rounds(box)
    await rounds.round()
    assert rounds.troubles == [] and len(journal(box, "sealed_papers.opened")) == 1
    with pytest.raises(Refused, match="key_too_early"):
        box.db.read_now(waiting_parcels, box, sitting_of(box).id)


async def test_altered_papers_are_refused_and_recorded(box: Box, far: FarEnd) -> None:
    starts_at = soon()
    far.store.send(roster(starts_at, sealed=True))
    far.store.seal(SITE, "T1", starts_at, "papers", source())
    (body,) = far.store._db.execute("SELECT body FROM file").fetchone()
    far.store._db.execute("UPDATE file SET body = ?", (body[:-1] + bytes([body[-1] ^ 1]),))
    rounds = Rounds(box)
    for _ in range(2):
        await rounds.round()
    assert [one.code for one in rounds.troubles] == ["sealed_papers_altered"]
    assert [one["code"] for one in journal(box, "message.refused")] == ["sealed_papers_altered"]
    assert papers(box) == [] and stage(box) == "missing"
    with pytest.raises(Refused, match="sealed_papers_missing"):
        box.db.write_now(start_sitting, box, sitting_of(box).id, "account:x")
    far.store._db.execute("UPDATE file SET body = ?", (body,))
    await rounds.round()
    assert rounds.troubles == [] and stage(box) == "sealed"


async def test_papers_altered_on_the_boxs_disk_are_noticed_when_the_key_comes(box: Box, far: FarEnd) -> None:
    people = staff(box)
    _starts_at, code = await sealed_sitting(box, far)
    (parcel,) = box.db.read_now(lambda s: s.exec(select(SealedParcel)).all())
    path = box.files._path(parcel.file, False)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(Corrupt, match="file_altered"):
        await type_code(box, sitting_of(box).id, code, people["invigilator"], "chief")
    assert journal(box, "sealed_papers.refused")[0]["code"] == "file_altered"


async def test_by_stick(box: Box, far: FarEnd, tmp_path: Path) -> None:
    people, starts_at, stick = staff(box), soon(), tmp_path / "stick"
    (stick / "parcels" / SITE / "x").mkdir(parents=True)
    (stick / "parcels" / SITE / "x" / "00000001.parcel").write_bytes(b"nothing")
    far.store.send(roster(starts_at, sealed=True))
    code = far.store.seal(SITE, "T1", starts_at, "papers", source())
    far.store.take_folder(stick)
    brought = await to_thread(bring_in, box, stick)
    assert brought.messages == 2 and brought.rejected == [] and stage(box) == "sealed"
    assert not any(SECRET_STEM.encode() in one.read_bytes() for one in stick.rglob("*") if one.is_file())
    assert await type_code(box, sitting_of(box).id, code, people["chief"], "invigilator") == 1
    (file,) = (stick / "files" / SITE).iterdir()
    file.write_bytes(b"x")
    again = await to_thread(bring_in, box, stick)
    assert again.rejected == [] and again.messages == 0, "what is here already is not asked for again"


async def test_a_sealed_bank_is_drawn_from_and_shown_to_nobody(box: Box, far: FarEnd) -> None:
    people = staff(box)
    starts_at, code = await sealed_sitting(box, far, "bank")
    assert readable(box, marks(code), starts_at, "bank") == [] and papers(box) == []
    await Background(box)._papers()
    assert papers(box) == [] and stage(box) == "sealed"
    sitting = sitting_of(box)
    assert await type_code(box, sitting.id, code, people["invigilator"], "chief") == 1
    assert stage(box) == "making"
    with pytest.raises(Refused) as refused:
        box.db.write_now(start_sitting, box, sitting.id, "account:x")
    assert (refused.value.code, refused.value.params) == ("papers_missing", {"made": 0, "wanted": 3})
    await Background(box)._papers()
    assert stage(box) == "made"
    drawn = papers(box)
    assert len({one.body for one in drawn}) == 3
    shown = open_paper(box, drawn[0])
    assert len(shown.questions) == 10 and SECRET_STEM in str(shown.questions)
    assert PICTURE not in b"".join(box.files.get(name) for name in sealed_names(drawn[0]))
    (bank,) = box.db.read_now(lambda s: s.exec(select(QuestionBank)).all())
    assert (bank.owner, bank.name) == ("province", "省题库")
    assert name_of(PICTURE) in box.db.read_now(named_files), "no sweep takes its pictures"
    for login in ("author", "chief"):
        with pytest.raises(Refused, match="sealed_bank"):
            box.db.read_now(find_items, box, bank.id, Wanted(), people[login].account)
    with pytest.raises(Refused, match="sealed_bank"):
        box.db.read_now(questions_of, box, bank.id)
    with pytest.raises(Refused, match="sealed_bank"):
        box.db.read_now(media_type, bank.id, name_of(PICTURE))
    only_the_seeds_hash(box, sitting)
    box.db.write_now(sat, box, sitting.id)
    found = box.db.read_now(analyse, box, Scope(sitting=sitting.id))
    assert found.attempts == 3 and len(found.items) >= 10
    words = box.db.read_now(words_of, box, found.items, True)
    assert [one.name for one in words] == [one.item for one in found.items], "by ids alone"
    assert not any(one.stem or one.options for one in words)


def sat(session: Session, box: Box, sitting_id: str) -> None:
    """Everybody has answered A everywhere and is marked."""
    sitting = session.get_one(Sitting, sitting_id)
    for paper in session.exec(select(Paper).where(Paper.sitting == sitting.id)).all():
        attempt = Attempt(
            id=new_id(), sitting=sitting.id, candidate=paper.candidate, paper=paper.id, state="handed_in"
        )
        session.add(attempt)
        session.flush()
        for n in range(1, len(paper.choices) + 1):
            answer = Answer(
                attempt=attempt.id,
                position=n,
                value="A",
                lease=1,
                n=n,
                happened_at=box.now(),
                recorded_at=box.now(),
            )
            session.add(answer)
        session.flush()
        mark_theory(session, box, attempt.id)
    sitting.state = "ended"


def only_the_seeds_hash(box: Box, sitting: Sitting) -> None:
    """Before the start the journal knows the seed by its hash alone, and nothing of the questions."""
    seed = box.seed_of(sitting.seed_sealed)
    bodies = box.db.read_now(lambda s: "".join(s.exec(select(Journal.body)).all()))
    assert sitting.seed_hash in bodies and seed.hex() not in bodies
    assert SECRET_STEM not in bodies and "single_choice-00" not in bodies


async def test_a_roster_says_whose_page_it_is(box: Box, far: FarEnd) -> None:
    page = "https://kaoshi.example.gov.cn/seat"
    far.store.send(roster(soon(), delivery="province"))
    rounds = Rounds(box)
    await rounds.round()
    assert [one.code for one in rounds.troubles] == ["cannot_take"], "the page is missing"
    far.store.send(roster(soon(), delivery="province", page=page))
    await rounds.round()
    sitting = sitting_of(box)
    assert (sitting.delivery, sitting.page, stage(box)) == ("province", page, "elsewhere")
    far.store.seal(SITE, "T1", sitting.starts_at, "papers", source())
    await rounds.round()
    assert "delivered_elsewhere" in [one.code for one in rounds.troubles] and papers(box) == []
