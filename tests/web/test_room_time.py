"""Pause, resume and more time on the page of the room; only the tiles that changed are sent again."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.records.site import Station
from appliance.records.theory import Answer, Attempt
from tests.web.conftest import csrf, shoot
from tests.web.day import PASSWORD
from tests.web.day_server import Running
from tests.web.test_violations import writing

Open = Callable[..., Page]
Client = Callable[[str], httpx.Client]


def _running(day: Running) -> list[Attempt]:
    rows = select(Attempt).where(Attempt.sitting == day.day.theory, Attempt.state == "running")
    return list(day.box.db.read_now(lambda session: session.exec(rows).all()))


def _part(text: str) -> str:
    found = re.search(r'hx-get="(/room/[^"]*/board[^"]*)"', text)
    assert found
    return found[1].replace("&amp;", "&")


def test_a_page_gets_the_tiles_that_changed_and_no_others(day: Running, client: Client) -> None:
    one = client("invigilator")
    page = one.get(f"/room/{day.day.theory}").text
    assert page.count('id="s-T1-') == 64
    first = one.get(_part(page)).text
    assert first.count('id="s-T1-') == 0 and 'id="plan"' not in first
    attempt, seat = writing(day, 2)

    def answer(session: Session) -> None:
        rows = select(Answer).where(Answer.attempt == attempt).order_by(col(Answer.position))
        row = session.exec(rows).first()
        assert row is not None
        row.value = "" if row.value else "A"
        session.add(row)

    day.box.db.write_now(answer)
    second_time = one.get(_part(first)).text
    assert re.findall(r'id="s-(T1-\d+)"', second_time) == [seat]
    assert 'hx-swap-oob="true"' in second_time
    for unknown in ("-", "abc-3", "00000000-99999999", _part(first).rpartition("=")[2] + "x"):
        whole = one.get(f"/room/{day.day.theory}/board?sort=plan&have={unknown}").text
        assert whole.count('id="s-T1-') == 64 and 'id="plan"' in whole, unknown


def test_several_chosen_get_more_time(day: Running, client: Client) -> None:
    one = client("invigilator")
    page = one.get(f"/room/{day.day.theory}/choose").text
    chosen = _running(day)[:3]
    assert all(row.id in page for row in chosen)
    form = {
        "minutes": "7",
        "reason": "火警",
        "command": new_id(),
        "second_login": "invigilator2",
        "second_password": PASSWORD,
    }
    head = {"x-csrf-token": csrf(page)}
    place = f"/room/{day.day.theory}/extend-chosen"
    assert one.post(place, data=form, headers=head).status_code == 403  # nobody chosen
    for _again in range(2):  # the reply was lost: pressed again, it is given once
        given = one.post(place, data=form | {"attempt": [row.id for row in chosen]}, headers=head)
        assert given.status_code == 204, given.text
    told = one.get(given.headers["hx-redirect"]).text
    assert "已为 3 名考生延长 7 分钟" in told and 'data-until="' in told
    after = {row.id: row.deadline for row in _running(day)}
    for row in chosen:
        assert row.deadline is not None and after[row.id] == row.deadline + timedelta(minutes=7)
    practical = select(Attempt.id).where(Attempt.sitting == day.day.practical)
    other = day.box.db.read_now(lambda session: session.exec(practical).first())
    assert one.post(place, data=form | {"attempt": [other]}, headers=head).status_code == 403


def test_more_time_for_all_moves_the_headline_and_marks_no_tile(day: Running, client: Client) -> None:
    one, place = client("invigilator"), f"/room/{day.day.theory}"
    before = one.get(place).text
    form = {
        "minutes": "2",
        "reason": "火警",
        "command": new_id(),
        "second_login": "invigilator2",
        "second_password": PASSWORD,
    }
    note = one.post(f"{place}/extend", data=form, headers={"x-csrf-token": csrf(before)}).text
    assert "之后才开始的考生也一样" in note
    after = one.get(place).text
    headline = re.compile(r'sitting-clock">.*?data-until="([^"]+)"', re.DOTALL)
    first, second = headline.search(before), headline.search(after)
    assert first and second
    assert datetime.fromisoformat(second[1]) - datetime.fromisoformat(first[1]) == timedelta(minutes=2)
    assert after.count("own-end") == before.count("own-end"), "a tile tells a time only where it differs"


def test_whoever_comes_back_from_choosing_sees_the_same_view(day: Running, client: Client) -> None:
    one = client("invigilator")
    page = one.get(f"/room/{day.day.theory}/choose?sort=attention&seat=T1-02").text
    assert f"/room/{day.day.theory}?sort=attention&amp;seat=T1-02" in page
    chosen = _running(day)[0]
    form = {"minutes": "1", "reason": "键盘", "command": new_id(), "attempt": chosen.id}
    form |= {"second_login": "invigilator2", "second_password": PASSWORD}
    place = f"/room/{day.day.theory}/extend-chosen?sort=attention&seat=T1-02"
    given = one.post(place, data=form, headers={"x-csrf-token": csrf(page)})
    assert "sort=attention&seat=T1-02&" in given.headers["hx-redirect"]


def test_a_raised_hand_has_a_sign_of_its_own(day: Running, client: Client) -> None:
    attempt, seat = writing(day, 3)

    def hand(session: Session, up: bool) -> None:
        row = session.get_one(Attempt, attempt)
        row.hand_at = day.box.now() if up else None
        session.add(row)

    day.box.db.write_now(hand, True)
    page = client("invigilator").get(f"/room/{day.day.theory}").text
    tile = page.split(f'id="s-{seat}"')[1].split("</li>")[0]
    assert "seat hand running" in tile and ">举手<" in tile
    assert "其中举手 1" in page
    day.box.db.write_now(hand, False)


@pytest.mark.long
def test_many_lost_stations_offer_a_pause_in_one_tap(day: Running, open_page: Open) -> None:
    def gone(session: Session) -> None:
        for station in session.exec(select(Station).where(col(Station.seat).in_(_seats(day, 20)))):
            station.heartbeat_at = day.box.now() - timedelta(hours=3)
            session.add(station)

    day.box.db.write_now(gone)
    page = open_page("invigilator", f"/room/{day.day.theory}", 1280, 800)
    expect(page.locator(".lost-many")).to_contain_text("失去连接")
    shoot(page, "room-many-lost")
    page.locator(".lost-many").get_by_role("button", name="全场暂停").click()
    expect(page.locator("#board .sitting-clock")).to_contain_text("已暂停")
    expect(page.locator(".seat.still-stands").first).to_be_visible()
    shoot(page, "room-paused")
    page.goto(f"{day.url}/language/en")
    page.goto(f"{day.url}/room/{day.day.theory}")
    shoot(page, "room-paused-en")
    page.goto(f"{day.url}/language/zh_CN")
    page.goto(f"{day.url}/room/{day.day.theory}")
    page.locator("summary").filter(has_text="继续考试").click()
    page.get_by_role("button", name="立即继续").click()
    expect(page.locator("#done")).to_contain_text("考试继续")
    expect(page.locator(".seat.still-stands")).to_have_count(0)
    page.close()


def _seats(day: Running, count: int) -> list[str]:
    return [writing(day, index)[1] for index in range(count)]


@pytest.mark.long
def test_one_exam_is_paused_and_what_a_station_cost_is_offered(day: Running, open_page: Open) -> None:
    attempt, seat = writing(day, 1)

    def lost(session: Session) -> None:
        row = session.get_one(Attempt, attempt)
        row.lost_s = 260
        session.add(row)

    day.box.db.write_now(lost)
    page = open_page("invigilator", f"/room/{day.day.theory}?seat={seat}", 1280, 800)
    expect(page.locator("#seat")).to_contain_text("考试机曾失去连接 4 分钟")
    shoot(page, "room-seat-lost")
    page.locator("#seat summary").filter(has_text="延时").click()
    expect(page.locator("#seat [name=minutes]")).to_have_value("5")
    asked = page.locator("#seat details[open]")
    asked.locator("[name=second_login]").fill("invigilator2")
    asked.locator("[name=second_password]").fill(PASSWORD)
    asked.locator("button.primary").click()
    expect(page.locator("#seat")).not_to_contain_text("考试机曾失去连接")
    page.locator("#seat summary").filter(has_text="暂停").click()
    page.locator("#seat details[open] [name=reason]").fill("身体不适")
    page.get_by_role("button", name="暂停该考生考试").click()
    expect(page.locator("#seat")).to_contain_text("身体不适")
    shoot(page, "room-seat-paused")
    page.locator("#seat").get_by_role("button", name="继续考试").click()
    expect(page.locator("#seat")).not_to_contain_text("身体不适")
    page.goto(f"{day.url}/room/{day.day.theory}/choose")
    shoot(page, "room-choose")
    page.close()
