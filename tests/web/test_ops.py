"""The ops API over real TLS: who may ask, what it tells and does, what a silent process costs."""

import asyncio
import json
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from sqlmodel import col, select

from appliance.base.ids import new_id
from appliance.records.entry import GateOrder
from appliance.records.journal import Journal
from appliance.wire import ops as wire
from ops_tui.client import trust
from tests.ops_site import PASSWORD, OpsSite, account_id, running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpsSite]:
    with running(tmp_path_factory.mktemp("ops")) as found:
        yield found


class Caller:
    """A client with a token."""

    def __init__(self, site: OpsSite, login: str = "ops") -> None:
        self.http = httpx.Client(base_url=site.url, verify=trust(site.authority), timeout=20, trust_env=False)
        found = self.post("sign-in", {"login": login, "password": PASSWORD})
        if found.status_code == 200:
            self.http.headers["authorization"] = f"Bearer {found.json()['token']}"
        self.signed = found

    def get(self, path: str, **params: object) -> httpx.Response:
        return self.http.get(f"/ops/{path}", params=params)  # type: ignore[arg-type]

    def post(self, path: str, body: dict[str, object]) -> httpx.Response:
        return self.http.post(f"/ops/{path}", json=body)

    def state(self, **params: object) -> wire.State:
        return msgspec.json.decode(self.get("state", **params).content, type=wire.State)


@pytest.fixture(scope="module")
def admin(site: OpsSite) -> Caller:
    return Caller(site)


def kinds(site: OpsSite, kind: str) -> list[Journal]:
    return site.box.db.read_now(
        lambda session: list(
            session.exec(select(Journal).where(Journal.kind == kind).order_by(col(Journal.seq)))
        )
    )


def test_one_document_tells_the_day(site: OpsSite, admin: Caller) -> None:
    state = admin.state()
    assert state.site.demo and state.site.name == "示范考点" and state.who == "王管理"
    sitting = state.sittings[0]
    assert (sitting.state, sitting.expected, sitting.arrived, sitting.running) == ("running", 60, 60, 36)
    assert state.board and len(state.board.seats) == 64
    assert {seat.state for seat in state.board.seats} >= {"running", "lost", "free", "signed_in", "bound"}
    assert [lane.reader for lane in state.lanes] == ["ok", "missing"]
    assert [camera.state for camera in state.cameras] == ["recording", "stopped"]
    assert [disk.what for disk in state.disks] == ["state", "media"]
    assert (state.backlog.waiting, state.backlog.parcels) == (1, 2) and state.backlog.behind > 0
    assert {one.name: one.ok for one in state.processes} == {
        "web": True,
        "gate": True,
        "recorder": True,
        "archive": True,
        "clips": False,
        "sync": True,
        "faces": False,
    }
    assert state.machine.seq > 100 and state.machine.database == "sqlite"


def test_alarms_are_sorted_and_in_the_asked_language(admin: Caller) -> None:
    codes = [alarm.code for alarm in admin.state().alarms]
    assert {
        "lane_part",
        "camera_stopped",
        "stations_lost",
        "province_silent",
        "process_silent",
        "roster_unsigned",
    } <= set(codes)
    levels = [alarm.level for alarm in admin.state().alarms]
    assert levels == sorted(levels, key=lambda level: level != "red")
    chinese = {alarm.code: alarm.text for alarm in admin.state().alarms}
    english = {alarm.code: alarm.text for alarm in admin.state(lang="en").alarms}
    assert chinese["camera_stopped"] == "摄像机 理论考场后部 未在录像：网络中断。"
    assert english["camera_stopped"] == "Camera 理论考场后部 records nothing: network down."
    assert "12, 30" in english["stations_lost"]


def test_nothing_personal_leaves(site: OpsSite, admin: Caller) -> None:
    text = admin.get("state").text + admin.get("journal").text + admin.get("people").text
    assert "某某" not in text and "password_hash" not in text and "argon2" not in text
    assert "赵*" in text
    body = admin.get("journal", filter="answer").json()
    assert all(entry["body"] == "" for entry in body["entries"])


def test_the_state_is_small_on_a_slow_line(admin: Caller) -> None:
    with admin.http.stream("GET", "/ops/state") as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip" and len(raw) < 4000


@pytest.mark.parametrize("login", ["desk", "inspector"])
def test_other_roles_get_no_token(site: OpsSite, login: str) -> None:
    refused = Caller(site, login).signed
    assert refused.status_code == 403 and refused.json()["code"] == "not_your_role"


def test_a_wrong_password_is_refused_and_journaled(site: OpsSite) -> None:
    caller = Caller(site, "nobody")
    assert caller.signed.status_code == 403 and caller.signed.json()["code"] == "wrong_password"
    assert caller.get("state").status_code == 401


def test_a_cookie_means_nothing_here(site: OpsSite, admin: Caller) -> None:
    token = admin.http.headers["authorization"].removeprefix("Bearer ")
    with httpx.Client(base_url=site.url, verify=trust(site.authority), trust_env=False) as other:
        other.cookies.set("session", token)
        for path in ("state", "journal", "people", "live"):
            assert other.get(f"/ops/{path}").status_code == 401
        body = {"command": new_id(), "sitting": "x", "from_seat": "x", "reason": "x"}
        assert other.post("/ops/move-seat", json=body).status_code == 401
        assert other.post("/ops/sign-out").status_code == 401


