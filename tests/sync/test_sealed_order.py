"""Sealed papers in another order than planned: late rosters, late people, late parcels, files that are of no use."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from appliance.flow.box import Box
from appliance.flow.open_sealed import type_code
from appliance.flow.sealed_paper import open_paper
from appliance.flow.start_sitting import start_sitting
from appliance.records.sealed import SealedParcel
from appliance.web.background import Background
from sync.carriers import usb
from sync.carriers.https import Https
from sync.rounds import Rounds
from tests.question_banks import journal, staff
from tests.sealed import SITE, roster, source
from tests.sync.conftest import FarEnd
from tests.sync.test_sealed_papers import papers, sealed_sitting, sitting_of, soon, stage, wrong


@pytest.mark.parametrize("page", ["", "https://kaoshi.example.gov.cn/seat"])
async def test_the_provinces_roster_rules_a_sitting_planned_by_hand(box: Box, far: FarEnd, page: str) -> None:
    starts_at = soon()
    plain = roster(starts_at)
    far.store.send(plain)  # as planned by hand: own papers are drawn
    await Rounds(box).round()
    await Background(box)._papers()
    assert len(papers(box)) == 3 and not sitting_of(box).sealed
    more: dict[str, Any] = {"delivery": "province", "page": page} if page else {"sealed": True}
    far.store.send(roster(starts_at, **more))
    rounds = Rounds(box)
    await rounds.round()
    await Background(box)._papers()
    assert rounds.troubles == [] and papers(box) == [] and stage(box) == ("elsewhere" if page else "missing")
    (told,) = journal(box, "sitting.delivery_set")
    assert (told["sealed"], told["page"], told["papers_withdrawn"]) == (not page, page, 3)
    far.store.send(roster(starts_at, people=4))
    await rounds.round()
    assert stage(box) == ("elsewhere" if page else "missing"), "a roster that says nothing takes nothing back"


async def test_a_roster_that_comes_too_late_for_it_is_told(box: Box, far: FarEnd) -> None:
    starts_at = soon()
    far.store.send(roster(starts_at))
    await Rounds(box).round()
    await Background(box)._papers()
    box.db.write_now(start_sitting, box, sitting_of(box).id, "account:x")
    far.store.send(roster(starts_at, sealed=True))
    rounds = Rounds(box)
    await rounds.round()
    assert [one.code for one in rounds.troubles] == ["papers_fixed"]
    assert len(papers(box)) == 3 and not sitting_of(box).sealed


async def test_a_key_waits_for_what_comes_later_under_it(
    box: Box, far: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_at, code = await sealed_sitting(box, far)
    far.store.send_key(SITE, "T1", starts_at, code)
    rounds = Rounds(box)
    await rounds.round()
    assert stage(box) == "made" and len(far.store.waiting(SITE)) == 1, "the province is asked for it again"
    monkeypatch.setattr("sync.province.store.new_code", lambda: code)
    far.store.seal(SITE, "T1", starts_at, "papers", source())
    for _ in range(2):
        await rounds.round()
    assert stage(box) == "made" and len(journal(box, "sealed_papers.opened")) == 2
    other = wrong(code)
    monkeypatch.setattr("sync.province.store.new_code", lambda: other)
    far.store.seal(SITE, "T1", starts_at, "papers", source())
    for _ in range(2):
        await rounds.round()
    assert stage(box) == "sealed" and rounds.troubles == [] and journal(box, "message.refused") == []
    far.store.send_key(SITE, "T1", starts_at, other)
    await rounds.round()
    box.db.write_now(start_sitting, box, sitting_of(box).id, "account:x")
    await rounds.round()
    assert far.store.waiting(SITE) == [] and rounds.troubles == []


async def test_papers_wait_for_people_a_later_roster_brings(box: Box, far: FarEnd) -> None:
    people, starts_at = staff(box), soon()
    far.store.send(roster(starts_at, people=2, sealed=True))
    await Rounds(box).round()
    far.store.send(roster(starts_at, people=4, sealed=True))
    far.store._db.execute(
        "UPDATE message SET taken_at = '' WHERE taken_at IS NULL"
    )  # on its way by another road
    code = far.store.seal(SITE, "T1", starts_at, "papers", source())
    await Rounds(box).round()
    assert len(papers(box)) == 2 and journal(box, "sealed_papers.received")[0]["for_others"] == 2
    far.store.send(roster(starts_at, people=3))
    await Rounds(box).round()
    assert len(papers(box)) == 3
    assert await type_code(box, sitting_of(box).id, code, people["invigilator"], "chief") == 1
    far.store.send(roster(starts_at, people=4))
    await Rounds(box).round()
    kept = papers(box)
    assert len({one.body for one in kept}) == 4, "before the key or after it, to each their own"
    for one in kept:
        assert one.proof and len(open_paper(box, one).questions) == 10
    assert [one.papers for one in box.db.read_now(lambda s: s.exec(select(SealedParcel)).all())] == [4]


async def test_only_a_file_that_can_be_used_is_fetched(
    box: Box, far: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_at, real, asked = soon(), Https.file, []

    async def counted(line: Https, name: str, size: int) -> bytes:
        asked.append(size)
        return await real(line, name, size)

    monkeypatch.setattr(Https, "file", counted)
    far.store.send(roster(starts_at, sealed=True))
    far.store._db.execute("UPDATE message SET taken_at = ''")  # the roster is on its way by another road
    far.store.seal(SITE, "T1", starts_at, "papers", source())
    rounds = Rounds(box)
    await rounds.round()
    assert [one.code for one in rounds.troubles] == ["no_such_sitting"] and asked == []
    far.store._db.execute("UPDATE message SET taken_at = NULL")
    await rounds.round()
    (file,) = far.store._db.execute("SELECT length(body) FROM file").fetchone()
    assert stage(box) == "sealed" and asked == [file] and rounds.troubles == []
    monkeypatch.setattr(far.store, "file", lambda *_: b"x" * 3_000_000)
    async with Https(box.settings.province, SITE) as line:
        assert 1000 < len(await real(line, "0" * 64, 1000)) < 3_000_000


def test_no_more_than_signed_is_read_of_a_stick(tmp_path: Path) -> None:
    path = tmp_path / "files" / SITE / "name"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 5000)
    assert len(usb.file(tmp_path, SITE, "name", 1000)) == 1001
