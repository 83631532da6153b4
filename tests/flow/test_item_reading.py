"""A question read aloud: for whom the roster approves it, while the paper runs, for nobody else. On both databases."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from appliance.base.errors import NotFound, Refused
from appliance.flow.box import Box
from appliance.flow.item_reading import item_reading
from appliance.flow.start_sitting import start_sitting
from appliance.records.roster import RosterRow
from appliance.records.theory import Attempt
from appliance.voice.announce import load
from appliance.voice.reading import Reading
from tests.flow.test_answers import Page
from tests.world import World, seed


@pytest.fixture
def world(box: Box) -> World:
    world = box.db.write_now(seed, box, 2)

    def approve(session: Session) -> None:
        row = session.exec(select(RosterRow).where(RosterRow.candidate == world.candidates[0])).one()
        row.help = "voice"
        session.add(row)

    box.db.write_now(approve)
    return world


def test_only_whom_the_roster_names_and_only_while_the_paper_runs(box: Box, world: World) -> None:
    pages = [Page(box, world, 0), Page(box, world, 1)]
    for page in pages:
        page.rules()
    with pytest.raises(Refused) as early:
        box.db.read_now(item_reading, box, pages[0].token, 1, "zh")
    assert early.value.code == "not_running"
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    found = box.db.read_now(item_reading, box, pages[0].token, 71, "en")
    assert found.stem.startswith("第71题") and len(found.options) == 4
    assert found.language == "zh", "without English it is read as it was written"
    with pytest.raises(Refused) as other:
        box.db.read_now(item_reading, box, pages[1].token, 1, "zh")
    assert other.value.code == "no_help"
    with pytest.raises(NotFound):
        box.db.read_now(item_reading, box, pages[0].token, 101, "zh")

    def pause(session: Session) -> None:
        attempt = session.get_one(Attempt, pages[0].attempt)
        attempt.paused_at = box.now()
        session.add(attempt)

    box.db.write_now(pause)
    with pytest.raises(Refused, match="not_running"):
        box.db.read_now(item_reading, box, pages[0].token, 1, "zh")


def test_characters_become_syllables_and_blanks_a_pause() -> None:
    reading = Reading(stem="电压不超过（ ）V，重量≥5%。", options=("20", "乘坐"))
    assert " ".join(reading.pinyin().split()) == (
        "dian4 ya1 bu4 chao1 guo4 ,V, zhong4 liang4 da4 yu2 deng3 yu2 5 bai3 fen1 hao4 . A. 20 B. cheng2 zuo4"
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_can_be_heard(tmp_path: Path, language: str) -> None:
    reading = Reading(stem="停电作业前应先验电。", options=("正确", "错误"), language=language)
    target = tmp_path / "item.wav"
    load("espeak", 150, language).render(reading, target)
    assert target.read_bytes()[:4] == b"RIFF" and target.stat().st_size > 20_000