def test_moving_a_seat_once_however_often_it_is_sent(site: OpsSite, admin: Caller) -> None:
    order = {
        "command": new_id(),
        "sitting": site.world.sitting,
        "from_seat": "T1-12",
        "reason": "键盘失灵",
        "broken": True,
    }
    first = admin.post("move-seat", order)
    assert first.status_code == 200 and first.json()["from_seat"] == "T1-12"
    assert admin.post("move-seat", order).json() == first.json()
    left = [entry for entry in kinds(site, "seat.left") if "键盘失灵" in entry.body]
    assert len(left) == 1 and left[0].actor == f"account:{account_id(site.box, 'ops')}"
    board = admin.state().board
    assert board and next(seat for seat in board.seats if seat.seat == "T1-12").state == "broken"
    moved = next(seat for seat in board.seats if seat.seat == first.json()["to_seat"])
    assert moved.spare and moved.answered == 12, "every answer goes along"


def test_moving_needs_a_reason_and_somebody_to_move(site: OpsSite, admin: Caller) -> None:
    order = {"command": new_id(), "sitting": site.world.sitting, "from_seat": "T1-05", "reason": " "}
    assert admin.post("move-seat", order).json()["code"] == "reason_missing"
    order |= {"command": new_id(), "from_seat": "T1-63", "reason": "x"}
    assert admin.post("move-seat", order).json()["code"] == "seat_empty"
    assert admin.post("move-seat", order | {"surprise": 1}).status_code in (400, 422)


def test_opening_a_lane_takes_two_people(site: OpsSite, admin: Caller) -> None:
    order: dict[str, object] = {
        "command": new_id(),
        "lane": "L1",
        "reason": "轮椅通行",
        "second_login": "desk",
        "second_password": PASSWORD,
    }
    wrong = admin.post("open-lane", order | {"second_password": "wrong-wrong"})
    assert wrong.status_code == 403
    assert admin.post("open-lane", order | {"second_login": "ops"}).json()["code"] == "same_person"
    assert (
        admin.post("open-lane", order | {"second_login": "inspector"}).json()["code"] == "second_not_allowed"
    )
    assert admin.post("open-lane", order | {"reason": ""}).json()["code"] == "reason_missing"
    assert admin.post("open-lane", order | {"lane": "L9"}).json()["code"] == "no_lane"
    done = admin.post("open-lane", order)
    assert done.status_code == 200 and done.json()["order"] == order["command"]
    assert admin.post("open-lane", order).status_code == 200
    orders = site.box.db.read_now(lambda session: list(session.exec(select(GateOrder))))
    assert [(one.lane, one.reason) for one in orders] == [("L1", "轮椅通行")]
    assert [entry.actor for entry in kinds(site, "gate.confirmed")] == [
        f"account:{account_id(site.box, 'desk')}"
    ]


def test_journal_pages_forwards_backwards_and_by_word(admin: Caller) -> None:
    newest = msgspec.json.decode(admin.get("journal", limit=20).content, type=wire.JournalPage)
    seqs = [entry.seq for entry in newest.entries]
    assert len(seqs) == 20 and seqs == list(range(newest.head - 19, newest.head + 1))
    older = msgspec.json.decode(admin.get("journal", limit=5, before=seqs[0]).content, type=wire.JournalPage)
    assert [entry.seq for entry in older.entries] == list(range(seqs[0] - 5, seqs[0]))
    later = msgspec.json.decode(admin.get("journal", limit=3, after=1).content, type=wire.JournalPage)
    assert [entry.seq for entry in later.entries] == [2, 3, 4]
    found = msgspec.json.decode(
        admin.get("journal", filter="account.added process:test").content, type=wire.JournalPage
    )
    assert {entry.kind for entry in found.entries} == {"account.added"} and len(found.entries) == 4
    assert admin.get("journal", filter="100%_").json()["entries"] == []


def test_people_without_secrets(admin: Caller) -> None:
    people = {
        one.login: one for one in msgspec.json.decode(admin.get("people").content, type=wire.People).people
    }
    assert people["ops"].sessions >= 1 and people["ops"].address == "127.0.0.1"
    assert people["admin"].must_change and people["inspector"].sessions == 0


def test_live_tells_what_happens_and_resumes(site: OpsSite, admin: Caller) -> None:
    head = admin.get("journal", limit=1).json()["head"]
    headers = {"last-event-id": str(head - 2), "accept": "text/event-stream"}
    with admin.http.stream("GET", "/ops/live", headers=headers, timeout=10) as answer:
        found = []
        for line in answer.iter_lines():
            if line.startswith("data:"):
                found.append(json.loads(line[5:])["seq"])
            if len(found) == 2:
                break
    assert found == [head - 1, head]


def test_sign_out_ends_the_token(site: OpsSite) -> None:
    caller = Caller(site, "chief")
    assert caller.get("state").status_code == 200
    assert caller.post("sign-out", {}).status_code == 200
    assert caller.get("state").status_code == 401


def test_a_silent_process_costs_its_own_timeout_only_and_is_told(site: OpsSite, admin: Caller) -> None:
    site.hush("gate")
    try:
        asyncio.run(asyncio.sleep(1.0))
        state = admin.state()
        gate = next(one for one in state.processes if one.name == "gate")
        assert not gate.ok and gate.since is not None
        assert {lane.reader for lane in state.lanes} == {"silent"}
        assert state.alarms[0].level == "red"
        assert [alarm.subject for alarm in state.alarms if alarm.code == "process_silent"].count("gate") == 1
        assert not any(alarm.code == "lane_part" for alarm in state.alarms), "told once, as the process"
        assert any(camera.state == "recording" for camera in state.cameras), "the others are not touched"
        again = next(one for one in admin.state().processes if one.name == "gate")
        assert again.since == gate.since
    finally:
        assert site._loop
        asyncio.run_coroutine_threadsafe(site._listen("gate"), site._loop).result(5)


def test_unknown_sitting_falls_back_to_the_running_one(site: OpsSite, admin: Caller) -> None:
    board = admin.state(sitting="nothing").board
    assert board and board.sitting == site.world.sitting
