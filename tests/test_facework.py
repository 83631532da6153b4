"""exam-faces works off the pictures of the seats: in a process of its own, one after another, after a restart too."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from sqlmodel import select

from appliance.base.errors import Unavailable
from appliance.base.settings import CaptureSettings
from appliance.faces import demo_people
from appliance.faces.lane import FaceWorker
from appliance.facework import DEADLY, Facework
from appliance.flow import take_capture as module
from appliance.flow.box import Box
from appliance.flow.start_sitting import start_sitting
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.roster import Candidate
from appliance.wire.faceworker import GetFacework, Studied, Study
from appliance.wire.station import Capture as Sent
from tests.flow.test_answers import Page
from tests.world import seed


@pytest.fixture
def database_url(tmp_path: object) -> Iterator[str]:
    """The process is the same on either database: one is enough here."""
    yield f"sqlite:///{tmp_path}/site.db"


@pytest.fixture
def page(box: Box) -> Page:
    box.settings = msgspec.structs.replace(box.settings, captures=CaptureSettings(every=300))
    world = box.db.write_now(seed, box, 1)

    def photographed(session) -> None:  # type: ignore[no-untyped-def]
        person = session.get_one(Candidate, world.candidates[0])
        person.photo = box.files.put(demo_people.portrait("hopper"), secret=True)
        session.add(person)

    box.db.write_now(photographed)
    page = Page(box, world, 0)
    page.rules()
    box.db.write_now(start_sitting, box, world.sitting, "account:x")
    return page


@pytest.fixture
async def worker() -> AsyncIterator[FaceWorker]:
    worker = FaceWorker("dlib", "", 15)
    yield worker
    await worker.close()


def send(box: Box, page: Page, capture: str, picture: bytes) -> None:
    sent = Sent(id=capture, attempt=page.attempt, lease=page.lease, at=box.now())
    name = box.files.put(picture, secret=True)
    box.db.write_now(module.take_capture, box, page.token, sent, name)


def captures(box: Box) -> dict[str, Capture]:
    return box.db.read_now(lambda s: {one.id: one for one in s.exec(select(Capture)).all()})


async def test_what_waited_while_it_was_away_is_worked_off(box: Box, page: Page, worker: FaceWorker) -> None:
    """The whole path with the real engine: the right person, somebody else, nobody, two people, no picture at all."""
    pictures = {
        "a": demo_people.live("hopper"),
        "b": demo_people.live("astronaut"),
        "c": demo_people.nobody(),
        "d": demo_people.two_people(),
        "e": b"\xff\xd8\xff not a picture",
    }
    for capture, picture in pictures.items():
        send(box, page, capture, picture)
    first = Facework(box, worker)
    assert (await first.state(GetFacework())).waiting == 5
    assert await first.step() and await first.step()
    again = Facework(box, worker)  # as after a restart: nothing but the database is known
    while await again.step():
        pass
    assert (await again.state(GetFacework())).waiting == 0 and again.done == 3
    rows = captures(box)
    assert rows["a"].band == "admit" and rows["b"].band == "mismatch"
    found = {capture: row.found for capture, row in rows.items()}
    assert found == {"a": "", "b": "mismatch", "c": "covered", "d": "several_faces", "e": ""}
    assert rows["e"].state == "unusable"
    kinds = box.db.read_now(lambda s: sorted(one.kind for one in s.exec(select(ExamCase)).all()))
    assert kinds == ["camera_missing", "covered", "mismatch", "several_faces"]
    assert await again.step() is False


class Silent:
    """A worker that dies of one picture."""

    def __init__(self, deadly: bytes) -> None:
        self._deadly = deadly
        self.asked = 0

    async def study(self, request: Study) -> Studied:
        self.asked += 1
        if request.picture == self._deadly:
            raise Unavailable("face_engine_silent", "silent")
        return Studied(engine="x", version="1", seen="face")


async def test_a_picture_the_worker_dies_of_does_not_stop_the_next(
    box: Box, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.facework.AGAIN", 0.0)
    deadly = b"\xff\xd8\xff deadly"
    send(box, page, "a", deadly)
    send(box, page, "b", b"\xff\xd8\xff fine")
    worker = Silent(deadly)
    work = Facework(box, worker)  # type: ignore[arg-type]
    for _ in range(DEADLY + 2):
        await work.step()
    rows = captures(box)
    assert rows["a"].state == "unusable" and rows["b"].state == "looked" and worker.asked == DEADLY + 1


async def test_without_an_engine_the_pictures_wait(
    box: Box, page: Page, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("appliance.facework.AGAIN", 0.0)
    send(box, page, "a", b"\xff\xd8\xff one")
    worker = FaceWorker("sface", "", 5, ("/nowhere.onnx", "/nowhere.onnx", ""))
    work = Facework(box, worker)
    for _ in range(3):
        assert await work.step() is False
    await worker.close()
    assert captures(box)["a"].state == "waiting"
    said = [one for one in caplog.records if "wait" in one.getMessage()]
    assert len(said) == 1 and "nowhere.onnx" in said[0].getMessage(), "an outage is logged once"


async def test_it_stops_while_it_looks(box: Box, page: Page, worker: FaceWorker) -> None:
    send(box, page, "a", demo_people.live("hopper"))
    task = asyncio.create_task(Facework(box, worker).run())
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert captures(box)["a"].state in ("waiting", "looked")
