"""Every look at a recording is on record, and a full disk closes no page that only shows."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from appliance.base.errors import Unavailable
from appliance.base.sockets import Streamed, ask_stream, serve
from appliance.records.accounts import LoginSession
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal
from appliance.web.media import _first
from appliance.wire.recorder import GetStill
from cameras import clips
from tests.web.day_server import Running

Client = Callable[[str], httpx.Client]
CLIP = "/media/clip?camera=C1&from=2026-11-21T01:00:00Z&to=2026-11-21T01:0{}:00Z"


def looked(day: Running) -> int:
    return len(
        day.box.db.read_now(lambda s: s.exec(select(Journal).where(Journal.kind == "clip.viewed")).all())
    )


def until_quiet(seen: list[int]) -> None:
    """The clip server hears a little later than its reader that nobody wants the rest."""
    count = -1
    while count != len(seen):
        count = len(seen)
        time.sleep(0.3)


def test_who_begins_in_the_middle_has_looked_too(day: Running, client: Client) -> None:
    http, before = client("inspector"), looked(day)
    assert http.get(CLIP.format(1), headers={"range": "bytes=100-"}).status_code == 206
    assert looked(day) == before + 1
    assert http.get(CLIP.format(1), headers={"range": "bytes=200-"}).status_code == 206
    assert looked(day) == before + 1, "moving about in one clip is one look"
    assert http.get(CLIP.format(2), headers={"range": "bytes=100-"}).status_code == 206
    assert looked(day) == before + 2


def test_films_of_the_same_times_have_names_of_their_own(client: Client) -> None:
    """The clock was set back twice."""
    http, names = client("inspector"), set()
    for again in range(3):
        with http.stream("GET", f"{CLIP.format(1)}&download=true&again={again}") as answer:
            names.add(answer.headers["content-disposition"].partition("C1-20261121-0900")[2])
    assert names == {'00.mp4"', '00-again.mp4"', '00-again2.mp4"'}


def test_a_range_of_a_clip_reads_no_more_than_the_range(
    day: Running, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    http, sent = client("inspector"), []
    whole = http.get(CLIP.format(1)).content
    pread, chunk = os.pread, 1024
    monkeypatch.setattr(clips, "CHUNK", chunk)

    def counted(file: int, length: int, at: int) -> bytes:
        sent.append(at)
        return pread(file, length, at)

    monkeypatch.setattr(os, "pread", counted)
    middle = len(whole) // 2
    for asked, start, end in (
        (f"bytes={middle}-{middle + 1}", middle, middle + 1),
        ("bytes=0-1", 0, 1),
        (f"bytes={len(whole) - 5}-", len(whole) - 5, len(whole) - 1),
    ):
        answer = http.get(CLIP.format(1), headers={"range": asked})
        assert answer.status_code == 206 and answer.content == whole[start : end + 1]
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"
        until_quiet(sent)
        if end == len(whole) - 1:
            assert len(sent) <= 2, "what lies before the range is not read"
        sent.clear()
    assert http.get(CLIP.format(1), headers={"range": "bytes=999999999999999999-"}).status_code == 416
    assert len(whole) > 20 * chunk


async def test_a_range_ends_the_connection_to_the_clip_server(tmp_path: Path) -> None:
    given: list[int] = []

    async def endless(_asked: GetStill) -> Streamed:
        async def chunks() -> AsyncIterator[bytes]:
            while True:
                given.append(1)
                yield b"x" * 65536

        return Streamed({}, chunks())

    server = await serve(tmp_path / "clips", {GetStill: endless})
    _, chunks = await ask_stream(tmp_path / "clips", GetStill(camera="C1"), dict)
    async with asyncio.timeout(10):
        assert b"".join([part async for part in _first(chunks, 3)]) == b"xxx"
        await asyncio.sleep(0.1)
        count = len(given)
        await asyncio.sleep(0.1)
    assert len(given) == count and [part async for part in chunks] == []
    server.close()


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


def test_a_picture_that_was_forged_on_the_disk_is_told_once_and_not_shown(
    day: Running, client: Client
) -> None:
    http, box = client("inspector"), day.box
    check = box.db.read_now(lambda s: s.exec(select(FaceCheck).where(FaceCheck.live_photo != "")).first())
    file = box.files.folder / "sealed" / check.live_photo[:2] / check.live_photo
    kept = file.read_bytes()
    try:
        file.chmod(0o600)
        file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        for _again in range(2):
            answer = http.get(f"/media/face/{check.id}/live")
            assert answer.status_code >= 400 and answer.headers["content-type"] != "image/jpeg"
    finally:
        file.write_bytes(kept)
    told = box.db.read_now(lambda s: s.exec(select(Journal).where(Journal.kind == "file.altered")).all())
    assert len([one for one in told if check.live_photo in one.body]) == 1
    assert http.get(f"/media/face/{check.id}/live").status_code == 200
    assert http.get(f"/media/face/{check.id}/reference").status_code == 200
    page = http.get(f"/inspection/{box.db.read_now(lambda s: s.get(Tap, check.tap)).candidate}").text
    looked = page.split("谁查看过")[1].split("</ol>")[0]
    assert "证件芯片照片" in looked and "存档照片" not in looked, "named as the page names the picture itself"
