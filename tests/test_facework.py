"""Seat faces: compared in a process of their own, refused at once when too many wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.base.errors import Unavailable
from appliance.faces import demo_people
from appliance.faces.lane import FaceWorker
from appliance.facework import Facework
from appliance.web.ops_alarms import PROCESSES
from appliance.wire.faceworker import Look, Reference


@pytest.fixture
async def worker() -> AsyncIterator[FaceWorker]:
    worker = FaceWorker("dlib", "", 15)
    await worker.start()
    yield worker
    await worker.close()


def request() -> Look:
    return Look(
        references=[Reference("roster", demo_people.portrait("hopper"))], live=demo_people.live("hopper")
    )


async def test_a_seat_is_compared_and_a_full_queue_says_so(worker: FaceWorker) -> None:
    work = Facework(worker, limit=2)
    looks = [asyncio.create_task(work.look(request())) for _ in range(3)]
    done = await asyncio.gather(*looks, return_exceptions=True)
    refused = [one for one in done if isinstance(one, Unavailable)]
    assert [one.code for one in refused] == ["faces_busy"]
    distances = [one.compared[0].distance for one in done if not isinstance(one, BaseException)]
    assert len(distances) == 2 and all(d is not None and d < 0.45 for d in distances)
    assert work.waiting == 0


async def test_without_a_picture_nothing_is_asked_of_the_engine(worker: FaceWorker) -> None:
    with pytest.raises(Unavailable):
        await Facework(worker).look(Look(references=[]))


def test_nothing_is_promised_of_face_checks_that_nobody_asks_for() -> None:
    """As long as no process sends exam-faces a picture, alarm and documentation say so; whoever does changes them."""
    top = Path(__file__).resolve().parents[1]
    sources = [path for room in ("appliance", "station", "kiosk") for path in (top / room).rglob("*.py")]
    callers = {path.name for path in sources if 'socket("faces")' in path.read_text()}
    assert callers == {"facework.py", "ops_sources.py"}, "the process itself, and the terminal's look at it"
    assert "seat" not in PROCESSES["faces"]
    (row,) = (
        line
        for line in (top / "docs/architecture.md").read_text().splitlines()
        if line.startswith("| exam-faces |")
    )
    assert "nothing asks it yet" in row and row.endswith("| nothing |")
