"""Every route of the web process and the roles that may use it: a new route, or another guard, fails here.

`test_roles` asks a running server; this reads the guards of every handler there is.
"""

from pathlib import Path
from typing import Any

from appliance.base.errors import Refused
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from appliance.records.accounts import ROLES
from appliance.web.app import create_app
from tests.conftest import START, site_settings

EVERYBODY = "everybody"
SIGNED_IN = "signed in"

TABLE: dict[str, str] = {
    # without an account
    "GET /": EVERYBODY,
    "GET /{path}": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "GET /language/{chosen}": EVERYBODY,
    "GET /notice": EVERYBODY,
    "GET /static/{file_path}": EVERYBODY,
    "GET /station": EVERYBODY,
    "GET /station/sw.js": EVERYBODY,
    "GET /station/api/seat": EVERYBODY,
    "POST /station/api/sign-in": EVERYBODY,
    "GET /station/api/attempt": EVERYBODY,
    "POST /station/api/rules": EVERYBODY,
    "GET /station/api/paper": EVERYBODY,
    "GET /station/api/photo": EVERYBODY,
    "GET /station/api/sealed/{name}": EVERYBODY,  # with the seat's own cookie only
    "POST /station/api/answers": EVERYBODY,
    "POST /station/api/echo": EVERYBODY,
    "POST /station/api/hand-in": EVERYBODY,
    "POST /station/api/acknowledge": EVERYBODY,
    "POST /station/api/hand": EVERYBODY,  # with the seat's own cookie only
    "POST /station/api/left": EVERYBODY,  # the same
    "GET /station/api/voice/{position}": EVERYBODY,  # the same, where the roster approves it
    "GET /station/api/talk/{talk}": EVERYBODY,  # from the seat that is spoken with only
    "POST /station/api/talk/{talk}/{n}": EVERYBODY,  # the same
    "POST /station/api/talk/{talk}/no-microphone": EVERYBODY,  # the same
    "POST /station/api/capture": EVERYBODY,  # with the seat's own cookie only
    "POST /station/api/captures-dropped": EVERYBODY,  # so too
    "POST /station/api/camera": EVERYBODY,  # the same
    "POST /station/api/face-check/again": EVERYBODY,  # the same
    "POST /station/api/agent/inventory": EVERYBODY,
    "POST /station/api/agent/heartbeat": EVERYBODY,
    "POST /ops/sign-in": EVERYBODY,
    # any account
    "POST /sign-out": SIGNED_IN,
    "GET /password": SIGNED_IN,
    "POST /password": SIGNED_IN,
    "GET /live": SIGNED_IN,
    # the technician's terminal
    "POST /ops/sign-out": "admin chief",
    "GET /ops/state": "admin chief",
    "POST /ops/move-seat": "admin chief",
    "POST /ops/open-lane": "admin chief",
    "GET /ops/journal": "admin chief",
    "GET /ops/people": "admin chief",
    "GET /ops/live": "admin chief",
    # cameras set up
    "GET /cameras": "admin chief",
    "GET /cameras/list": "admin chief",
    "POST /cameras/jobs": "admin chief",
    "GET /cameras/jobs/{job}": "admin chief",
    "GET /cameras/jobs/{job}/still.jpg": "admin chief",
    "POST /cameras/save": "admin chief",
    "GET /cameras/one/{code}": "admin chief",
    "GET /cameras/one/{code}/still.jpg": "admin chief",
    "GET /cameras/one/{code}/still": "admin chief",
    "POST /cameras/one/{code}/marks": "admin chief",
    "GET /cameras/one/{code}/card": "admin chief",
    "POST /cameras/one/{code}/card": "admin chief",
    "POST /cameras/one/{code}/remove": "admin chief",
    "GET /cameras/one/{code}/now": "admin chief",
    "GET /cameras/report": "admin chief inspector",
    "GET /cameras/report/part": "admin chief inspector",
    "POST /cameras/rooms/{room}/doors": "admin chief",
    # pictures, numbers, sounds, recordings
    "GET /media/face/{check}/{which}": "chief entry inspector",
    "GET /media/examinee/{attempt}": "chief examiner",
    "POST /media/number/{candidate}": "chief entry inspector office",
    "GET /media/sound/{call}": "chief display waiting",
    "GET /media/camera/{camera}/still.jpg": "chief inspector invigilator",
    "GET /media/clip": "chief inspector",
    "GET /storage": "admin chief inspector office",
    "POST /storage/hold/{sitting}": "chief inspector office",
    "POST /storage/acknowledge": "chief inspector office",
    "POST /storage/lift/{hold}": "chief office",
    "POST /storage/delete": "chief office",
    "GET /live-view": "chief inspector invigilator",
    "GET /live-view/states": "chief inspector invigilator",
    "GET /live-view/pictures": "chief inspector invigilator",
    # the desk and the screens
    "GET /panel/{screen}": "chief display waiting",
    "GET /panel/{screen}/code": "chief display waiting",
    "GET /desk": "chief entry",
    "GET /desk/now": "chief entry",
    "GET /desk/below": "chief entry",
    "POST /desk/case/{case}": "chief entry",
    "POST /desk/card/{tap}": "chief entry",
    "POST /desk/open-lane": "chief entry",
    "GET /desk/by-hand": "chief entry",
    "GET /desk/people": "chief entry",
    "POST /desk/people/find": "chief entry",
    "GET /desk/alarm": "chief entry",
    "POST /desk/leave/{sitting}/{candidate}": "chief entry",
    "POST /desk/leave/{sitting}/{candidate}/withdraw": "chief entry",
    "POST /desk/locker/{sitting}/{candidate}": "chief entry",
    "GET /roll-call": "chief entry invigilator",
    "GET /roll-call/now": "chief entry invigilator",
    "POST /roll-call/ticks": "chief entry invigilator",
    "GET /correction/{tap}/correction.pdf": "chief entry office",
    "GET /media/paper/{tap}": "chief entry inspector",
    "GET /media/roster/{tap}": "chief entry inspector",
    "POST /desk/by-hand": "chief entry",
    "GET /desk/ticket/{tap}/ticket.pdf": "chief entry",
    "POST /desk/ticket/{tap}/print": "chief entry",
    "GET /display": "chief display waiting",
    "GET /display/now": "chief display waiting",
    "GET /entry/{lane}": "chief display entry",
    "GET /entry/{lane}/now": "chief display entry",
    "GET /entry/{lane}/say/{code}": "chief display entry",
    "GET /entry/{lane}/camera.jpg": "display entry",
    # calling
    "GET /waiting": "chief waiting",
    "GET /waiting/queues": "chief waiting",
    "POST /waiting/{sitting}/call": "chief waiting",
    "POST /waiting/{sitting}/call-all": "chief waiting",
    "POST /waiting/ticket/{ticket}/recall": "chief waiting",
    "POST /waiting/ticket/{ticket}/aside": "chief waiting",
    # the room
    "GET /room": "chief invigilator",
    "GET /room/{sitting}": "chief invigilator",
    "GET /room/{sitting}/board": "chief invigilator",
    "GET /room/{sitting}/seat/{seat}": "chief invigilator",
    "POST /room/{sitting}/start": "chief invigilator",
    "POST /room/{sitting}/code": "chief invigilator",
    "POST /room/{sitting}/hand-in-all": "chief invigilator",
    "POST /room/{sitting}/end": "chief invigilator",
    "POST /room/{sitting}/extend": "chief invigilator",
    "POST /room/attempt/{attempt}/extend": "chief invigilator",
    "POST /room/attempt/{attempt}/warn": "chief invigilator",
    "POST /room/attempt/{attempt}/face-check": "chief invigilator",
    "GET /media/capture/{capture}": "chief inspector invigilator",
    "GET /media/capture/roster/{attempt}": "chief inspector invigilator",
    "POST /room/attempt/{attempt}/talk": "chief invigilator",
    "GET /room/talk/{talk}": "chief invigilator",  # who began it only
    "GET /room/talk/{talk}/state": "chief invigilator",
    "POST /room/talk/{talk}/close": "chief invigilator",
    "POST /room/talk/{talk}/{n}": "chief invigilator",
    "GET /media/talk/{talk}/{side}": "chief inspector",
    "POST /room/attempt/{attempt}/hand": "chief invigilator",
    "POST /room/attempt/{attempt}/hand-in": "chief invigilator",
    "POST /room/{sitting}/seat/{seat}/move": "chief invigilator",
    "POST /room/seat/{seat}/repair": "chief invigilator",
    "POST /room/{sitting}/pause": "chief invigilator",
    "POST /room/{sitting}/resume": "chief invigilator",
    "POST /room/attempt/{attempt}/pause": "chief invigilator",
    "POST /room/attempt/{attempt}/resume": "chief invigilator",
    "GET /room/{sitting}/choose": "chief invigilator",
    "POST /room/{sitting}/extend-chosen": "chief invigilator",
    "POST /room/{sitting}/seat/{seat}/evidence": "chief invigilator",
    "GET /room/{sitting}/seat/{seat}/violation": "chief invigilator",
    "POST /room/{sitting}/seat/{seat}/violation": "chief invigilator",
    "GET /room/violation/{violation}": "chief invigilator",
    # violations: recorded in the room, decided by others
    "GET /violations": "chief office",
    "GET /violations/{violation}": "chief office",
    "GET /violations/{violation}/list": "chief office",
    "GET /violations/{violation}/recordings": "chief office",
    "GET /violations/{violation}/player": "chief office",
    "GET /violations/{violation}/clip.mp4": "chief office",
    "POST /violations/{violation}/decide": "chief office",
    "POST /violations/case/{case}/dismiss": "chief invigilator office",
    "GET /violations/{violation}/record.pdf": "chief inspector invigilator office",
    "GET /violations/{violation}/receipt.pdf": "chief inspector invigilator office",
    "GET /violations/{violation}/capture/{capture}": "chief inspector invigilator office",
    "GET /violations/{violation}/portrait": "chief inspector invigilator office",
    "GET /violations/evidence/{evidence}": "chief inspector invigilator office",
    "GET /violations/case/{case}/picture": "chief inspector invigilator office",
    # the practical
    "GET /examiner": "chief examiner",
    "GET /examiner/people": "chief examiner",
    "GET /examiner/{attempt}": "chief examiner",
    "POST /examiner/{attempt}/draw": "chief examiner",
    "GET /examiner/{attempt}/{subject}": "chief examiner",
    "POST /examiner/{attempt}/{subject}": "chief examiner",
    # the office
    "GET /office": "chief office",
    "GET /office/delivery": "chief office",
    "POST /office/delivery/{sitting}": "chief office",
    "GET /office/results": "chief office",
    "GET /office/rosters": "chief office",
    "POST /office/roster": "chief office",
    "GET /office/roster/{roster}": "chief office",
    "POST /office/roster/{roster}/confirm": "chief office",
    "POST /office/roster/{roster}/reject": "chief office",
    "POST /office/release/{day}": "chief",
    "GET /office/sheets/{sitting}/{sheet}": "chief office",
    "GET /office/gaps/{sitting}": "chief office",
    "GET /office/score/{attempt}/score-sheet.pdf": "chief office",
    # question banks
    "GET /questions": "author chief",
    "POST /questions/bank": "author",
    "POST /questions/shipped/{trade}": "author",
    "GET /questions/bank/{bank}": "author",
    "POST /questions/bank/{bank}/import": "author",
    "GET /questions/bank/{bank}/export/{form}": "author",
    "GET /questions/bank/{bank}/picture/{name}": "author",
    "GET /questions/bank/{bank}/new": "author",
    "POST /questions/bank/{bank}/new": "author",
    "GET /questions/item/{item}": "author",
    "GET /questions/item/{item}/edit": "author",
    "POST /questions/item/{item}/edit": "author",
    "POST /questions/item/{item}/approve": "author",
    "POST /questions/item/{item}/retire": "author",
    "GET /questions/template/questions.xlsx": "author",
    "GET /questions/bank/{bank}/use": "chief",
    "POST /questions/bank/{bank}/use": "chief",
    "GET /questions/bank/{bank}/compose": "author",
    "POST /questions/bank/{bank}/compose": "author",
    "GET /questions/composed/{paper}": "author",
    "POST /questions/composed/{paper}/use": "author",
    "POST /questions/composed/{paper}/turn-down": "author",
    "GET /questions/bank/{bank}/blueprint": "chief",
    "POST /questions/bank/{bank}/blueprint/{exam}": "chief",
    "POST /questions/bank/{bank}/usual": "chief",
    "GET /questions/analysis": "author chief",
    "GET /questions/analysis/items.xlsx": "author chief",
    # inspection
    "GET /inspection": "chief inspector",
    "POST /inspection": "chief inspector",
    "GET /inspection/journal": "chief inspector",
    "GET /inspection/{candidate}": "chief inspector",
    "GET /timeline/candidate/{candidate}": "chief inspector",
    "GET /timeline/case/{case}": "chief inspector",
    "GET /timeline/seat/{seat}": "chief inspector",
    "GET /timeline/room/{room}": "chief inspector",
    "GET /timeline/find": "chief inspector",
    "GET /timeline/files": "chief inspector",
    "POST /timeline/package": "chief inspector",
    "GET /timeline/package/{job}": "chief inspector",
    "GET /timeline/package/{job}/file": "chief inspector",
    "GET /inspection/{candidate}/recordings": "chief inspector",
    "GET /inspection/{candidate}/screens": "chief inspector",
}


