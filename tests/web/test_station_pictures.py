"""A seat reads the pictures of its own candidate's paper; every other question is refused and journaled."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.flow.box import keys
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.theory import Paper
from appliance.web.station_pictures import MOST
from appliance.wire import station as wire
from tests.station.drawings import circuit, name_of, warning
from tests.web.day_server import Running
from tests.world import paper_body

OWN, OTHER = circuit(), warning("gold", 3)
API = "/station/api"


@dataclass
class Place:
    """Seat 9 before anybody has signed in."""

    http: httpx.Client
    candidate: str
    last_four: str


@pytest.fixture(scope="module")
def place(day: Running) -> Iterator[Place]:
    """Its candidate's paper shows one picture, everybody else's another."""
    box, sitting = day.box, day.day.theory

    def body(picture: bytes) -> str:
        paper = msgspec.json.decode(paper_body("p"), type=wire.Paper)
        name = box.files.put(picture, secret=True)
        paper.questions[0].stem = ("看图。", wire.Picture(name, "图"))
        paper.pictures = {name: "image/png"}
        return box.files.put(msgspec.json.encode(paper), secret=True)

    own, other = body(OWN), body(OTHER)

    def given(session: Session) -> tuple[str, str]:
        held = select(SeatTaking.candidate).where(SeatTaking.seat == "T1-09", SeatTaking.sitting == sitting)
        person = session.get_one(Candidate, session.exec(held).one())
        for paper in session.exec(select(Paper).where(Paper.sitting == sitting)):
            paper.body = own if paper.candidate == person.id else other
            session.add(paper)
        return person.id, person.last_four

    candidate, last_four = box.db.write_now(given)
    trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
    transport = httpx.HTTPTransport(verify=trust, local_address="127.0.1.9")
    with httpx.Client(base_url=day.url, transport=transport, timeout=20) as http:
        yield Place(http, candidate, last_four)


def refusals(day: Running) -> list[tuple[str, str, dict[str, object]]]:
    """Subject, actor and body of every refused question, in order."""
    found = select(Journal).where(Journal.kind == "picture.refused").order_by(col(Journal.seq))
    return day.box.db.read_now(
        lambda s: [(one.subject, one.actor, msgspec.json.decode(one.body)) for one in s.exec(found).all()]
    )


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def test_only_the_seats_own_paper(day: Running, place: Place) -> None:
    http, own, other = place.http, name_of(OWN), name_of(OTHER)
    for path in ("/pictures", f"/picture/{own}"):
        nobody = http.get(API + path)
        assert (nobody.status_code, code_of(nobody)) == (401, "seat_sign_in_first")
    signed = http.post(f"{API}/sign-in", json={"last_four": place.last_four}).json()
    for path in ("/pictures", f"/picture/{own}"):
        early = http.get(API + path)
        assert (early.status_code, code_of(early)) == (403, "not_running"), "the rules come first"
    headers = {"x-csrf-token": signed["csrf"]}
    http.post(f"{API}/rules", headers=headers, json={}).raise_for_status()
    assert http.get(f"{API}/pictures").json() == {"pictures": [own]}
    shown = http.get(f"{API}/picture/{own}")
    assert (shown.status_code, shown.headers["content-type"], shown.content) == (200, "image/png", OWN)
    assert (
        shown.headers["x-content-type-options"] == "nosniff" and "no-store" in shown.headers["cache-control"]
    )
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    paper = http.get(f"{API}/paper").json()
    assert paper["pictures"] == {own: "image/png"}
    assert paper["questions"][0]["stem"] == ["看图。", {"picture": own, "alt": "图"}]

    for name in (other, other, "f" * 64, "..%2f..%2fpaper", "x" * 500):
        refused = http.get(f"{API}/picture/{name}")
        assert refused.status_code in (403, 404) and OTHER not in refused.content
    told = refusals(day)
    assert {(subject, actor) for subject, actor, _ in told} == {(place.candidate, "seat:T1-09")}
    assert [(body["code"], body["picture"]) for _, _, body in told] == [
        ("not_running", own),
        ("other_paper", other),
        ("other_paper", "f" * 64),
        ("other_paper", ""),
    ], "once each, and only what is a picture's name"
    for number in range(MOST + 5):
        assert http.get(f"{API}/picture/{number:064x}").status_code == 403
    assert len(refusals(day)) == MOST, "no flood"


def test_a_picture_altered_on_the_disk_is_not_shown_and_journaled(day: Running, place: Place) -> None:
    path = day.box.files._path(name_of(OWN), True)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    for _ in range(2):
        assert place.http.get(f"{API}/picture/{name_of(OWN)}").status_code == 422
    path.write_bytes(sealed)
    assert place.http.get(f"{API}/picture/{name_of(OWN)}").content == OWN
    found = select(Journal).where(Journal.kind == "file.altered")
    (told,) = day.box.db.read_now(lambda s: s.exec(found).all())
    assert (told.subject, told.actor) == (name_of(OWN), "seat:T1-09")
