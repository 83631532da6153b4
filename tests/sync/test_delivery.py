"""Outbox and province over real HTTPS: outages, lost answers, refusals; one acknowledgement each."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlmodel import col, select

from appliance.flow.box import Box
from appliance.records.journal import Journal
from appliance.records.sync import Contact, Parcel
from sync import envelope, outbox
from sync.province.store import Turned
from sync.rounds import Rounds
from sync.status import backlog
from tests.sync.conftest import SITE, FarEnd, say

T = TypeVar("T", bound=msgspec.Struct)


def parcels(box: Box) -> list[Parcel]:
    return list(box.db.read_now(lambda s: s.exec(select(Parcel).order_by(col(Parcel.last_seq))).all()))


def kinds(box: Box) -> Counter[str]:
    return Counter(box.db.read_now(lambda s: s.exec(select(Journal.kind)).all()))


async def test_a_parcel_is_sealed_delivered_and_acknowledged(either_box: Box, far: FarEnd) -> None:
    box = either_box
    rounds = Rounds(box)
    await rounds.round()
    assert rounds.troubles == []
    (first,) = parcels(box)
    assert (first.state, first.number, first.first_seq) == ("acknowledged", 1, 1)
    say(box, 3)
    await rounds.round()
    one, two = parcels(box)
    assert two.first_seq == one.last_seq + 1 and two.number == 2
    held = await far.control("parcels", method="GET")
    assert [(p["number"], p["deliveries"]) for p in held["parcels"]] == [(1, 1), (2, 1)]
    assert kinds(box)["parcel.acknowledged"] == 2
    found = await box.db.read(backlog, box)
    assert (found.acknowledged, found.sealed, found.entries) == (2, 0, 0)
    assert found.last_contact is not None and found.failing_since is None


async def test_receipts_alone_never_cause_another_parcel(box: Box, far: FarEnd) -> None:
    rounds = Rounds(box)
    for _ in range(5):
        await rounds.round()
    assert len(parcels(box)) == 1
    say(box)
    await rounds.round()
    content = envelope.read(box.files.get(parcels(box)[1].body, secret=True))
    assert [entry.kind for entry in content.entries] == ["parcel.sealed", "parcel.acknowledged", "seat.taken"]


async def test_province_down_for_a_while(either_box: Box, far: FarEnd) -> None:
    box = either_box
    rounds = Rounds(box)
    await rounds.round()
    await far.stop()
    for _ in range(4):
        say(box, 2)
        await rounds.round()
    assert rounds.pause > box.settings.province.interval
    contact = box.db.read_now(lambda s: s.get_one(Contact, 1))
    assert contact.failing_since is not None and "province_down" in contact.last_error
    assert [p.state for p in parcels(box)] == ["acknowledged"] + ["sealed"] * 4
    assert parcels(box)[1].tries == 4
    await far.start()
    await rounds.round()
    assert {p.state for p in parcels(box)} == {"acknowledged"}
    assert rounds.pause == box.settings.province.interval
    seen = kinds(box)
    assert seen["contact.lost"] == seen["contact.restored"] == 1
    assert seen["parcel.sealed"] == seen["parcel.acknowledged"] == 5
    assert [(p.number, p.deliveries) for p in far.store.held()] == [(n, 1) for n in range(1, 6)]


async def test_a_lost_answer_is_asked_for_again(box: Box, far: FarEnd) -> None:
    rounds = Rounds(box)
    await far.control("line", {"mode": "cut", "count": 1})
    await rounds.round()
    assert [p.state for p in parcels(box)] == ["sealed"]
    assert [p.deliveries for p in far.store.held()] == [1], "the province kept it and its answer was lost"
    await rounds.round()
    (parcel,) = parcels(box)
    assert parcel.state == "acknowledged"
    assert [p.deliveries for p in far.store.held()] == [2]
    assert kinds(box)["parcel.acknowledged"] == 1


async def test_a_refusal_stands_until_a_person_looks(either_box: Box, far: FarEnd) -> None:
    box = either_box
    rounds = Rounds(box)
    await far.control("refuse", {"code": "bad_day", "count": 1})
    await rounds.round()
    say(box)
    await rounds.round()
    assert [p.state for p in parcels(box)] == ["refused", "sealed"]
    found = await box.db.read(backlog, box)
    assert found.blocked and found.blocked.number == 1 and found.blocked.last_error.startswith("bad_day")
    assert len(far.store.refusals()) == 1, "it is not sent again by itself"
    before = parcels(box)[0].body
    await box.db.write(outbox.again, box, 1, box.site.epoch, "已与省级核对", "process:cli")
    await rounds.round()
    assert [p.state for p in parcels(box)] == ["acknowledged", "acknowledged"]
    assert parcels(box)[0].body == before
    assert kinds(box)["parcel.refused"] == 1


async def test_a_wrong_token_is_an_outage_not_a_refusal(box: Box, far: FarEnd) -> None:
    far.store.register(SITE, (box.settings.state / "keys" / "authority.pem").read_text(), "another")
    rounds = Rounds(box)
    await rounds.round()
    assert [p.state for p in parcels(box)] == ["sealed"]
    assert "401 bad_token" in box.db.read_now(lambda s: s.get_one(Contact, 1)).last_error


async def test_the_province_checks_chain_number_and_key(box: Box, far: FarEnd, held: outbox.Keys) -> None:
    for _ in range(3):
        say(box)
        await outbox.seal(box, held)
    files = [box.files.get(p.body, secret=True) for p in parcels(box)]
    epoch = box.site.epoch

    def code(number: int, file: bytes, at: str = epoch) -> str:
        try:
            far.store.take(SITE, at, number, file)
        except Turned as turned:
            return turned.code
        return "taken"

    assert code(2, files[1]) == "gap"
    assert code(2, files[0]) == "wrong_address"
    assert code(1, files[0][:-1]) in ("bad_signature", "bad_format")
    assert code(1, files[0]) == "taken"
    assert code(1, files[0]) == "taken"
    assert code(1, files[1]) == "other_bytes"
    assert code(3, files[2]) == "gap"
    content = envelope.read(files[1])
    forged = changed(content, before="0" * 64)
    assert code(2, envelope.seal(forged, held.signer, held.certificate).file) == "bad_chain"
    skipped = changed(content, previous="1" * 64)
    assert code(2, envelope.seal(skipped, held.signer, held.certificate).file) == "gap"
    assert code(2, files[1]) == "taken"
    assert code(3, files[2]) == "taken"


def changed(content: T, **changes: object) -> T:
    return msgspec.structs.replace(content, **changes)


async def test_a_new_epoch_goes_on_from_the_last_parcel(box: Box, far: FarEnd) -> None:
    rounds = Rounds(box)
    await rounds.round()
    box.site = changed(box.site, epoch="after-restore")
    say(box)
    await rounds.round()
    one, two = parcels(box)
    assert (two.epoch, two.number, two.state) == ("after-restore", 1, "acknowledged")
    assert two.first_seq == one.last_seq + 1


async def test_a_long_backlog_gives_several_parcels(box: Box, far: FarEnd, held: outbox.Keys) -> None:
    say(box, 25)
    made = await outbox.seal(box, held, most=10)
    assert len(made) >= 3
    assert all(a.last_seq + 1 == b.first_seq for a, b in pairwise(made))
    await Rounds(box).round()
    assert {p.state for p in parcels(box)} == {"acknowledged"}


async def test_an_unreadable_key_is_told_and_no_crash(box: Box, far: FarEnd) -> None:
    rounds = Rounds(box)
    key = box.settings.state / "keys" / "sync.key"
    whole = key.read_bytes()
    for broken in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", None):
        key.unlink()
        if broken is not None:
            key.write_bytes(broken)
        await rounds.round()
        await rounds.round()
        (trouble,) = rounds.troubles
        assert trouble.params["path"] == str(key) and trouble.next_step
        if broken is None:
            key.write_bytes(whole)
    assert parcels(box) == []
    await rounds.round()
    assert rounds.troubles == [] and parcels(box)[0].state == "acknowledged"


async def test_a_province_key_that_is_no_key_is_told_and_no_crash(box: Box, far: FarEnd) -> None:
    rounds = Rounds(box)
    path = Path(box.settings.province.key)
    whole = path.read_bytes()
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    await rounds.round()
    assert [parcel.state for parcel in parcels(box)] == ["sealed"], "sealing goes on"
    assert [(one.code, one.params["path"]) for one in rounds.troubles] == [("no_province_key", str(path))]
    path.write_bytes(whole)
    await rounds.round()
    assert [parcel.state for parcel in parcels(box)] == ["acknowledged"] and rounds.troubles == []
