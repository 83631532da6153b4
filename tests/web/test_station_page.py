"""The exam page's own files are open to everybody, and its service worker may serve all of /station/."""

import ssl
from collections.abc import Callable

import httpx
from sqlmodel import Session, select

from appliance.flow.box import keys
from appliance.records.entry import Admission, FaceCheck
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from tests.web.day_server import Running


def test_the_exam_page_and_its_worker(client: Callable[[str], httpx.Client]) -> None:
    http = client("")
    page = http.get("/station/")
    assert page.status_code == 200 and "exam.js" in page.text
    worker = http.get("/station/sw.js")
    assert worker.headers["service-worker-allowed"] == "/station/"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "content-security-policy" in page.headers


def test_the_seat_shows_the_photo_of_the_entrance_where_the_roster_has_none(day: Running) -> None:
    """Seat 9 is called and nobody has signed in there; the entrance took its candidate's picture."""
    sitting, box = day.day.theory, day.box

    def bound(session: Session) -> Candidate:
        held = select(SeatTaking.candidate).where(SeatTaking.seat == "T1-09", SeatTaking.sitting == sitting)
        return session.get_one(Candidate, session.exec(held).one())

    def taken(session: Session) -> str:
        found = select(FaceCheck.live_photo).join(Admission, Admission.tap == FaceCheck.tap)  # type: ignore[arg-type]
        return session.exec(found.where(Admission.candidate == person.id)).one()

    person = box.db.read_now(bound)
    assert person.photo == ""
    trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
    transport = httpx.HTTPTransport(verify=trust, local_address="127.0.1.9")
    with httpx.Client(base_url=day.url, transport=transport, timeout=20) as seat:
        seat.post("/station/api/sign-in", json={"last_four": person.last_four}).raise_for_status()
        photo = seat.get("/station/api/photo")
        assert photo.status_code == 200 and photo.headers["content-type"] == "image/jpeg"
        assert photo.content == box.files.get(box.db.read_now(taken), True)

        def forget(session: Session) -> None:
            for check in session.exec(select(FaceCheck)):
                check.live_photo = ""
                session.add(check)

        box.db.write_now(forget)
        assert seat.get("/station/api/photo").status_code == 404
