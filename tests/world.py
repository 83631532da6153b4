"""A sitting in the middle of things, made straight in the tables: for benches and for tests of later stages."""

import hashlib
from datetime import date, timedelta
from typing import Literal

import msgspec
from sqlmodel import Session

from appliance.base.ids import new_id
from appliance.flow.accounts import hash_token
from appliance.flow.box import Box
from appliance.flow.paper_proof import proof_of
from appliance.flow.sealed_paper import seal_body
from appliance.records.entry import Admission
from appliance.records.roster import Candidate, Roster, RosterRow
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat, Station
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.wire import station as wire

QUESTIONS = 100
SEED = b"s" * 32


class World(msgspec.Struct):
    """Ids of what was made, in order of the seats."""

    sitting: str
    seats: list[str]
    addresses: list[str]
    candidates: list[str]
    attempts: list[str]
    last_four: list[str]


def number_of(index: int) -> str:
    """An invented ID number with a right check digit."""
    born = date(1970, 1, 1) + timedelta(days=index)
    body = f"999999{born:%Y%m%d}{index % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def address_of(index: int) -> str:
    """The fixed loopback address of a station."""
    return f"127.0.{1 + index // 250}.{1 + index % 250}"


def paper_of(paper: str) -> wire.Paper:
    """A paper of 70 true/false and 30 single choice questions."""
    questions = []
    for position in range(1, QUESTIONS + 1):
        keys = "AB" if position <= 70 else "ABCD"
        kind: Literal["true_false", "single_choice"]
        kind = "true_false" if position <= 70 else "single_choice"
        options = [wire.Option(key=key, text=f"选项{key}") for key in keys]
        questions.append(
            wire.Question(
                position=position, kind=kind, stem=f"第{position}题:停电作业前应先验电。", options=options
            )
        )
    return wire.Paper(paper=paper, sha256="", questions=questions)


def seed(session: Session, box: Box, count: int, duration_s: int = 7200, papers: bool = True) -> World:
    """`count` admitted and seated candidates of one theory sitting that starts now."""
    now = box.now()
    session.add(Room(code="T1", name="理论考场", kind="theory"))
    session.flush()
    world = World(sitting=new_id(), seats=[], addresses=[], candidates=[], attempts=[], last_four=[])
    session.add(
        Roster(
            id="r1",
            source="manual",
            state="active",
            file_name="x",
            file_sha256="0" * 64,
            loaded_at=now,
        )
    )
    session.add(
        Sitting(
            id=world.sitting,
            number=1,
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=now,
            duration_s=duration_s,
            opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(minutes=15),
            seed_hash=hashlib.sha256(SEED).hexdigest(),
            seed_sealed=box.key.encrypt(SEED),
        )
    )
    session.flush()
    name, opens = seal_body(box, b"seed", paper_of("p"))
    for index in range(count):
        seat = Seat(id=f"T1-{index + 1:02d}", room="T1", number=index + 1, address=address_of(index))
        number = number_of(index)
        candidate = Candidate(
            id=new_id(),
            name=f"考生{index}",
            number_sealed=box.key.encrypt_text(number),
            number_index=box.key.index(number),
            number_masked=number[:4] + "*" * 10 + number[-4:],
            last_four=number[-4:],
            birth_index=box.key.index(number[:14]),
        )
        admission = Admission(
            id=new_id(),
            sitting=world.sitting,
            candidate=candidate.id,
            lane="L1",
            happened_at=now,
            recorded_at=now,
            how="machine",
        )
        attempt = Attempt(id=new_id(), sitting=world.sitting, candidate=candidate.id)
        session.add(seat)
        session.add(candidate)
        session.flush()
        session.add(Station(seat=seat.id, key_hash=hash_token(f"key-{seat.id}")))
        session.add(
            RosterRow(id=new_id(), roster="r1", row=index, candidate=candidate.id, sitting=world.sitting)
        )
        session.add(admission)
        session.add(attempt)
        session.flush()
        session.add(
            SeatTaking(
                id=new_id(),
                command=new_id(),
                sitting=world.sitting,
                seat=seat.id,
                candidate=candidate.id,
                admission=admission.id,
                taken_at=now,
            )
        )
        if papers:
            paper = Paper(
                id=new_id(),
                sitting=world.sitting,
                candidate=candidate.id,
                bank="0" * 64,
                body=name,
                opens=opens,
                key_sealed=box.key.encrypt(msgspec.json.encode(["A"] * QUESTIONS)),
                choices="2" * 70 + "4" * 30,
                made_at=now,
            )
            paper.proof = proof_of(box, paper)
            session.add(paper)
        world.seats.append(seat.id)
        world.addresses.append(seat.address or "")
        world.candidates.append(candidate.id)
        world.attempts.append(attempt.id)
        world.last_four.append(number[-4:])
    return world
