"""What an inspector is told before asking, and what stays told after a file was put back."""

import html
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page
from sqlmodel import Session, func, select

from appliance.base.clock import FakeClock
from appliance.base.i18n import language, set_language
from appliance.flow import bad_checks as bad_checks_module
from appliance.flow.accounts import Who
from appliance.flow.bad_checks import MOST, BadCheck, BadStretch, bad_checks, earlier
from appliance.flow.box import Box
from appliance.flow.hold_recordings import lift_hold, put_hold
from appliance.flow.look import append_fact
from appliance.flow.storage import holds_over
from appliance.flow.whereabouts import Stay
from appliance.records.accounts import Account
from appliance.records.journal import Journal
from appliance.web import inspection
from appliance.web.inspector_notes import notes
from appliance.web.package_known import known_of
from appliance.web.pages import environment
from appliance.web.recordings import lasted, unsealed
from appliance.wire.recorder import CameraSpan, CheckedFile, Gap
from appliance.wire.seals import SealedHead
from tests.conftest import START
from tests.stored import stored
from tests.web.day_server import Running
from tests.web.test_inspection import files_of

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def test_what_does_not_hold_is_red_on_the_first_page(
    day: Running, client: Callable[[str], httpx.Client]
) -> None:
    inspector, one = client("inspector"), day.day.people[18]
    page = inspector.get("/inspection").text
    now = page.split('id="now"')[1].split("</section>")[0]
    assert re.search(r"1 台摄像机未在录像：理论考场后部（自 [\d :-]+ 起）", now) and "/cameras/report" in now
    assert "考务日志有没有被改动？" in page and "核对录像：" not in now
    found = {"files": 9, "whole": 7, "damaged": ["altered a", "missing b"], "broken": []}
    for body in (found, found | {"whole": 9, "damaged": []}):  # put back meanwhile
        day.box.db.write_now(append_fact, day.box, "recordings.verified", one, "account:x", body)
    now = inspector.get("/inspection").text.split('id="now"')[1].split("</section>")[0]
    assert "的录像：9 个文件中有 2 个与录制时不一致" in now and f'href="/inspection/{one}#recordings"' in now
    part = inspector.get(f"/inspection/{one}/recordings").text
    assert "以前的核对发现过问题" in part and "2 / 9" in part
    assert "尚未签封：其中" in part, "the stand-in's recordings have no seal"
    report = inspector.get("/cameras/report").text
    assert "未在录像：" in report and "没有录像" in report.split("</table>")[1], (
        "at the camera, and in the list"
    )


def test_what_was_found_of_a_camera_is_told_to_everybody_it_saw(
    day: Running, client: Callable[[str], httpx.Client]
) -> None:
    """Found in a check of the room, put back since: each candidate of that camera and minute has it, nobody else."""
    inspector, box = client("inspector"), day.box
    one, other, elsewhere = day.day.people[18], day.day.people[30], day.day.people[60]
    found = BadStretch("C1", START + timedelta(minutes=70), START + timedelta(minutes=71), "altered")
    body = {"files": 9, "whole": 8, "damaged": ["altered a"], "broken": [], "stretches": [found.text()]}
    body["more"] = 3
    box.db.write_now(append_fact, box, "recordings.verified", "T1", "account:x", body)
    for person in (one, other):
        part = until_read(inspector, f"/inspection/{person}/recordings")
        told = part.split("以前的核对发现过问题")[1].split("</ul>")[0]
        assert "理论考场前部 2026-11-21 09:10:00 – 09:11:00</a> <strong>被改动</strong>" in told
        assert "另有 3 段未逐一列出" in told
        assert "T1 · 第" in told and f"/timeline/candidate/{person}?at=2026-11-21T01%3A10%3A00" in told
        films = f"/timeline/files?sort=candidate&matter={person}&from=2026-11-21T00:00:00Z&to=2026-11-21T10:00:00Z"
        told = until_read(inspector, films)
        assert "以前的核对发现过问题" in told and "09:10:00 – 09:11:00 <strong>被改动</strong>" in told
        assert f'href="/inspection/{person}#recordings"' in told.split("<details")[-1], (
            "where all of it is named"
        )
        assert "另有 3 段未逐一列出" in told
        for text in (part, told):
            assert re.search("尚未签封：其中 \\d+ 个文件（理论[^）]*理论考场后部", text), (
                "cameras by their names"
            )
        assert "重新核对" in told
    assert "以前的核对发现过问题" not in until_read(inspector, f"/inspection/{elsewhere}/recordings")
    now = inspector.get("/inspection").text.split('id="now"')[1].split("</section>")[0]
    line = next(line for line in now.splitlines() if "T1 的录像" in line)
    assert "理论考场 T1" in line and "理论考场前部 2026-11-21 09:10:00 – 09:11:00 被改动" in line
    assert inspector.get(html.unescape(line.split('href="')[1].split('"')[0])).status_code == 200


