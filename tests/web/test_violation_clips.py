"""Beside a violation under review: the recordings around it, what is missing of them, and who watched."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.faces import demo_people
from appliance.flow.accounts import Who
from appliance.flow.record_violation import Seen, record_violation
from appliance.records.accounts import Account
from appliance.records.captures import Capture
from appliance.records.entry import Admission, FaceCheck
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.violations import Violation
from tests.conftest import START
from tests.web.conftest import shoot
from tests.web.day_server import Running
from tests.web.test_inspection import newest
from tests.web.test_violations import writing

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]


def recorded(day: Running, index: int, at: datetime | None) -> Violation:
    """A violation of whoever writes at the seat of that index, at a time of the day's recordings."""
    seat = writing(day, index)[1]
    box = day.box
    wanted = select(SeatTaking.candidate).where(SeatTaking.sitting == day.day.theory, SeatTaking.seat == seat)
    candidate = box.db.read_now(lambda session: session.exec(wanted).one())
    row = box.db.read_now(
        lambda session: session.exec(select(Account).where(Account.login == "invigilator")).one()
    )
    who = Who(account=row.id, login=row.login, name=row.name, role=row.role)
    form = Seen(
        id=new_id(),
        sitting=day.day.theory,
        seat=seat,
        candidate=candidate,
        rule="whispering",
        seen="与邻座交谈",
        happened_at=at,
    )
    return box.db.write_now(record_violation, box, form, who, "invigilator2")


def asked(wanted: dict[str, Any]) -> dict[str, str]:
    return {key: one.isoformat() if isinstance(one, datetime) else one for key, one in wanted.items()}


def test_a_stretch_with_a_gap_is_said_and_the_other_camera_plays(day: Running, client: Client) -> None:
    """Camera C2 was cut off from minute 80 to 83."""
    found = recorded(day, 9, START + timedelta(minutes=81, seconds=30))
    office = client("office")
    page = office.get("/violations").text
    assert f"/violations/{found.id}/recordings" in page
    part = office.get(f"/violations/{found.id}/recordings").text
    assert "理论考场后部" in part and "录像缺失" in part and "网络中断" in part
    ((camera, wanted),) = re.findall(r"player\?camera=(\w+)&amp;(from=[^\"]+)", part)
    wanted = unescape(wanted)
    player = unescape(office.get(f"/violations/{found.id}/player?camera=C1&{wanted}").text)
    assert camera == "C1" and f'src="/violations/{found.id}/clip.mp4?camera=C1&{wanted}"' in player
    clip = office.get(f"/violations/{found.id}/clip.mp4?camera=C1&{wanted}", headers={"range": "bytes=0-"})
    assert clip.status_code == 206 and clip.content[4:8] == b"ftyp"
    watched = newest(day, "clip.viewed")
    assert watched is not None and watched.subject == found.candidate
    body = msgspec.json.decode(watched.body)
    assert (body["violation"], body["camera"]) == (found.id, "C1")
    # Another range a while later is of the same film, however far the recording has come.
    again = office.get(f"/violations/{found.id}/clip.mp4?camera=C1&{wanted}", headers={"range": "bytes=0-"})
    assert again.content == clip.content and newest(day, "clip.viewed") == watched
    first, last = (datetime.fromisoformat(unquote(one)) for one in re.findall(r"(?:from|to)=([^&]+)", wanted))
    long, whole = timedelta(minutes=10), {"camera": "C1", "from": first, "to": last}
    for wrong in ({"camera": "C3"}, {"to": last + long}, {"from": first - long}, {"from": last, "to": first}):
        gone = office.get(
            f"/violations/{found.id}/clip.mp4", params=asked(whole | wrong)
        )  # not this seat, or time
        assert gone.status_code == 404, wrong


