"""Where a candidate was and who saw it; the parcels of their entries with the province's receipt."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base import crypto
from appliance.base.clock import FakeClock
from appliance.base.ids import new_id
from appliance.base.settings import CameraSettings, RecorderSettings
from appliance.flow import accounts
from appliance.flow.admit import FaceTaken, TapFacts, admit
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.enrol import Person, enrol
from appliance.flow.inspect import timeline
from appliance.flow.receipts import carried
from appliance.flow.whereabouts import MARGIN, stays
from appliance.flow.who_watched import watched
from appliance.records.entry import Admission, Tap
from appliance.records.journal import Journal, append
from appliance.records.roster import Candidate, Roster
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.sitting import Sitting
from appliance.records.sync import Parcel
from appliance.records.theory import Attempt
from appliance.records.verdict import Release, Verdict
from tests.world import World, number_of, seed


@pytest.fixture
def world(box: Box) -> World:
    cameras = [
        CameraSettings(code=code, name=code, address="127.0.0.1:1", room=room, seats=seats)
        for code, room, seats in (("C1", "T1", "all"), ("C2", "T1", "9-16"), ("C4", "L1", "all"))
    ]
    box.settings = msgspec.structs.replace(box.settings, cameras=cameras)

    def entered(session: Session) -> World:
        made = seed(session, box, 2)
        for one in session.exec(select(Admission)).all():
            facts = {"lane": one.lane, "happened_at": one.happened_at, "recorded_at": one.recorded_at}
            tap = Tap(id=new_id(), candidate=one.candidate, result="admit", code="admitted", **facts)
            session.add(tap)
            session.flush()
            one.tap = tap.id
            session.add(one)
        return made

    return box.db.write_now(entered)


def test_who_was_let_in_by_a_person_stood_at_the_gate_until_then(
    box: Box, world: World, clock: FakeClock
) -> None:
    def expected(session: Session) -> str:
        session.add(Room(code="W1", name="候考室", kind="waiting"))
        session.add(Seat(id="T1-03", room="T1", number=3))
        roster, sitting = session.get_one(Roster, "r1"), session.get_one(Sitting, world.sitting)
        enrol(session, box, roster, sitting, Person(row=9, name="考生九", number=number_of(9)))
        return session.exec(select(Candidate.id).where(Candidate.name == "考生九")).one()

    candidate = box.db.write_now(expected)
    face = FaceTaken(
        engine="dlib", version="20", reference="chip", band="review", code="face_review", distance=0.5
    )
    facts = TapFacts(
        tap=new_id(),
        lane="L1",
        kind="theory",
        happened_at=box.now(),
        name="考生九",
        number=number_of(9),
        face=face,
    )
    shown = box.now()
    answer = box.db.write_now(admit, box, facts)
    assert answer.case, answer
    case = answer.case
    assert [one.end for one in box.db.read_now(stays, box, candidate)] == [shown + MARGIN]
    clock.advance(600)
    add = (
        accounts.add_account,
        box,
        "li",
        "李",
        "entry",
        accounts.hash_password("a good password"),
        "process:test",
    )
    row = box.db.write_now(*add)
    who = accounts.Who(account=row.id, login="li", name="李", role="entry")
    box.db.write_now(decide_case, box, case, "admit", "the same face", who)
    entrance, waiting = box.db.read_now(stays, box, candidate)
    assert (entrance.start, entrance.end) == (shown - MARGIN, box.now() + MARGIN)
    assert (waiting.kind, waiting.start, waiting.end) == ("waiting", box.now(), None)


def test_from_the_gate_to_the_way_out(box: Box, world: World, clock: FakeClock) -> None:
    entrance, seat = box.db.read_now(stays, box, world.candidates[0])
    now = box.now()
    assert (entrance.kind, entrance.name, entrance.cameras) == ("entrance", "理论通道", ["C4"])
    assert (entrance.start, entrance.end) == (now - MARGIN, now + MARGIN)
    assert (seat.kind, seat.name, seat.end, seat.cameras) == ("seat", "T1-01", None, ["C1"])
    clock.advance(3600)

    def leave(session: Session) -> None:
        taking = session.exec(select(SeatTaking).where(SeatTaking.candidate == world.candidates[0])).one()
        taking.released_at = box.now()
        session.add(taking)

    box.db.write_now(leave)
    seat, out = box.db.read_now(stays, box, world.candidates[0])[-2:]
    assert seat.end == box.now()
    lasting = timedelta(minutes=box.settings.recorder.leaving_min)
    assert (out.kind, out.start, out.end, out.cameras) == ("exit", box.now(), box.now() + lasting, ["C4"])
    box.settings = msgspec.structs.replace(box.settings, recorder=RecorderSettings(leaving_min=0))
    assert box.db.read_now(stays, box, world.candidates[0])[-1].kind == "seat"


def test_a_paper_handed_in_early_lets_go_long_before_the_seat_is_released(
    box: Box, world: World, clock: FakeClock
) -> None:
    handed_in = box.now()

    def done(session: Session) -> None:
        attempt = session.exec(select(Attempt).where(Attempt.candidate == world.candidates[0])).one()
        attempt.state, attempt.handed_in, attempt.handed_in_at = "handed_in", "candidate", handed_in
        session.add(attempt)

    box.db.write_now(done)
    clock.advance(3600)

    def end(session: Session) -> None:
        taking = session.exec(select(SeatTaking).where(SeatTaking.candidate == world.candidates[0])).one()
        taking.released_at, taking.reason = box.now(), "ended"
        session.add(taking)

    box.db.write_now(end)
    found = [one.start for one in box.db.read_now(stays, box, world.candidates[0]) if one.kind == "exit"]
    assert found == [handed_in, box.now()]


def test_the_release_and_its_parcel_end_the_timeline(box: Box, world: World, tmp_path: Path) -> None:
    candidate = world.candidates[0]
    crypto.new_authority(tmp_path / "province", "province")
    crypto.new_leaf(tmp_path / "province", tmp_path / "province", "signing")
    signer = crypto.Signer.load(tmp_path / "province" / "signing.key")
    province = msgspec.structs.replace(box.settings.province, key=str(tmp_path / "province" / "signing.pem"))

    def results(session: Session) -> None:
        release = Release(id=new_id(), day="2026-11-21", count=9, released_by="x", released_at=box.now())
        session.add(release)
        session.flush()
        session.add(
            Verdict(
                id=new_id(),
                candidate=candidate,
                trade="low_voltage",
                day="2026-11-21",
                passed=True,
                code="passed",
                decided_at=box.now(),
                release=release.id,
            )
        )
        append(session, "verdict.reached", candidate, "process:web", {}, at=box.now())
        append(session, "results.released", release.id, "account:x", {}, at=box.now())
        append(session, "results.released", "another day", "account:x", {}, at=box.now())

    box.db.write_now(results)
    last = box.db.read_now(lambda s: s.exec(select(Journal).order_by(col(Journal.seq).desc()).limit(1)).one())

    def parcels(session: Session) -> None:
        receipt = {"site": box.site.code, "epoch": box.site.epoch, "number": 1, "parcel": "a" * 64}
        body = msgspec.json.encode(receipt | {"last_seq": last.seq, "received_at": box.now()})
        signed = {"body": body.decode(), "signature": signer.sign(body).hex()}
        for number, state, text in (
            (1, "acknowledged", msgspec.json.encode(signed).decode()),
            (2, "sealed", ""),
        ):
            session.add(
                Parcel(
                    id=f"p{number}",
                    epoch=box.site.epoch,
                    number=number,
                    first_seq=1 if number == 1 else last.seq + 1,
                    last_seq=last.seq + (number - 1) * 10,
                    body="a" * 64,
                    signature="",
                    state=state,
                    sealed_at=box.now(),
                    acknowledged_at=box.now() if text else None,
                    receipt=text,
                )
            )
        append(session, "parcel.sealed", "p1", "process:sync", {"number": 1}, at=box.now())
        append(session, "parcel.acknowledged", "p1", "province", {"number": 1}, at=box.now())
        append(session, "parcel.sealed", "p2", "process:sync", {"number": 2}, at=box.now())

    box.db.write_now(parcels)
    box.db.write_now(
        lambda session: append(session, "clip.viewed", candidate, "account:i", {}, at=box.now())
    )  # a look after the release rides in a later parcel, which is not the one that counts
    found = box.db.read_now(timeline, box, candidate)
    assert [one.kind for one in found.entries] == [
        "verdict.reached",
        "results.released",
        "parcel.sealed",
        "parcel.acknowledged",
        "clip.viewed",
    ]
    assert [(one.number, one.entries, one.holds) for one in found.parcels] == [
        (1, 2, "unproven"),
        (2, 1, "none"),
    ]
    box.settings = msgspec.structs.replace(box.settings, province=province)
    seqs = [one.seq for one in found.entries]
    assert [one.holds for one in box.db.read_now(carried, box, seqs)] == ["fits", "none"]

    def other(session: Session) -> None:
        parcel = session.get_one(Parcel, "p1")
        parcel.body = "b" * 64
        session.add(parcel)

    box.db.write_now(other)
    assert box.db.read_now(carried, box, seqs)[0].holds == "wrong"


def test_whoever_watched_the_gate_is_found_whatever_was_asked_for(box: Box, world: World) -> None:
    start, end = box.now() - timedelta(minutes=10), box.now() + timedelta(seconds=10)

    def looked(session: Session) -> list[str]:
        times = {"from": start.isoformat(), "to": end.isoformat()}
        looks = (
            ("clip.viewed", "C4", {"camera": "C4"} | times),
            ("package.exported", "L1", {"cameras": ["C4"]} | times),
            ("clip.exported", "somebody of another sitting", {"camera": "C4"} | times),
            ("clip.viewed", "C2", {"camera": "C2"} | times),
        )
        for number, (kind, subject, body) in enumerate(looks):
            append(session, kind, subject, f"account:{number}", body, at=box.now() - timedelta(minutes=1))
        return [row.actor for row in watched(session, box, world.candidates[0])]

    assert box.db.write_now(looked) == ["account:0", "account:1", "account:2"]