class Asker:
    """A connection of somebody with a role, as far as a guard looks at it."""

    def __init__(self, role: str) -> None:
        self.user = Who(account="x", login="x", name="x", role=role)


def allowed(handler: Any) -> str:
    """Who gets past a handler's guards."""
    if handler.opt.get("public"):
        return EVERYBODY
    guards = handler.resolve_guards() if hasattr(handler, "resolve_guards") else handler.guards
    if not guards:
        return SIGNED_IN
    found = []
    for role in ROLES:
        try:
            for guard in guards:
                getattr(guard, "func", guard)(Asker(role), handler)
        except Refused:
            continue
        found.append(role)
    return " ".join(sorted(found))


def test_every_route_lets_in_whom_the_table_names(tmp_path: Path) -> None:
    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    box = Box.open(settings)
    app = create_app(box)
    found = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                found[f"{method} {route.path_format}"] = allowed(handler)
    box.db.stop()
    assert {name: who for name, who in found.items() if TABLE.get(name) != who} == {}
    assert set(TABLE) <= set(found), "lines of routes that are gone"


def test_pictures_are_open_to_nobody_who_does_not_need_them() -> None:
    """The law's minimum: who sees faces, numbers and recordings; no picture is without a guard."""
    media = {name: who.split() for name, who in TABLE.items() if " /media/" in name}
    assert all(who not in (["everybody"], ["signed", "in"]) for who in media.values())
    for name, who in media.items():
        assert "admin" not in who, f"{name}: whoever keeps the machine sees no candidate"
