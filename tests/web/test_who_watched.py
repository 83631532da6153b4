"""Whoever watches a candidate without naming them is in the candidate's record all the same."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from sqlmodel import Session, select

from appliance.flow.box import Box
from appliance.flow.inspect import timeline
from appliance.flow.look import append_fact
from appliance.flow.whereabouts import stays
from appliance.flow.who_watched import shows
from appliance.records.seating import SeatTaking
from tests.web.day_server import Running


def test_a_look_at_the_room_or_at_somebody_beside_is_a_look_at_them(day: Running) -> None:
    one, beside = day.day.people[20], day.day.people[21]

    def looked(session: Session, box: Box) -> list[str]:
        taking = session.exec(select(SeatTaking).where(SeatTaking.candidate == one)).first()
        assert taking
        stay = next(place for place in stays(session, box, one) if place.cameras and place.kind == "seat")
        camera, at = stay.cameras[0], stay.start.isoformat()
        until = (stay.end or box.now()).isoformat()
        detail: dict[str, Any] = {"camera": camera, "from": at, "to": until}
        append_fact(session, box, "clip.viewed", camera, "account:by-camera", detail)
        append_fact(session, box, "clip.exported", beside, "account:by-beside", detail)
        package = {"cameras": ["C9", camera], "from": at, "to": until}
        append_fact(
            session, box, "package.exported", taking.seat.rpartition("-")[0], "account:by-room", package
        )
        elsewhere = detail | {"camera": "C9"}
        append_fact(session, box, "clip.viewed", "C9", "account:of-another-camera", elsewhere)
        earlier = detail | {"from": "2026-01-01T00:00:00+00:00", "to": "2026-01-01T00:01:00+00:00"}
        append_fact(session, box, "clip.viewed", camera, "account:of-another-day", earlier)
        return [
            entry.actor for entry in timeline(session, box, one).entries if entry.actor.startswith("account:")
        ]

    actors = day.box.db.write_now(looked, day.box)
    assert {"account:by-camera", "account:by-beside", "account:by-room"} <= set(actors)
    assert not {"account:of-another-camera", "account:of-another-day"} & set(actors)


def test_what_says_no_times_shows_nobody() -> None:
    assert not shows({"camera": "C1"}, []) and not shows({"camera": "C1", "from": "x", "to": "y"}, [])


def test_whoever_took_it_away_at_the_host_is_named(
    day: Running, client: Callable[[str], httpx.Client]
) -> None:
    one = day.day.people[19]

    def taken(session: Session, box: Box) -> None:
        stay = next(place for place in stays(session, box, one) if place.cameras and place.kind == "seat")
        until = (stay.start + timedelta(minutes=4)).isoformat()
        detail = {"camera": stay.cameras[0], "from": stay.start.isoformat(), "to": until, "by": "cli:root"}
        append_fact(session, box, "clip.exported", stay.cameras[0], "process:cli", detail)

    day.box.db.write_now(taken, day.box)
    page = client("inspector").get(f"/inspection/{one}").text
    who = page.split("谁查看过")[1].split("</ul>")[0]
    assert "主机命令行 · root" in who and "下载录像" in who
    assert "同一人在一次登录中重复打开" in page
    row = page.split("查看记录及时间")[1].split("主机命令行 · root")[0]
    assert "2026-11-2" in row.rpartition("<li")[2]
