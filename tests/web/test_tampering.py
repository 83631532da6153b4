"""Requests of a seat that ask for what is not its own, or were tampered with: refused, journaled, nothing changed."""

from typing import Any

import msgspec
import pytest
from sqlmodel import Session, select

from appliance.records.journal import Journal
from appliance.records.theory import Answer, Attempt
from tests.web.day_server import Running
from tests.web.seat_page import SeatPage, code, writing

pytestmark = pytest.mark.long
MOMENT = "2026-11-21T01:30:00Z"


def change(page: SeatPage, **other: Any) -> dict[str, Any]:
    one = {"n": page.n + 1, "position": 1, "value": "B", "at": MOMENT} | other.pop("answer", {})
    return {"attempt": page.attempt, "lease": page.lease, "answers": [one]} | other


def everything(session: Session) -> list[tuple[Any, ...]]:
    """Every attempt and every answer as they stand."""
    attempts = [
        # The box goes on marking what was handed in.
        (one.id, "handed_in" if one.state == "marked" else one.state, one.lease, one.deadline)
        for one in session.exec(select(Attempt))
    ]
    answers = [(one.attempt, one.position, one.value, one.n) for one in session.exec(select(Answer))]
    return sorted(attempts) + sorted(answers)


def refusals(session: Session) -> list[tuple[str, str, str]]:
    rows = session.exec(select(Journal).where(Journal.kind == "request.refused").order_by(Journal.seq))  # type: ignore[arg-type]
    return [(row.subject, row.actor, msgspec.json.decode(row.body)["code"]) for row in rows]


def test_what_is_not_the_seats_own_is_refused_and_recorded(day: Running) -> None:
    (attempt, address, four), (other, other_address, other_four) = day.box.db.read_now(
        writing, day.day.theory
    )
    mine, neighbour = SeatPage(day, address, four), SeatPage(day, other_address, other_four)
    candidate = day.box.db.read_now(lambda s: s.get_one(Attempt, attempt).candidate)
    before, known = day.box.db.read_now(everything), day.box.db.read_now(refusals)
    api = "/station/api"

    def post(path: str, body: dict[str, Any], **headers: str) -> str:
        return code(mine.http.post(f"{api}/{path}", json=body, headers=headers))

    assert post("answers", change(mine, attempt=other)) == "403 not_your_attempt"
    assert post("answers", change(mine, attempt=other, lease=neighbour.lease)) == "403 not_your_attempt"
    assert post("answers", change(mine, lease=mine.lease + 1)) == "403 not_your_attempt"
    assert post("hand-in", {"attempt": other, "lease": 1, "n": 0}) == "403 not_your_attempt"
    assert post("answers", change(mine), **{"x-csrf-token": "0" * 32}) == "403 csrf"
    for wrong in ({"position": 101}, {"value": "E"}, {"value": "AB"}, {"position": -1}):
        assert post("answers", change(mine, answer=wrong)) == "422 bad_answer"
    for malformed in (
        change(mine, marks="100"),
        change(mine, answer={"points": 1}),
        change(mine, answer={"at": "2026-11-21T01:30:00"}),
        {"attempt": mine.attempt},
    ):
        assert post("answers", malformed).startswith("400")
    mine.http.cookies.set("seat", neighbour.secret[::-1])
    assert post("answers", change(mine), **{"x-csrf-token": "0" * 32}) == "403 csrf"

    assert day.box.db.read_now(everything) == before, "a refused request changes nothing"
    seat = next(actor for _, actor, _ in day.box.db.read_now(refusals)[len(known) :])
    found = day.box.db.read_now(refusals)[len(known) :]
    assert [one for one in found if one[0] == candidate] == [
        (candidate, seat, wrong) for wrong in ("not_your_attempt", "csrf", "bad_answer")
    ], "each kind once of a cookie, with seat and candidate"
    assert found[-1][2] == "csrf" and found[-1][0] != candidate, "a cookie nobody knows: the seat alone"
