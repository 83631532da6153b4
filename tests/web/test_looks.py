"""Every look at a recording is on record, and a full disk closes no page that only shows."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from appliance.base.errors import Unavailable
from appliance.records.accounts import LoginSession
from appliance.records.journal import Journal
from tests.web.day_server import Running

Client = Callable[[str], httpx.Client]
CLIP = "/media/clip?camera=C1&from=2026-11-21T01:00:00Z&to=2026-11-21T01:0{}:00Z"


def looked(day: Running) -> int:
    return len(
        day.box.db.read_now(lambda s: s.exec(select(Journal).where(Journal.kind == "clip.viewed")).all())
    )


def test_who_begins_in_the_middle_has_looked_too(day: Running, client: Client) -> None:
    http, before = client("inspector"), looked(day)
    assert http.get(CLIP.format(1), headers={"range": "bytes=100-"}).status_code == 206
    assert looked(day) == before + 1
    assert http.get(CLIP.format(1), headers={"range": "bytes=200-"}).status_code == 206
    assert looked(day) == before + 1, "moving about in one clip is one look"
    assert http.get(CLIP.format(2), headers={"range": "bytes=100-"}).status_code == 206
    assert looked(day) == before + 2


def test_who_opens_a_candidates_record_is_on_record(day: Running, client: Client) -> None:
    def opened() -> list[tuple[str, str]]:
        wanted = select(Journal.subject, Journal.actor).where(Journal.kind == "timeline.viewed")
        return [(row[0], row[1]) for row in day.box.db.read_now(lambda s: s.exec(wanted).all())]

    http, person = client("inspector"), day.day.people[0]
    assert http.get("/inspection/nobody").status_code == 404 and opened() == []
    for _ in range(2):
        assert http.get(f"/inspection/{person}").status_code == 200
    ((subject, actor),) = opened()
    assert subject == person and actor.startswith("account:")
    assert client("chief").get(f"/inspection/{person}").status_code == 200
    assert len({actor for _, actor in opened()}) == 2


def test_a_look_is_booked_on_a_candidate_that_exists(day: Running, client: Client) -> None:
    before = looked(day)
    assert client("inspector").get(CLIP.format(1) + "&candidate=somebody").status_code == 404
    assert looked(day) == before


def test_pages_are_shown_while_nothing_can_be_written(
    day: Running, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = client("desk")

    def age(session) -> None:  # type: ignore[no-untyped-def]
        for row in session.exec(select(LoginSession)):
            row.seen_at = row.seen_at - timedelta(minutes=5)
            session.add(row)

    day.box.db.write_now(age)

    async def full(*_given: object) -> None:
        raise Unavailable("disk_full", "The disk of the box is full: nothing more can be saved.")

    monkeypatch.setattr(day.box.db, "write", full)
    assert http.get("/desk").status_code == 200
