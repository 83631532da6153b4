"""What a page at a seat sends to the real server, without a browser, from the seat's own address."""

import ssl

import httpx
from sqlmodel import Session, select

from appliance.base.ids import new_id
from appliance.flow.box import keys
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.theory import Attempt
from tests.web.day_server import Running


def writing(session: Session, sitting: str) -> list[tuple[str, str, str]]:
    """(attempt, address, last four) of two who write."""
    rows = session.exec(
        select(Attempt.id, Seat.address, Candidate.last_four)
        .join(SeatTaking, SeatTaking.candidate == Attempt.candidate)  # type: ignore[arg-type]
        .join(Seat, Seat.id == SeatTaking.seat)  # type: ignore[arg-type]
        .join(Candidate, Candidate.id == Attempt.candidate)  # type: ignore[arg-type]
        .where(Attempt.sitting == sitting, Attempt.state == "running", SeatTaking.released_at == None)  # noqa: E711
        .order_by(Seat.number)  # type: ignore[arg-type]
    ).all()
    return [(attempt, address or "", four) for attempt, address, four in rows[:2]]


class SeatPage:
    """What a page at a seat sends, from the seat's own address."""

    def __init__(self, day: Running, address: str, four: str) -> None:
        self.secret = new_id()
        day.box.db.write_now(sign_in_at_seat, day.box, address, four, self.secret)
        trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
        self.http = httpx.Client(
            base_url=day.url,
            transport=httpx.HTTPTransport(verify=trust, local_address=address),
            cookies={"seat": self.secret},
            timeout=10,
        )
        standing = self.http.get("/station/api/attempt").json()
        self.http.headers["x-csrf-token"] = standing["csrf"]
        self.attempt, self.lease, self.n = standing["attempt"], standing["lease"], standing["saved_n"]

    @property
    def talk(self) -> str:
        found: str = self.http.get("/station/api/attempt").json()["talk"]
        return found


def code(answer: httpx.Response) -> str:
    """Status and code of a problem, or the status alone."""
    return f"{answer.status_code} {answer.json().get('code', '')}".strip()
