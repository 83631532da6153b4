"""The papers of an evidence package: a court reads what happened, who it was, what lies in it and what does not."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from pypdf import PdfReader
from sqlmodel import Session, select

from appliance.base.crypto import fingerprint
from appliance.flow.accounts import Who
from appliance.flow.bad_checks import KIND, BadStretch
from appliance.flow.hold_recordings import put_hold
from appliance.flow.look import append_fact
from appliance.flow.marks import Mark
from appliance.flow.package_facts import Facts, package_facts
from appliance.flow.seen import of_case, of_room, of_seat
from appliance.records.accounts import Account
from appliance.records.roster import Candidate
from appliance.records.violations import Violation
from appliance.web.package import Made, Wanted, make_package
from appliance.web.package_words import told
from appliance.wire.evidence import RecordLine
from cameras.clips.package_proof import verify_package
from tests.command import examsite
from tests.conftest import START
from tests.web.day_server import Running
from tests.web.test_inspection import files_of, newest
from tests.web.test_violation_clips import recorded

pytestmark = pytest.mark.long
DEED = START + timedelta(minutes=81, seconds=2)


@pytest.fixture(scope="module")
def violation(day: Running) -> Violation:
    """Written down later than it was."""
    return recorded(day, 25, DEED)


@pytest.fixture
def harmed(day: Running) -> Iterator[None]:
    """One minute of C1 altered, another one gone."""
    altered, gone = (path for path in files_of(day, "C1") if "T0119" in path.name or "T0122" in path.name)
    bodies = altered.read_bytes(), gone.read_bytes()
    altered.write_bytes(bodies[0][:-20] + bytes([bodies[0][-20] ^ 1]) + bodies[0][-19:])
    gone.unlink()
    yield
    altered.write_bytes(bodies[0])
    gone.write_bytes(bodies[1])


async def made_of(day: Running, violation: Violation, file: Path) -> Made:
    seen = await day.box.db.read(of_case, day.box, violation.id)
    wanted = Wanted(
        cameras=["C4", "C1", "C2"],
        start=DEED - timedelta(minutes=3),
        end=DEED + timedelta(minutes=3),
        copies=True,
    )
    return await make_package(
        day.box, seen, wanted, "process:cli", "巡考员丙", file, lambda done, total: None, "evidence-9.zip"
    )


def who_is(session: Session, login: str) -> Who:
    row = session.exec(select(Account).where(Account.login == login)).one()
    return Who(account=row.id, login=row.login, name=row.name, role=row.role)


def text_of(body: bytes) -> str:
    return "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(body)).pages)


async def test_a_court_reads_what_happened_and_what_is_missing(
    day: Running, violation: Violation, harmed: None, tmp_path: Path
) -> None:
    file = tmp_path / "on-the-box.zip"
    back = BadStretch("C2", DEED - timedelta(minutes=2), DEED - timedelta(minutes=1), "altered")
    other = BadStretch("C2", DEED - timedelta(minutes=20), DEED - timedelta(minutes=19), "missing")
    body = {"files": 9, "whole": 7, "damaged": ["altered a"], "broken": [], "more": 0}
    body["stretches"] = [back.text(), other.text()]
    await day.box.db.write(append_fact, day.box, KIND, "T1", "account:x", body)
    checked = newest(day, KIND)
    asker, chief = [await day.box.db.read(who_is, one) for one in ("inspector", "chief")]
    await day.box.db.write(put_hold, day.box, day.day.theory, "有人举报", asker, "chief", "hold-9")
    made = await made_of(day, violation, file)
    with zipfile.ZipFile(file) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    cover, journal, sheet = (
        text_of(parts[name]) for name in ("cover.pdf", "records/journal.pdf", "records/violation-1.pdf")
    )
    entry = newest(day, "violation.recorded")
    assert entry is not None and entry.hash in journal
    assert "发生09:21:02" in journal and "登记违纪违规" in journal
    for words in (f"考位{violation.seat}", "第二人", "所见：与邻座交谈", "办法第"):
        assert words in journal, words
    assert "本件是考务日志的节选" in journal and "含本封面" in cover
    ties = (
        "人证核验",
        "同一人·差异值",
        "低于0.45为同一人",
        "由系统人证核验判定",
        "候考号",
        "分配考位",
        "考位登录",
    )
    for words in ties:  # all of them lie long before the six minutes of this package
        assert words in journal, words
    photos = [name for name in parts if name.startswith("photos/")]
    assert {one.split("-")[1] for one in photos} == {"live", "chip"}
    for name in photos:
        digest = hashlib.sha256(parts[name]).hexdigest()
        assert f"{name}SHA-256{digest}" in journal, (
            "the entry of the face check names the picture that lies beside it"
        )
    keys = day.day.settings.state / "keys" / "authority.pem"
    assert checked is not None
    for words in (
        "人证核验2026-11-21",
        "同一人·差异值",
        "由系统人证核验判定",
        "录像封存·2026-11-21第1场（09:00，T1）的录像自",
        f"起由{asker.name}/{chief.name}封存，直至解除：有人举报·第",
        "以前的核对在这些录像中发现的问题",
        "C2理论考场后部2026-11-2109:19:02–09:20:02被改动",
        f"·第{checked.seq}条",
        "现场照片",
        "证件芯片照片",
        f"共{len(made_files(parts))}个文件，含本封面",
        "C1理论考场前部、C2理论考场后部",
        "对着其他位置的摄像机：C4。这段时间与其无关",
        "已与录制时不一致：被改动",
        "C1理论考场前部2026-11-2109:22:00–09:23:00·录像文件缺失或无法读取",
        "verify-packageevidence-9.zip",
        fingerprint(keys.read_bytes()),
        "不要让任何人修改",
    ):
        assert words in cover, words
    assert "09:01:02" not in cover, "what was found of another time is not told"
    assert "(altered)" not in cover and "segment_unreadable" not in cover
    assert "无。本证据包内" not in sheet and "本证据包内：clips/C1-" in sheet
    assert len(made_files(parts)) == made.files


def made_files(parts: dict[str, bytes]) -> list[str]:
    return [name for name in parts if name != "manifest.json"]


async def test_verify_package_says_which_and_the_hashes_are_the_same(
    day: Running, violation: Violation, harmed: None, tmp_path: Path
) -> None:
    file = tmp_path / "evidence.zip"
    await made_of(day, violation, file)
    keeper = str(day.day.settings.state / "keys" / "authority.pem")
    found = verify_package(file, Path(keeper).read_bytes())
    assert found.package is not None and {one.code for one in found.findings} == {"bad_clip"}
    films = {one.path: one.film for one in found.package.files if one.kind in ("clip", "copy")}
    assert all(len(one) == 64 for one in films.values())
    with zipfile.ZipFile(file) as package:
        package.extractall(tmp_path / "out")
    clip, copy = (next(path for path in films if path.startswith(kind)) for kind in ("clips/C2", "copies/C2"))
    assert films[clip] == films[copy], "the copy names the original that lies beside it"
    for path in (clip, copy):
        status, out, _err = examsite(
            "recordings", "verify-clip", str(tmp_path / "out" / path), "--authority", keeper
        )
        assert status == 0 and f"画面数据校验值：SHA-256 {films[clip]}" in out
        assert fingerprint(Path(keeper).read_bytes()) in out
    status, out, err = examsite("recordings", "verify-package", str(file), "--authority", keeper)
    assert status == 1 and "本文件本身与 " in err and "自带的证明不符" not in out
    (altered,) = (path for path in files_of(day, "C1") if "T0119" in path.name)
    for words in (
        "截取时，录像分段 C1/",
        altered.name,
        "  C1 C2  ",
        "录像缺失 1 段。",
        "录像缺失：C2 2026-11-21 09:20:00 – 09:23:00，网络中断",
        "未能取得：C1 2026-11-21 09:22:00 – 09:23:00（录像文件缺失或无法读取）",
    ):
        assert words in out, (words, out)
    status, out, err = examsite(
        "recordings", "verify-package", str(tmp_path / "out"), "--authority", keeper, "--json"
    )
    assert status == 2 and json.loads(out)["error"]["code"] == "not_a_package" and "ZIP" in err


def test_the_package_of_a_room_holds_nobodys_photographs_and_says_whose_each_entry_is(
    day: Running, violation: Violation
) -> None:
    begin, end = START - timedelta(minutes=30), START + timedelta(minutes=90)
    person = day.box.db.read_now(lambda session: session.get_one(Candidate, violation.candidate))
    for make, name, kind in (
        (of_room, "L1", "tap.decided"),
        (of_seat, violation.seat, "violation.recorded"),
        (of_room, "T1", "violation.recorded"),
    ):
        seen = day.box.db.read_now(make, day.box, name, begin, end)
        facts = day.box.db.read_now(package_facts, day.box, seen, begin, end, "")
        assert not [one for one in facts.sealed if one.photo]
        lines = zip(facts.marks, told(facts, []), strict=True)
        mine = [line for mark, line in lines if (mark.kind, mark.subject) == (kind, person.id)]
        assert mine and all(line.more.startswith(person.name) for line in mine), name
        places = {stay.kind for visit in seen.visits for stay in visit.stays}
        assert places == {"entrance" if name == "L1" else seen.sort}


def test_a_cover_tells_a_face_that_did_not_match_never_without_who_let_the_person_in() -> None:
    bodies = {
        "face.compared": {"band": "mismatch", "distance": 0.66},
        "case.decided": {"decision": "admit", "reason": "换了发型", "second": "b"},
        "admission.granted": {"how": "person", "decided_by": "a", "second": "b"},
        "ticket.issued": {"number": "A-1"},
    }
    marks, lines = [], []
    for seq, (kind, body) in enumerate(bodies.items(), 1):
        times = {"at": START, "recorded": START}
        marks.append(Mark(**times, seq=seq, kind=kind, sort="seat", subject="c", seat="", body=body))
        lines.append(RecordLine(seq=seq, at=START, happened=None, what=kind, more="", actor="", hash=""))
    facts = Facts(
        sealed=[],
        violations=[],
        lines=lines,
        marks=marks,
        names={"a": "刘值守", "b": "陈考务"},
        people={},
        journal_seq=4,
        journal_hash="",
    )
    assert [one.cover for one in told(facts, [])] == [
        "不一致 · 差异值 0.66",
        "核验后准予入场 · 换了发型 · 第二人：陈考务",
        "由 刘值守 决定 · 第二人：陈考务",
        "",
    ]
    of_a_room = msgspec.structs.replace(facts, people={"c": "王演示"})
    assert not any(one.cover for one in told(of_a_room, []))


def test_the_page_tells_the_fingerprint(day: Running, client: Callable[[str], httpx.Client]) -> None:
    page = client("inspector").get(f"/inspection/{day.day.people[25]}/recordings").text
    assert fingerprint((day.day.settings.state / "keys" / "authority.pem").read_bytes()) in page
