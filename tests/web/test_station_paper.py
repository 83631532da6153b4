"""A seat reads the pictures of its own candidate's paper; every other question is refused and journaled."""

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.errors import Corrupt
from appliance.base.sealing import unseal
from appliance.flow.box import Box, keys
from appliance.flow.sealed_paper import seal_body, seal_pictures
from appliance.flow.start_sitting import begin_attempt
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.web.station_refusals import MOST
from appliance.wire import station as wire
from tests.station.drawings import circuit, warning
from tests.web.day_server import Running
from tests.world import paper_of

OWN, OTHER = circuit(), warning("gold", 3)
API = "/station/api"


@dataclass
class Place:
    """A seat at which nobody has signed in yet."""

    http: httpx.Client
    candidate: str
    last_four: str
    seat: str
    body: str
    own: str
    other_body: str
    other: str


@pytest.fixture(scope="module")
def place(day: Running) -> Iterator[Place]:
    """Its candidate's paper shows one picture, everybody else's another."""
    box, sitting = day.box, day.day.theory

    def sealed(picture: bytes) -> tuple[str, bytes, str]:
        paper = paper_of("p")
        name = box.files.put(picture, secret=True)
        paper.questions[0].stem = ("看图。", wire.Picture(name, "图"))
        paper.pictures = seal_pictures(box, b"seed", {name: "image/png"}, {})
        body, opens = seal_body(box, b"seed", paper)
        return body, opens, paper.pictures[name].sealed

    (body, opens, own), (other_body, other_opens, other) = sealed(OWN), sealed(OTHER)

    def given(session: Session) -> tuple[str, str, str]:
        free = (
            select(SeatTaking)
            .join(Attempt, col(Attempt.candidate) == col(SeatTaking.candidate))
            .where(SeatTaking.sitting == sitting, Attempt.sitting == sitting, Attempt.state == "seated")
            .where(col(SeatTaking.released_at).is_(None))
            .order_by(col(Attempt.lease), col(SeatTaking.seat))
        )
        taking = session.exec(free).first()
        assert taking is not None
        person = session.get_one(Candidate, taking.candidate)
        for paper in session.exec(select(Paper).where(Paper.sitting == sitting)):
            mine = paper.candidate == person.id
            paper.body, paper.opens = (body, opens) if mine else (other_body, other_opens)
            paper.pictures = f'["{own if mine else other}"]'
            session.add(paper)
        return person.id, person.last_four, taking.seat

    candidate, last_four, seat = box.db.write_now(given)
    trust = ssl.create_default_context(cafile=str(keys(day.day.settings) / "authority.pem"))
    transport = httpx.HTTPTransport(verify=trust, local_address=f"127.0.1.{int(seat[-2:])}")
    with httpx.Client(base_url=day.url, transport=transport, timeout=20) as http:
        yield Place(http, candidate, last_four, seat, body, own, other_body, other)


def refusals(day: Running) -> list[tuple[str, str, dict[str, object]]]:
    """Subject, actor and body of every refused question, in order."""
    found = select(Journal).where(Journal.kind == "sealed_file.refused").order_by(col(Journal.seq))
    return day.box.db.read_now(
        lambda s: [(one.subject, one.actor, msgspec.json.decode(one.body)) for one in s.exec(found).all()]
    )


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def test_only_the_seats_own_paper_and_its_key_with_the_start(day: Running, place: Place) -> None:
    http = place.http
    paths = ("/paper", f"/sealed/{place.body}", f"/sealed/{place.own}")
    for path in paths:
        nobody = http.get(API + path)
        assert (nobody.status_code, code_of(nobody)) == (401, "seat_sign_in_first")
    signed = http.post(f"{API}/sign-in", json={"last_four": place.last_four}).json()
    for path in paths:
        early = http.get(API + path)
        assert (early.status_code, code_of(early)) == (403, "not_running"), "the rules come first"

    def state(to: str) -> None:
        def change(session: Session) -> None:
            session.get_one(Sitting, day.day.theory).state = to

        day.box.db.write_now(change)

    headers = {"x-csrf-token": signed["csrf"]}
    state("planned")
    ready = http.post(f"{API}/rules", headers=headers, json={}).json()
    assert (ready["phase"], ready["key"]) == ("waiting", "")
    made_of = http.get(f"{API}/paper").json()
    assert made_of == {
        "body": place.body,
        "pictures": [place.own],
        "answers": {},
        "made_at": {},
        "bookmark": None,
    }
    files = {}
    for name in (place.body, place.own):
        shown = http.get(f"{API}/sealed/{name}")
        assert shown.status_code == 200 and hashlib.sha256(shown.content).hexdigest() == name
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in shown.headers["cache-control"]
        assert b"PNG" not in shown.content and "停电".encode() not in shown.content
        files[name] = shown.content
    state("running")
    attempt = day.box.db.write_now(begin, day.box, place.candidate, day.day.theory)
    running = msgspec.json.decode(http.get(f"{API}/attempt").content, type=wire.Attempt)
    assert running.attempt == attempt and running.key
    paper = msgspec.json.decode(unseal(running.key, files[place.body], wire.ABOUT_PAPER), type=wire.Paper)
    (picture,) = paper.pictures.values()
    assert unseal(picture.key, files[picture.sealed], wire.ABOUT_PICTURE) == OWN
    with pytest.raises(Corrupt):
        unseal(running.key, files[place.body], wire.ABOUT_PICTURE)

    for name in (place.other, place.other, place.other_body, "f" * 64, "..%2f..%2fpaper", "x" * 500):
        refused = http.get(f"{API}/sealed/{name}")
        assert refused.status_code in (403, 404)
    told = refusals(day)
    assert {(subject, actor) for subject, actor, _ in told} == {(place.candidate, f"seat:{place.seat}")}
    assert [(body["code"], body["file"]) for _, _, body in told] == [
        ("not_running", place.body),
        ("not_running", place.own),
        ("other_paper", place.other),
        ("other_paper", place.other_body),
        ("other_paper", "f" * 64),
        ("other_paper", ""),
    ], "once each, and only what is a file's name"
    for number in range(MOST + 5):
        assert http.get(f"{API}/sealed/{number:064x}").status_code == 403
    assert len(refusals(day)) == MOST, "no flood"


def begin(session: Session, box: Box, candidate: str, sitting: str) -> str:
    """The attempt of somebody who waited when the sitting started."""
    wanted = select(Attempt).where(Attempt.candidate == candidate, Attempt.sitting == sitting)
    attempt = session.exec(wanted).one()
    begin_attempt(session, box, session.get_one(Sitting, sitting), attempt, "account:test")
    return attempt.id


def test_a_picture_altered_on_the_disk_is_not_shown_and_journaled(day: Running, place: Place) -> None:
    path = day.box.files._path(place.own, False)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    for _ in range(2):
        assert place.http.get(f"{API}/sealed/{place.own}").status_code == 422
    path.write_bytes(sealed)
    assert place.http.get(f"{API}/sealed/{place.own}").content == sealed
    found = select(Journal).where(Journal.kind == "file.altered")
    (told,) = day.box.db.read_now(lambda s: s.exec(found).all())
    assert (told.subject, told.actor) == (place.own, f"seat:{place.seat}")