def test_a_page_opened_anew_reads_the_files_anew(
    day: Running, client: Callable[[str], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector, one = client("inspector"), day.day.people[33]

    def times_read(session: Session) -> int:
        wanted = select(Journal).where(Journal.kind == "recordings.verified", Journal.subject == one)
        return len(session.exec(wanted).all())

    record = f"/inspection/{one}/recordings"
    films = f"/timeline/files?sort=candidate&matter={one}&from=2026-11-21T00:00:00Z&to=2026-11-21T10:00:00Z"
    until_read(inspector, record)
    monotonic = day.clock.monotonic
    for number, path in enumerate((films, record, f"{films}&again=true"), 2):
        later = 5.0 * number if "again" not in path else 5.0 * (number - 1)
        monkeypatch.setattr(day.clock, "monotonic", lambda later=later: monotonic() + later)
        part = until_read(inspector, path)
        assert re.search(r"\d\d:\d\d:\d\d 核对：", part) and "刚刚" not in part
        assert day.box.db.read_now(times_read) == number, path


def test_an_entry_newer_than_the_check_of_the_journal_is_not_called_checked(
    day: Running, client: Callable[[str], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector, one = client("inspector"), day.day.people[34]
    address = f"/inspection/{one}"

    inspector.get(address)
    for quick in (60.0, 0.0):
        monkeypatch.setattr(inspection, "QUICK", quick)
        day.box.db.write_now(append_fact, day.box, "case.opened", one, "process:test", {})
        newest = day.box.db.read_now(
            lambda session: session.exec(select(func.max(Journal.seq)).where(Journal.subject == one)).one()
        )
        page = inspector.get(address).text
        (upto,) = re.findall(r"核对到第 (\d+) 条；此后的条目不在其内", page)
        entry = page.split(f'id="entry-{newest}"')[1].split("</details>")[0]
        assert f"共 {upto} 条" in page and (int(upto) >= newest) == bool(quick)
        assert ("一致" in entry, "晚于核对" in entry) == (bool(quick), not quick)


def until_read(http: httpx.Client, path: str) -> str:
    """A part of a page that asks for itself until the files were read."""
    part = http.get(path).text
    while "正在重新读取录像文件" in part:
        part = http.get(html.unescape(part.split('hx-get="')[1].split('"')[0])).text
    return part


def test_findings_of_the_storage_are_told_with_the_way_there(day: Running) -> None:
    before = language()
    set_language("zh_CN")
    try:
        (told,) = notes(day.box, [], stored(NOW), [])
    finally:
        set_language(before)
    assert (told.kind, told.path) == ("stop", "/storage") and "校验不符的录像文件：" in told.text


def found_at(box: Box, subject: str, *found: BadStretch, **more: object) -> None:
    body = {"files": 9, "whole": 9 - (len(found) or 1), "damaged": ["altered a"], "broken": []}
    body |= {"stretches": [one.text() for one in found]} if found else {}
    box.db.write_now(append_fact, box, "recordings.verified", subject, "account:x", body | more)


def test_what_a_newer_check_of_the_place_does_not_find_stays_told(box: Box) -> None:
    first, second, late = (
        BadStretch("C1", START + timedelta(hours=at), START + timedelta(hours=at, minutes=1), "altered")
        for at in (1, 2, 30)
    )
    stay = Stay(kind="room", name="R9", start=START, end=START + timedelta(hours=40), cameras=["C1"])
    found_at(box, "R9")
    found_at(box, "R9", first, second, more=7)
    found_at(box, "R9", first)
    found_at(box, "R9", first)
    found_at(box, "R9", late)
    known = box.db.read_now(bad_checks, box, START - timedelta(days=1))
    assert [one.found for one in known] == [[late], [first], [second]]
    told = box.db.read_now(earlier, box, "R9", [stay], [], [])
    assert [one.found for one in told] == [[late], [first], [second]], "an old entry may be of another time"
    assert [one.more for one in told] == [0, 0, 7]
    for place in range(MOST + 3):
        found_at(box, f"S{place}", BadStretch("C1", START, START + timedelta(minutes=place), "altered"))
    known = box.db.read_now(bad_checks, box, START - timedelta(days=1))
    assert [one.text for one in notes(box, known, None, [])][MOST:] == ["…"]
    folded = [one.folded for one in notes(box, known, None, [("look", "x")])]
    assert folded == [False] * 3 + [True] * (MOST - 2) + [False], "the newest, and what cameras do, stay open"


def minute(hour: int, camera: str = "C1") -> BadStretch:
    first = START + timedelta(hours=hour)
    return BadStretch(camera, first, first + timedelta(minutes=1), "altered")


def test_seals_and_stretches_not_named_stay_told_in_words(box: Box) -> None:
    """A newer check of the same files that names all the older one named takes none of them away."""
    first, second = minute(1), minute(2)
    found_at(box, "R9", first, second, more=7, broken=["C1 5"])
    found_at(box, "R9", first, second, broken=["C1 5"])
    found_at(box, "R9", first, second)
    found_at(box, "R8", first, broken=["C3 4"])
    known = box.db.read_now(bad_checks, box, START - timedelta(days=1))
    assert [(one.subject, one.found, one.seals, one.more) for one in known] == [
        ("R8", [first], 1, 0),
        ("R9", [first, second], 0, 0),
        ("R9", [], 1, 0),
        ("R9", [], 0, 7),
    ]
    before = language()
    set_language("zh_CN")
    try:
        altered, _again, cut, more = notes(box, known, None, [])
    finally:
        set_language(before)
    assert "9 个文件中有 1 个" in altered.text and altered.more.endswith("；录像链中没有的签封 1 个")
    assert "录像被截断或被调换" in cut.text and cut.more == "录像链中没有的签封 1 个"
    assert "9 个文件中有 2 个" in more.text and more.more == "另有 7 段未逐一列出"


def test_what_a_check_does_not_name_is_told_to_whom_it_may_be_of(
    box: Box, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins after all that is named; of other cameras only the one the check was about may have it."""
    called, asked = bad_checks_module._called, []

    def noted(session: Session, box: Box, subject: str) -> tuple[str, str]:
        asked.append(subject)
        return called(session, box, subject)

    def told(subject: str, camera: str, hour: int, now: Iterable[CheckedFile] = ()) -> list[tuple[str, int]]:
        asked.clear()
        first = START + timedelta(hours=hour)
        stay = Stay(kind="room", name="", start=first, end=first + timedelta(hours=1), cameras=[camera])
        found = box.db.read_now(earlier, box, subject, [stay], now, [])
        assert asked == [one.subject for one in found], (
            "of thousands that concern nobody no name is looked up"
        )
        return [(one.subject, one.more) for one in found]

    monkeypatch.setattr(bad_checks_module, "_called", noted)
    clock.advance(timedelta(hours=6).total_seconds())
    found_at(box, "R9", minute(2), more=7)
    found_at(box, "R9", minute(2), more=7)
    found_at(box, "c", minute(2), more=1)
    assert told("x", "C1", 3) == [("c", 1), ("R9", 7)], "once of each"
    assert told("x", "C1", 1) == told("x", "C2", 3) == []
    assert told("c", "C2", 3) == [("c", 1)]
    files = [
        CheckedFile(
            camera="C1", start=one.start, end=one.end, path="", bytes=1, sha256="", found="altered", state=""
        )
        for one in (minute(2), minute(3))
    ]
    assert told("c", "C1", 2, files) == [("R9", 7)], "what is found now is named now, all of it"
    found_at(box, "R7", minute(1), minute(2), more=7)
    assert told("x", "C1", 1) == [("R7", 0)], "what it does not name lies behind this time"


def test_a_cover_says_when_older_checks_found_more_than_it_has(box: Box) -> None:
    spans = [CameraSpan(camera="C1", start=START, end=START + timedelta(hours=1))]
    for place in range(MOST + 2):
        first = START + timedelta(minutes=place)
        found_at(box, f"S{place}", BadStretch("C1", first, first + timedelta(minutes=1), "altered"))
        told = box.db.read_now(known_of, box, "x", spans).before
        assert [bool(one.camera) for one in told] == [True] * min(place + 1, MOST) + [False] * (place >= MOST)
    assert told[-1].entry < told[-2].entry and "见本机考务日志" in told[-1].what


def test_a_note_leads_to_the_time_of_what_it_names(box: Box) -> None:
    first, last = (
        BadStretch("C1", NOW + timedelta(hours=at), NOW + timedelta(hours=at, minutes=1), "altered")
        for at in (0, 30)
    )
    check = BadCheck(seq=1, at=NOW, subject="T1", of="room", name="T1", files=9, bad=2, seals=0)
    paths = []
    for found in ([], [first], [first, last]):
        check.found = found
        paths += [one.path for one in notes(box, [check], None, [])]
    span = "/timeline/room/T1?from=2026-11-21T09%3A59%3A00%2B00%3A00&to=2026-11-21T10%3A02%3A00%2B00%3A00"
    assert paths == ["", span, span]


def test_a_file_is_sealed_once_its_camera_has_a_later_seal() -> None:
    minute = timedelta(minutes=1)
    files = [
        CheckedFile(
            camera=camera,
            start=NOW,
            end=NOW + minute,
            path="",
            bytes=1,
            sha256="",
            found=found,
            state="closed",
        )
        for camera, found in (("C1", "whole"), ("C2", "whole"), ("C3", "whole"), ("C1", "missing"))
    ]
    heads = [
        SealedHead(camera=camera, number=1, n=1, head="", at=NOW + after)
        for camera, after in (("C1", minute), ("C2", minute / 2))
    ]
    assert [one.camera for one in unsealed(files, heads)] == ["C2", "C3"]


def test_gaps_last_as_long_as_their_times_say(day: Running) -> None:
    words = environment(day.box).filters["exactly"]
    gap = Gap(camera="C1", start=NOW + timedelta(seconds=0.7), end=NOW + timedelta(seconds=116.2), cause="")
    before = language()
    set_language("zh_CN")
    try:
        assert words(lasted(gap)) == "1 分 56 秒"
        assert [words(one) for one in (59, 180, 366, 3665)] == [
            "59 秒",
            "3 分钟",
            "6 分 6 秒",
            "1 小时 1 分 5 秒",
        ]
    finally:
        set_language(before)


def test_a_hold_stays_told_after_it_was_lifted(
    day: Running, client: Callable[[str], httpx.Client], open_page: Callable[..., Page]
) -> None:
    inspector, one, box = client("inspector"), day.day.people[17], day.box

    def who(session: Session, login: str) -> Who:
        row = session.exec(select(Account).where(Account.login == login)).one()
        return Who(account=row.id, login=row.login, name=row.name, role=row.role)

    asker, office, chief = (box.db.read_now(who, login) for login in ("inspector", "office", "chief"))
    hold = box.db.write_now(put_hold, box, day.day.theory, "有人举报", asker, "chief", "hold-1")
    page, record = inspector.get("/storage").text, inspector.get(f"/inspection/{one}").text
    assert 'href="/inspection"' in page and "已封存" in page and "第 1 场 · 理论 · 09:00 · T1" in page
    assert "范围：C1 理论考场前部、C2 理论考场后部、C4 理论入口，2026-" in page, "no more than are held"
    assert "保存至解除封存为止" in page and page.count("至少保存至") == 1  # the practical sitting's
    assert f"封存于 {box.local(hold.put_at):%Y-%m-%d %H:%M:%S}" in page and "条" in page
    told = f"起由 {asker.name} / {chief.name} 封存，直至解除：有人举报"
    assert "第 1 场（09:00，T1）的录像自" in record and told in record
    films = f"/timeline/files?sort=candidate&matter={one}&from=2026-11-21T00:00:00Z&to=2026-11-21T10:00:00Z"
    assert re.search(re.escape(told) + r" · 第 \d+ 条", inspector.get(films).text)
    for login, width in (("inspector", 1366), ("chief", 1280)):
        seen = open_page(login, f"/inspection/{one}", width)
        held_line = seen.locator("p", has_text="直至解除").first
        held_line.locator(".word").evaluate(
            "line => { line.lastChild.textContent += '，有人举报'.repeat(40) }"
        )
        assert not seen.evaluate("document.documentElement.scrollWidth > innerWidth"), (
            "a long reason is read whole"
        )
        seen.close()
    since = START + timedelta(hours=1)
    for camera, later, held in (("C1", 0, ["hold-1"]), ("C1", 48, []), ("C9", 0, [])):
        first = since + timedelta(hours=later)
        over = [CameraSpan(camera=camera, start=first, end=first + timedelta(minutes=1))]
        assert [one.id for one in box.db.read_now(holds_over, box, over)] == held
    box.db.write_now(lift_hold, box, hold.id, "误封", office, "chief")
    page, record = inspector.get("/storage").text, inspector.get(f"/inspection/{one}").text
    lifted = page.split("最近 90 天内解除的封存：1")[1]
    assert office.name in lifted and "：误封" in lifted and "封存原因：有人举报" in lifted
    assert "解除封存：误封" in record
    assert "直至解除" not in inspector.get(films).text


def test_what_did_not_hold_stays_marked_while_it_is_read_again(
    day: Running, client: Callable[[str], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the record's bars, and as an earlier finding; a check that finds it whole takes the mark away."""
    inspector, record = client("inspector"), f"/inspection/{day.day.people[22]}/recordings"
    gone = files_of(day, "C1")[80]
    body = gone.read_bytes()
    gone.unlink()
    try:
        assert until_read(inspector, record).count('rect class="broken"') == 1
    finally:
        gone.write_bytes(body)
    monkeypatch.setattr("appliance.web.checks.WAIT", 0)
    part = inspector.get(f"{record}?again=true").text
    assert "正在重新读取录像文件" in part and part.count('rect class="broken"') == 1
    assert "缺失</strong>" in part.split("以前的核对发现过问题")[1].split("</ul>")[0]
    part = until_read(inspector, record)
    assert 'rect class="broken"' not in part and "以前的核对发现过问题" in part
