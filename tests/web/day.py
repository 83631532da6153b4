"""An exam day in the middle of the morning, made through the real use cases, and a real server over TLS.

The server's clock starts at 09:41 of the exam day and runs on: whatever hour the tests run at, the pages look the same.
"""

import atexit
import copy
import random
import shutil
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec
from sqlmodel import Session, col, select

from appliance.base import settings as s
from appliance.base.clock import FakeClock
from appliance.base.ids import new_id
from appliance.faces import demo_people
from appliance.flow import accounts
from appliance.flow.accept_rules import accept_rules
from appliance.flow.admit import FaceTaken, TapFacts, TapResult, admit
from appliance.flow.box import Box
from appliance.flow.call import call_next
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.hand_in import close_attempt
from appliance.flow.move_seat import move_seat
from appliance.flow.order_gate import pending_orders, settle_order
from appliance.flow.paper_proof import proof_of
from appliance.flow.sealed_paper import seal_body
from appliance.flow.seat_sign_in import sign_in_at_seat, taking_at
from appliance.flow.set_up import set_up
from appliance.flow.start_sitting import start_sitting
from appliance.flow.warn import warn
from appliance.records.roster import Candidate, Roster
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat, Station
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Mark, Paper
from tests.conftest import START, site_settings
from tests.web.day_rooms import add_rooms
from tests.web.recordings import record
from tests.world import QUESTIONS, number_of, paper_of

PASSWORD = "pruefung-2026"
FAMILIES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = ["建国", "秀英", "伟", "敏", "志强", "丽娟", "军", "晓东", "玉兰", "海涛", "文博", "雪梅", "刚"]
ACCOUNTS = {
    "desk": "entry",
    "desk2": "entry",
    "waiting": "waiting",
    "display": "display",
    "invigilator": "invigilator",
    "invigilator2": "invigilator",
    "examiner": "examiner",
    "author": "author",
    "author2": "author",
    "office": "office",
    "office2": "office",
    "chief": "chief",
    "inspector": "inspector",
    "ops": "admin",
}
NAMES = {
    "desk": "李核验",
    "waiting": "周候考",
    "invigilator": "王监考",
    "examiner": "陈考评",
    "author": "何命题",
    "author2": "吕审题",
    "chief": "刘站长",
}


class Day:
    """The box and the ids of what is on it."""

    def __init__(self, folder: Path, settings: s.Settings) -> None:
        self.folder, self.settings = folder, settings
        self.theory = self.practical = ""
        self.people: list[str] = []
        self.attempts: dict[str, str] = {}
        self.review = self.mismatch = self.admitted = ""


def name_of(index: int) -> str:
    """An invented name."""
    return FAMILIES[index % len(FAMILIES)] + GIVEN[(index * 7) % len(GIVEN)]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build(folder: Path) -> Day:
    """The day until 09:41: made once by a process of tests, copied for every file of them."""
    made = _made()
    shutil.copytree(made.folder, folder, dirs_exist_ok=True)
    day = copy.deepcopy(made)
    day.folder, day.settings = folder, _settings(folder)
    return day


