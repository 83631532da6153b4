"""Who may speak with whom: over the real server, by account and by seat."""

import threading
from collections.abc import Callable

import httpx
import pytest

from tests.web.conftest import csrf
from tests.web.day_server import Running
from tests.web.seat_page import SeatPage, code, writing

Client = Callable[[str], httpx.Client]


@pytest.mark.long
def test_only_who_began_and_only_the_seat_that_is_spoken_with(day: Running, client: Client) -> None:
    (attempt, address, four), (_, other_address, other_four) = day.box.db.read_now(writing, day.day.theory)
    mine, neighbour = SeatPage(day, address, four), SeatPage(day, other_address, other_four)
    room, chief = client("invigilator"), client("chief")
    for one, start in ((room, "/room"), (chief, "/room")):
        one.headers["x-csrf-token"] = csrf(one.get(start).text)
        one.headers["accept"] = "application/json"
    talk = room.post(f"/room/attempt/{attempt}/talk").json()["talk"]
    assert mine.talk == talk and neighbour.talk == ""
    assert code(room.post(f"/room/attempt/{attempt}/talk")) == "409 already_spoken_with"

    seat_path, room_path = f"/station/api/talk/{talk}", f"/room/talk/{talk}"
    assert code(neighbour.http.get(seat_path)) == "403 not_your_talk"
    assert code(mine.http.post(f"{seat_path}/1", content=b"too early")) == "403 not_your_talk"
    for order in ("1", "close"):
        assert code(chief.post(f"{room_path}/{order}", content=b"x")) == "403 not_your_talk"
    assert code(chief.get(room_path)) == "403 not_your_talk"
    assert chief.get(f"{room_path}/state").json()["over"], "another's conversation tells nothing"
    assert room.get(f"{room_path}/state").json() == {"over": False, "answered": False, "microphone": True}

    heard: list[bytes] = []
    listening = threading.Event()

    def listen() -> None:
        with mine.http.stream("GET", seat_path) as stream:
            listening.set()
            heard.extend(stream.iter_bytes())

    thread = threading.Thread(target=listen)
    thread.start()
    assert room.post(f"{room_path}/1", content=b"hello").json() == {"n": 1}
    assert listening.wait(10)
    assert code(neighbour.http.post(f"{seat_path}/1", content=b"x")) == "403 not_your_talk"
    forged = {"x-csrf-token": "0" * 32}
    assert code(mine.http.post(f"{seat_path}/1", content=b"x", headers=forged)) == "403 csrf"
    assert mine.http.post(f"{seat_path}/1", content=b"yes").json() == {"n": 1}
    assert code(room.post(f"{room_path}/3", content=b"hole")) == "409 stale"
    assert mine.http.post(f"{seat_path}/no-microphone").status_code == 200
    assert room.get(f"{room_path}/state").json() == {"over": False, "answered": True, "microphone": False}
    assert room.post(f"{room_path}/close").json()["over"]
    thread.join(10)
    assert b"".join(heard) == b"hello" and mine.talk == ""
    assert code(room.post(f"{room_path}/2", content=b"x")) == "403 talk_over"

    inspector = client("inspector")
    played = inspector.get(f"/media/talk/{talk}/seat")
    assert played.content == b"yes" and played.headers["content-type"] == "audio/webm"
