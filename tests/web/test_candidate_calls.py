"""A seat calls the invigilator and sees the answer; what it asks that is not its own is refused and journaled."""

import ssl
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from appliance.flow.box import keys
from appliance.records.cases import ExamCase
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.rules.exam_rules import ExamRules
from tests.web.conftest import shoot
from tests.web.day_server import Running

API = "/station/api"
SEAT = "T1-09"


@pytest.fixture(scope="module")
def seat(day: Running) -> Iterator[tuple[httpx.Client, dict[str, Any]]]:
    """Seat 9, signed in, its paper running; and what the box said of it."""

    def last_four(session: Session) -> str:
        held = select(SeatTaking.candidate).where(
            SeatTaking.seat == SEAT, SeatTaking.sitting == day.day.theory
        )
        return session.get_one(Candidate, session.exec(held).one()).last_four

    trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
    transport = httpx.HTTPTransport(verify=trust, local_address="127.0.1.9")
    with httpx.Client(base_url=day.url + API, transport=transport, timeout=20) as http:
        signed = http.post("/sign-in", json={"last_four": day.box.db.read_now(last_four)}).json()
        http.headers["x-csrf-token"] = signed["csrf"]
        http.post("/rules", json={})
        yield http, signed


def refused(day: Running) -> list[str]:
    rows = select(Journal).where(Journal.kind == "request.refused").order_by(col(Journal.seq))
    return [
        msgspec.json.decode(one.body)["code"] for one in day.box.db.read_now(lambda s: list(s.exec(rows)))
    ]


def change(attempt: str, lease: int, value: str = "A") -> dict[str, Any]:
    at = "2026-11-21T01:00:00Z"
    return {
        "attempt": attempt,
        "lease": lease,
        "answers": [{"n": 1, "position": 1, "value": value, "at": at}],
    }


def test_anothers_attempt_and_tampered_requests_are_refused_and_journaled(
    day: Running, seat: tuple[httpx.Client, dict[str, Any]]
) -> None:
    http, signed = seat
    own, lease = signed["attempt"], signed["lease"]
    others = select(Attempt.id).where(Attempt.sitting == day.day.theory, Attempt.id != own)
    other = str(day.box.db.read_now(lambda s: s.exec(others).first()))
    sent = {"id": str(uuid.uuid4()), "attempt": other, "lease": "1", "at": signed["now"]}
    picture = http.post("/capture", params=sent, content=b"\xff\xd8\xff")
    assert picture.json()["code"] == "not_your_attempt" and refused(day) == ["not_your_attempt"]
    for _ in range(2):
        answer = http.post("/answers", json=change(other, 1))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_attempt")
    assert http.post("/hand-in", json={"attempt": other, "lease": 1, "n": 0}).status_code == 403
    assert refused(day) == ["not_your_attempt"], "once of a cookie: a page gone mad fills no journal"
    for path, body in (("/camera", {"state": "ok"}), ("/rules", {}), ("/acknowledge", {"message_id": "x"})):
        forged = http.post(path, json=body, headers={"x-csrf-token": "0" * 32})
        assert forged.json()["code"] == "csrf" and refused(day) == ["not_your_attempt", "csrf"]
    forged = http.post("/answers", json=change(own, lease), headers={"x-csrf-token": "0" * 32})
    assert forged.json()["code"] == "csrf"
    assert http.post("/answers", json=change(own, lease, "Z")).json()["code"] == "bad_answer"
    assert http.get("/voice/1").json()["code"] == "no_help"
    assert refused(day) == ["not_your_attempt", "csrf", "bad_answer", "no_help"]


def test_a_page_that_was_left_is_a_case(day: Running, seat: tuple[httpx.Client, dict[str, Any]]) -> None:
    http, signed = seat
    told = {"id": str(uuid.uuid4()), "kind": "focus_lost", "at": signed["now"]}
    assert http.post("/left", json=told).status_code == 200
    assert http.post("/left", json={**told, "until": signed["now"]}).status_code == 200
    assert http.post("/left", json={**told, "id": "x"}).status_code == 400
    kept = day.box.db.read_now(lambda s: s.get_one(ExamCase, told["id"]))
    assert (kept.attempt, kept.kind, kept.state) == (signed["attempt"], "focus_lost", "open")


@pytest.mark.long
def test_the_invigilator_sees_the_hand_and_the_pass_code(
    day: Running, seat: tuple[httpx.Client, dict[str, Any]], open_page: Callable[..., Page]
) -> None:
    http, _ = seat

    def by_code(session: Session) -> None:
        sitting = session.get_one(Sitting, day.day.theory)
        sitting.rules = msgspec.json.encode(ExamRules(sign_in="code")).decode()
        sitting.pass_code = "412907"
        session.add(sitting)

    day.box.db.write_now(by_code)
    page = open_page("invigilator", f"/room/{day.day.theory}?sort=attention", 1280, 800)
    expect(page.locator("#board")).to_contain_text("412907")
    assert http.post("/hand", json={"up": True}).json()["around"]["hand_at"]
    tile = page.locator(f"#t-{SEAT}")
    expect(tile).to_contain_text("举手", timeout=10_000)
    expect(page.locator(".seats li").first).to_contain_text("举手")
    shoot(page, "room-hand")
    page.goto(f"{day.url}/room/{day.day.theory}?seat={SEAT}")
    page.get_by_role("button", name="我已到场处理").click()
    expect(tile).not_to_contain_text("举手", timeout=10_000)
    assert http.get("/attempt").json()["around"]["hand_at"] is None


def test_a_free_seat_offers_the_pass_code_where_the_rules_say_so(day: Running) -> None:
    def by_code(session: Session, said: str) -> str:
        sitting = session.get_one(Sitting, day.day.theory)
        sitting.rules = msgspec.json.encode(ExamRules(sign_in=said)).decode()  # type: ignore[arg-type]
        sitting.pass_code = "412907"
        session.add(sitting)
        held = select(SeatTaking.seat).where(col(SeatTaking.released_at).is_(None))
        free = select(Seat.address).where(
            Seat.room == sitting.room,
            Seat.state == "ready",
            col(Seat.id).not_in(held),
            col(Seat.address).is_not(None),
        )
        return str(session.exec(free).first())

    address = day.box.db.write_now(by_code, "code")
    trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
    transport = httpx.HTTPTransport(verify=trust, local_address=address)
    with httpx.Client(base_url=day.url + API, transport=transport, timeout=20) as http:
        shown = http.get("/seat").json()
        assert (shown["phase"], shown["by_code"]) == ("free", True)
        wrong = http.post("/sign-in", json={"number": "999999190001010217", "pass_code": "412907"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_pass_code")
        day.box.db.write_now(by_code, "seat")
        assert http.get("/seat").json()["by_code"] is False