@cache
def _made() -> Day:
    folder = Path(tempfile.mkdtemp(prefix="examsite-day-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _make(folder)


def _settings(folder: Path) -> s.Settings:
    base = site_settings(folder)
    cameras = [
        s.CameraSettings(code=code, name=name, address="127.0.0.1:1", room=room)
        for code, name, room in (
            ("C1", "理论考场前部", "T1"),
            ("C2", "理论考场后部", "T1"),
            ("C3", "实操考室", "P1"),
            ("C4", "理论入口", "L1"),
        )
    ]
    return msgspec.structs.replace(
        base,
        site=msgspec.structs.replace(base.site, name="泰山特种作业示范考点"),
        web=s.WebSettings(host="127.0.0.1", port=_free_port()),
        cameras=cameras,
        station=msgspec.structs.replace(base.station, lost_after=7200.0),
        recorder=s.RecorderSettings(media=str(folder / "media")),
    )


def _make(folder: Path) -> Day:
    settings = _settings(folder)
    clock = FakeClock(START)
    set_up(settings, demo=True, now=START)
    box = Box.open(settings, clock)
    box.db.start()
    day = Day(folder, settings)
    write = box.db.write_now
    try:
        hashed = accounts.hash_password(PASSWORD)
        for login, role in ACCOUNTS.items():
            write(accounts.add_account, box, login, NAMES.get(login, login), role, hashed, "process:test")
        add_rooms(box)
        write(_rosters, box, day)
        clock.advance(20 * 60)
        _entry(box, day, clock)
        _theory(box, day, clock)
        _practical(box, day, clock)
    finally:
        box.db.stop()
    # Recorded beyond 09:41, when the pages are opened; camera C2 was cut off for three minutes.
    minute = timedelta(minutes=1)
    record(settings, START, START + 110 * minute, (START + 80 * minute, START + 83 * minute))
    return day


def _rosters(session: Session, box: Box, day: Day) -> None:
    roster = Roster(
        id=new_id(),
        source="province",
        state="active",
        file_name="province",
        file_sha256="0" * 64,
        rows=74,
        accepted=74,
        loaded_at=box.now(),
    )
    session.add(roster)
    session.flush()

    def sitting(subject: str, room: str, hours: float) -> Sitting:
        start = START + timedelta(hours=hours)
        plan = SittingPlan(subject=subject, trade="low_voltage", room=room, starts_at=start, duration_s=7200)
        return find_sitting(session, box, plan, "process:test")

    theory, practical = sitting("theory", "T1", 1), sitting("practical", "P1", 95 / 60)
    yesterday = sitting("theory", "T1", -23)
    yesterday.state = "released"
    session.add(yesterday)
    day.theory, day.practical = theory.id, practical.id
    for index in range(74):
        where = theory if index < 60 else practical
        person = Person(
            row=index + 4,
            name=name_of(index),
            number=number_of(index),
            ticket_number=f"37092611{index + 1:04d}",
            employer="泰山电力安装公司",
        )
        enrol(session, box, roster, where, person)
        found = session.exec(
            select(Candidate.id).where(Candidate.number_index == box.key.index(number_of(index)))
        ).one()
        day.people.append(found)
        if index >= 60:
            enrol(session, box, roster, yesterday, person)
            attempt = Attempt(id=new_id(), sitting=yesterday.id, candidate=found, state="marked")
            session.add(attempt)
            session.flush()
            session.add(
                Mark(
                    id=new_id(),
                    attempt=attempt.id,
                    version="theory-1",
                    points=88,  # type: ignore[arg-type]
                    passed=True,
                    marked_at=box.now(),
                )
            )


NOT_SIGNED_IN = (9, 44)
"""Seats of candidates who were called and have not signed in."""
NO_RULES = 31
"""Seat of somebody who has not accepted the rules."""
FOLLOWED = range(20, 46)
"""Whom the tests follow by number: they write from the start, at the seat they were called to, whatever is drawn."""


def tap(
    box: Box,
    name: str,
    number: str,
    lane: str = "L1",
    code: str = "face_matches",
    distance: float | None = 0.31,
) -> TapResult:
    """One card put down, with the photographs of a packaged person; without a distance no face was looked at."""
    live_person = "hopper" if code == "face_mismatch" else "astronaut"
    band = {"face_matches": "admit", "face_mismatch": "mismatch"}.get(code, "review")
    face = FaceTaken(
        engine="dlib",
        version="20",
        reference="chip",
        band=band,
        code=code,
        distance=distance,
        reference_photo=box.files.put(demo_people.portrait("astronaut"), secret=True),
        live_photo=box.files.put(demo_people.live(live_person), secret=True),
    )
    facts = TapFacts(
        tap=new_id(),
        lane=lane,
        kind="practical" if lane == "P1" else "theory",
        happened_at=box.now(),
        sam_id="0501.20260101-0000000001",
        name=name,
        number=number,
        face=face if distance is not None else None,
    )
    result = box.db.write_now(admit, box, facts)
    for order in box.db.read_now(pending_orders, ["L1", "P1"]):
        box.db.write_now(settle_order, box, order.id, "done")
    return result


def _entry(box: Box, day: Day, clock: FakeClock) -> None:
    for index in range(57):
        clock.advance(20)
        tap(box, name_of(index), number_of(index), distance=0.24 + (index % 9) * 0.02)
    for index in range(60, 68):
        clock.advance(10)
        tap(box, name_of(index), number_of(index), lane="P1")


def _theory(box: Box, day: Day, clock: FakeClock) -> None:
    write = box.db.write_now
    special = (*NOT_SIGNED_IN, NO_RULES)
    for index in range(57):  # in the order of their coming
        clock.advance(1)
        write(_seats_are, special, "broken" if index in FOLLOWED else "ready")
        write(call_next, box, day.theory, "account:test", new_id())
    write(_papers, box, day)
    seats = box.db.read_now(lambda session: session.exec(select(Seat).where(Seat.room == "T1")).all())
    followed = {None, *(day.people[index] for index in FOLLOWED)}

    def movable(seat: Seat) -> bool:
        return getattr(box.db.read_now(taking_at, seat), "candidate", None) not in followed

    for seat in seats:  # whatever the draw left free
        if seat.number in special and box.db.read_now(taking_at, seat) is None:
            one = next(s for s in seats if s.number not in special and movable(s))
            write(move_seat, box, day.theory, one.id, seat.id, "反光", False, "account:test", new_id())
    for seat in seats:
        held = box.db.read_now(taking_at, seat)
        if held is None or seat.number in NOT_SIGNED_IN:
            continue
        four = box.db.read_now(_last_four, held.candidate)
        secret = new_id()
        write(sign_in_at_seat, box, seat.address or "", four, secret)
        if seat.number != NO_RULES:
            write(accept_rules, box, accounts.hash_token(secret))
    clock.advance(max(0.0, (START + timedelta(hours=1) - clock.now()).total_seconds()))
    write(start_sitting, box, day.theory, "account:test")
    clock.advance(38 * 60)
    write(_afterwards, box, day)
    taken = next(seat for seat in seats if movable(seat) and seat.number not in special)
    write(move_seat, box, day.theory, taken.id, "", "键盘失灵", True, "account:test", new_id())
    warned = box.db.read_now(
        lambda session: session.exec(
            select(Attempt).where(Attempt.sitting == day.theory, Attempt.state == "running")
        ).all()
    )
    write(warn, box, warned[20].id, "请独立答题，不要左右张望。", "account:test")


def _seats_are(session: Session, numbers: tuple[int, ...], state: str) -> None:
    for seat in session.exec(select(Seat).where(Seat.room == "T1", col(Seat.number).in_(numbers))):
        seat.state = state


def _last_four(session: Session, candidate: str) -> str:
    return session.get_one(Candidate, candidate).last_four


def _papers(session: Session, box: Box, day: Day) -> None:
    name, opens = seal_body(box, b"seed", paper_of("p"))
    for candidate in day.people[:60]:
        paper = Paper(
            id=new_id(),
            sitting=day.theory,
            candidate=candidate,
            bank="0" * 64,
            body=name,
            opens=opens,
            key_sealed=box.key.encrypt(msgspec.json.encode(["A"] * QUESTIONS)),
            choices="2" * 70 + "4" * 30,
            made_at=box.now(),
        )
        paper.proof = proof_of(box, paper)
        session.add(paper)


def _afterwards(session: Session, box: Box, day: Day) -> None:
    """Answers, three handed in, signs of life, one station lost."""
    dice, now = random.Random(7), box.now()
    seated = select(Attempt).where(Attempt.sitting == day.theory, Attempt.state == "running")
    running = sorted(session.exec(seated), key=lambda one: day.people.index(one.candidate))
    for index, attempt in enumerate(running):
        count = QUESTIONS if index in (3, 17, 40) else dice.randint(34, 88)
        for position in range(1, count + 1):
            answer = Answer(
                attempt=attempt.id,
                position=position,
                value="A",
                lease=1,
                n=position,
                happened_at=now,
                recorded_at=now,
            )
            session.add(answer)
        if count == QUESTIONS:
            close_attempt(session, attempt, "candidate", "seat:x", now)
    lost = session.exec(
        select(SeatTaking.seat).where(
            SeatTaking.sitting == day.theory, SeatTaking.candidate == running[26].candidate
        )
    ).one()
    for station in session.exec(select(Station)):
        station.heartbeat_at = now - timedelta(hours=3) if station.seat == lost else now
        station.inventory, station.inventory_at = f'{{"hostname":"exam-{station.seat[-2:]}"}}', now
        session.add(station)


def _practical(box: Box, day: Day, clock: FakeClock) -> None:
    for _ in range(4):
        clock.advance(30)
        box.db.write_now(call_next, box, day.practical, "account:test", new_id())
    for row in box.db.read_now(
        lambda session: session.exec(select(Attempt).where(Attempt.sitting == day.practical)).all()
    ):
        day.attempts[row.candidate] = row.id
    day.mismatch = tap(box, name_of(69), number_of(69), lane="P1", code="face_mismatch", distance=0.7).tap
    clock.advance(9)
    day.admitted = tap(box, name_of(68), number_of(68), lane="P1", distance=0.28).tap
    clock.advance(7)
    tap(box, "孔令辉", number_of(99), distance=None)
    clock.advance(12)
    day.review = tap(box, name_of(70), number_of(70), lane="P1", code="face_review", distance=0.52).tap
    clock.advance(4)