def test_when_it_happened_and_when_it_was_written_down_are_both_told(day: Running, client: Client) -> None:
    found = recorded(day, 9, START + timedelta(minutes=80, seconds=30))
    entry = newest(day, "violation.recorded")
    assert entry is not None
    assert msgspec.json.decode(entry.body)["happened_at"] == "2026-11-21T01:20:30.000000Z"
    written = f"{day.box.local(found.recorded_at):%H:%M:%S}"
    told = f"发生 09:20:30（登记人填写），登记 {written}"
    inspector, office = client("inspector"), client("office")
    assert told in inspector.get("/inspection").text
    assert told in inspector.get(f"/inspection/{found.candidate}").text
    assert told in office.get(f"/violations/{found.id}").text
    films = inspector.get(f"/timeline/case/{found.id}").text
    assert f'{{"at":{found.happened_at.timestamp() * 1000:.1f},"sort":"violation"' in films and told in films


def test_no_camera_and_a_silent_recorder_are_said(
    day: Running, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, office = f"/violations/{recorded(day, 11, None).id}/recordings", client("office")
    socket = day.day.settings.socket("clips")
    aside = socket.with_suffix(".aside")
    socket.rename(aside)
    try:
        assert "process_silent" in office.get(place).text
    finally:
        aside.rename(socket)
    monkeypatch.setattr("appliance.web.violation_clips.looking", lambda *_facts: [])
    assert "没有监控覆盖" in office.get(place).text


@pytest.mark.long
def test_a_click_plays_it_beside_the_evidence(day: Running, open_page: Open) -> None:
    found = recorded(day, 13, START + timedelta(minutes=70))
    page = open_page("office", f"/violations/{found.id}", 1366, 768)
    shoot(page, "violation-recordings")
    page.locator("#violation-recordings button").first.click()
    page.wait_for_function("() => document.querySelector('#clip-player video')?.readyState >= 2")
    expect(page.locator("#clip-player")).to_contain_text("查看录像记入考务日志")
    shoot(page, "violation-player")
    page.close()


def test_the_office_sees_the_captures_of_a_violation_and_no_others(day: Running, client: Client) -> None:
    """Beside the case only what lies nearest to it; each look is journaled with the violation."""
    found = recorded(day, 14, None)
    box, attempt = day.box, found.attempt
    assert attempt is not None

    def taken(session: Session) -> None:
        for n in range(8):
            shot = Capture(
                id=f"beside-{n}",
                attempt=attempt,
                seat=found.seat,
                lease=1,
                happened_at=found.happened_at - timedelta(minutes=n),
                recorded_at=box.now(),
                picture=box.files.put(demo_people.live("astronaut"), secret=True),
                state="looked",
            )
            session.add(shot)

    box.db.write_now(taken)
    office = client("office")
    page = office.get(f"/violations/{found.id}").text
    shown = sorted(set(re.findall(rf"/violations/{found.id}/capture/(beside-\d)", page)))
    assert shown == [f"beside-{n}" for n in range(6)]
    portrait = f"/violations/{found.id}/portrait"
    assert portrait in page and office.get(portrait).headers["content-type"] == "image/jpeg"
    picture = office.get(f"/violations/{found.id}/capture/beside-0")
    assert picture.headers["content-type"] == "image/jpeg"
    look = newest(day, "photo.viewed")
    assert look is not None and msgspec.json.decode(look.body)["violation"] == found.id
    assert office.get(f"/violations/{found.id}/capture/beside-7").status_code == 404
    assert office.get("/media/capture/beside-0").status_code == 403

    def unknown(session: Session) -> None:
        session.get_one(Candidate, found.candidate).photo = ""
        checks = select(FaceCheck).join(Admission, col(Admission.tap) == col(FaceCheck.tap))
        for check in session.exec(checks.where(Admission.candidate == found.candidate)):
            check.live_photo = ""

    box.db.write_now(unknown)
    assert portrait not in office.get(f"/violations/{found.id}").text, "none kept, none drawn"
    assert office.get(portrait).status_code == 404
