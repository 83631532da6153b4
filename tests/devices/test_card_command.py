"""examsite card: the JSON that scripts build on, and its exit status."""

import asyncio
import json
from datetime import date
from pathlib import Path

import msgspec
import pytest

from appliance.cli import card
from appliance.devices.cardreader import protocol
from appliance.devices.cardreader.layouts import write
from appliance.devices.cardreader.simulator import SimulatedReader
from tests.command import examsite
from tests.devices import cards

READ = protocol.card_response(cards.data())
FIND = protocol.response(0x9F, bytes(4))


def decode(folder: Path, body: bytes) -> tuple[int, dict]:
    file = folder / "frames"
    file.write_bytes(body)
    status, out, _ = examsite("card", "decode", str(file), "--json")
    return status, json.loads(out)


def test_whole_frames(tmp_path: Path) -> None:
    sam = protocol.response(0x90, bytes.fromhex("05000300") + bytes(12))
    status, shown = decode(tmp_path, FIND + READ + sam + protocol.response(0x80))
    assert status == 0 and shown["skipped_bytes"] == 0
    found, read, number, none = shown["frames"]
    assert found == {"ok": True, "kind": "status", "status": "card_found"}
    assert none == {"ok": True, "kind": "status", "status": "no_card"}
    assert number["sam_id"] == "05.03-0-0000000000-0000000000"
    assert read["ok"] and read["kind"] == "resident" and read["status"] == "ok"
    assert (read["name"], read["sex"], read["birth"]) == ("张演示", "male", "1990-01-01")
    assert (read["number"], read["valid_from"]) == (cards.RESIDENT.number, "2020-01-01")


@pytest.mark.parametrize("one", cards.ALL, ids=lambda c: f"{c.kind} {c.number[-4:]}")
def test_all_cards_as_hex_text(tmp_path: Path, one) -> None:
    text = protocol.card_response(protocol.CardData(write(one), bytes(1024))).hex(" ").upper()
    status, shown = decode(tmp_path, f"# a card\n{text}\n".encode())
    assert status == 0 and shown["frames"][0]["kind"] == one.kind
    assert shown["frames"][0]["long_term"] is one.long_term


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "truncated"),
        (READ[:700], "truncated"),
        (b"AAAAAA96690005050505", "truncated"),
        (READ[:-1] + bytes([READ[-1] ^ 1]), "bad_checksum"),
        (protocol.PREAMBLE + b"\x7f\xff" + bytes(20), "bad_length"),
        (protocol.response(0x90, bytes(1284)), "bad_data"),
        (protocol.card_response(protocol.CardData(bytes(256), bytes(1024))), "bad_sex"),
    ],
)
def test_bad_frames_have_a_cause_and_an_exit_status(tmp_path: Path, body: bytes, code: str) -> None:
    status, shown = decode(tmp_path, body)
    assert status == 1 and shown["frames"][0]["ok"] is False and shown["frames"][0]["code"] == code


def test_a_card_against_its_own_number(tmp_path: Path) -> None:
    text = bytearray(write(cards.RESIDENT))
    text[30:32] = "2".encode("utf-16-le")
    status, shown = decode(tmp_path, protocol.card_response(protocol.CardData(bytes(text), bytes(1024))))
    assert status == 1 and shown["frames"][0]["code"] == "sex_mismatch"


def test_noise_is_counted_and_a_missing_file_is_unusable_input(tmp_path: Path) -> None:
    status, shown = decode(tmp_path, b"\x00\xff" + FIND + b"\x13")
    assert status == 0 and shown["skipped_bytes"] == 3
    status, out, err = examsite("card", "decode", str(tmp_path / "none"), "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "no_such_file" and err
    status, out, _ = examsite("card", "decode", str(tmp_path / "frames"))
    assert status == 0 and "读卡器上有证件" in out


def test_hex_is_told_from_raw_bytes() -> None:
    assert card.raw(b"0xAA, 0xAA aa:96") == bytes.fromhex("AAAAAA96")
    assert card.raw(b"AAA") == b"\xaa"
    assert card.raw(b"not hex") == b"not hex" and card.raw(b"\xaa\xaa") == b"\xaa\xaa"


async def test_read_a_card_from_a_port(tmp_path: Path) -> None:
    async with SimulatedReader(tmp_path / "reader") as reader:
        reader.put(cards.data(cards.LONG))
        line = ("card", "read", "--port", str(reader.link), "--timeout", "5", "--json")
        status, out, _ = await asyncio.to_thread(examsite, *line)
        shown = json.loads(out)
        assert status == 0 and shown["name"] == "欧阳·试验" and shown["long_term"]
        reader.take()
        line = ("card", "read", "--port", str(reader.link), "--timeout", "0.5", "--json")
        status, out, _ = await asyncio.to_thread(examsite, *line)
        assert status == 3 and json.loads(out)["error"]["code"] == "no_card"


async def test_a_damaged_card_and_a_missing_reader_have_their_cause_and_status(tmp_path: Path) -> None:
    async with SimulatedReader(tmp_path / "reader") as reader:
        reader.put(cards.data())
        reader.misbehave("read_bad_checksum", 10)
        line = ("card", "read", "--port", str(reader.link), "--timeout", "1", "--json")
        status, out, _ = await asyncio.to_thread(examsite, *line)
        assert status == 1 and json.loads(out)["code"] == "bad_checksum"
        reader._spoil.clear()
        reader.misbehave("sam_failed", 100)
        status, out, _ = await asyncio.to_thread(examsite, *line)
        assert status == 3 and json.loads(out)["error"]["code"] == "sam_failed"
        reader._spoil.clear()
        reader.misbehave("silent", 100)
        status, out, _ = await asyncio.to_thread(examsite, *line)
        assert status == 3 and json.loads(out)["error"]["code"] == "silent"
        reader._spoil.clear()
        text = bytearray(write(cards.RESIDENT))
        text[122:124] = "8".encode("utf-16-le")
        reader.put(protocol.CardData(bytes(text), bytes(1024), bytes(512)), address="演示路二号")
        line = (*line, "--address", "--fingerprint")
        status, out, _ = await asyncio.to_thread(examsite, *line)
        shown = json.loads(out)
        assert (
            status == 1 and shown["code"] == "bad_check_digit" and shown["appended_address"] == "演示路二号"
        )
        assert shown["fingerprint_bytes"] == 512 and shown["sam_id"].startswith("05.03-")
    status, out, _ = await asyncio.to_thread(examsite, *line)
    assert status == 3 and json.loads(out)["error"]["code"] == "missing"
    status, _, _ = await asyncio.to_thread(examsite, *line, "--baud", "12345")
    assert status == 2


@pytest.mark.parametrize(
    ("start", "end", "named"),
    [
        (date(2001, 1, 1), date(2011, 1, 1), "expired"),
        (date(2001, 1, 1), None, "valid"),
        (date(2190, 1, 1), date(2199, 1, 1), "not_yet_valid"),
    ],
)
def test_validity_is_named(tmp_path: Path, start: date, end: date | None, named: str) -> None:
    one = msgspec.structs.replace(cards.RESIDENT, valid_from=start, valid_to=end, long_term=end is None)
    status, shown = decode(tmp_path, protocol.card_response(protocol.CardData(write(one), bytes(1024))))
    assert status == 0 and shown["frames"][0]["validity"] == named


def test_status_bytes_and_editors(tmp_path: Path) -> None:
    for status, cause in protocol.CAUSES.items():
        assert decode(tmp_path, protocol.response(status))[1]["frames"][0]["status"] == cause.code
    unnamed = decode(tmp_path, protocol.response(0x77))[1]["frames"][0]
    assert (unnamed["status"], unnamed["bytes"]) == ("unknown_status", "000077")
    for encoding in ("utf-8-sig", "utf-16"):
        body = protocol.response(0x80).hex(" ").encode(encoding)
        assert decode(tmp_path, body) == (
            0,
            {"frames": [{"ok": True, "kind": "status", "status": "no_card"}], "skipped_bytes": 0},
        )
