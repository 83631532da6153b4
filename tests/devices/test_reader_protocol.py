"""The SAM protocol without a port: frames, resynchronising, the order of a reading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.devices.cardreader import protocol
from appliance.devices.cardreader.dialogue import CardRead, Dialogue, Failed, State, believable
from appliance.devices.cardreader.protocol import BadFrame, Command, Decoder, Request, Response
from tests.devices import cards

KNOWN = {
    Command.RESET: "AAAAAA9669000310FFEC",
    Command.STATUS: "AAAAAA9669000311FFED",
    Command.SAM_ID: "AAAAAA9669000312FFEE",
    Command.FIND: "AAAAAA96690003200122",
    Command.SELECT: "AAAAAA96690003200221",
    Command.READ: "AAAAAA96690003300132",
    Command.READ_ADDRESS: "AAAAAA96690003300330",
    Command.READ_WITH_FINGERPRINT: "AAAAAA96690003301023",
}
READ = protocol.card_response(cards.data())


def everything(data: bytes, size: int = 4096) -> tuple[list[protocol.Event], int]:
    decoder = Decoder()
    events = [e for i in range(0, len(data), size) for e in decoder.feed(data[i : i + size])]
    return events + decoder.end(), decoder.skipped


@pytest.mark.parametrize("command", KNOWN)
def test_requests_are_those_of_the_manual(command: Command) -> None:
    assert protocol.request(command).hex().upper() == KNOWN[command]
    assert everything(protocol.request(command)) == ([Request(command)], 0)


@pytest.mark.parametrize(
    ("frame", "code", "size"),
    [
        ("AAAAAA9669000800009F0000000097", "card_found", 4),
        ("AAAAAA9669000400008084", "no_card", 0),
        ("AAAAAA9669000C00009000000000000000009C", "ok", 8),
        ("AAAAAA9669000400008185", "select_failed", 0),
        ("AAAAAA9669000400004145", "read_failed", 0),
    ],
)
def test_answers_of_real_readers(frame: str, code: str, size: int) -> None:
    (event,), skipped = everything(bytes.fromhex(frame))
    assert isinstance(event, Response)
    assert (event.cause.code, len(event.data), skipped) == (code, size, 0)


def test_every_status_byte_has_a_name_and_a_sentence() -> None:
    for status in range(256):
        assert protocol.cause(status).code and protocol.cause(status).sentence
    assert Response(0x6A, 0x82, 0x90).cause.code == "read_failed"


def test_a_read_has_its_real_length() -> None:
    assert len(READ) == 1295 and READ[:14].hex().upper() == "AAAAAA96690508000090" + "01000400"
    for fingerprint, total in ((1024, 2321), (512, 1809), (0, 1297)):
        card = protocol.CardData(bytes(256), bytes(1024), bytes(fingerprint))
        frame = protocol.card_response(card, with_fingerprint=True)
        (event,), _ = everything(frame)
        assert len(frame) == total and isinstance(event, Response)
        assert protocol.card_data(event.data) == card


def test_sam_id_as_printed() -> None:
    raw = bytes.fromhex("0500" + "0300") + b"".join(n.to_bytes(4, "little") for n in (20240101, 12, 34))
    assert protocol.sam_id(raw) == "05.03-20240101-0000000012-0000000034"
    assert protocol.sam_id(raw[:-1]) is None


def test_noise_cut_and_glued_frames() -> None:
    find = protocol.response(0x9F, bytes(4))
    noise = bytes.fromhex("00AAAA9669")
    events, skipped = everything(noise + find + find + b"\x13")
    assert events == [Response(0, 0, 0x9F, bytes(4))] * 2 and skipped == len(noise) + 1
    events, _ = everything(READ[:600] + find)
    assert isinstance(events[0], BadFrame) and events[1:] == [Response(0, 0, 0x9F, bytes(4))]
    assert events[0].code == "truncated" and events[0].size == 600
    spoiled = READ[:-1] + bytes([READ[-1] ^ 1])
    events, skipped = everything(spoiled + find)
    assert [type(e) for e in events] == [BadFrame, Response] and skipped == 0
    events, _ = everything(protocol.PREAMBLE + b"\xff\xff" + find)
    assert events[0] == BadFrame("bad_length", 5) and events[1] == Response(0, 0, 0x9F, bytes(4))
    assert everything(b"") == ([], 0)
    assert everything(bytes.fromhex("AAAAAA96690005050505"))[0] == [BadFrame("truncated", 10)]


def test_a_bad_frame_that_ends_like_a_preamble_costs_nothing_of_the_next() -> None:
    bad = protocol.response(0x90, b"\x01" * 8)
    bad = bad[:-1] + b"\xaa"
    for size in (1, 3, 4096):
        events, skipped = everything(bad + protocol.response(0x80), size)
        assert [type(e) for e in events] == [BadFrame, Response] and skipped == 0


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 700))
def test_random_bytes_never_raise_and_all_are_accounted_for(data: bytes, size: int) -> None:
    events, skipped = everything(data, size)
    framed = sum(
        e.size if isinstance(e, BadFrame) else 10 if isinstance(e, Request) else 11 + len(e.data)
        for e in events
    )
    assert framed + skipped == len(data)
    assert Decoder().feed(data) == Decoder().feed(data)


GOOD = [protocol.response(0x9F, bytes(4)), protocol.response(0x80), protocol.response(0x90, bytes(8)), READ]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(GOOD),
            st.binary(max_size=40),
            st.tuples(st.sampled_from(GOOD), st.integers(0, 60)).map(lambda p: p[0][: p[1]]),
            st.tuples(st.sampled_from(GOOD), st.integers(5, 400), st.integers(1, 255)).map(
                lambda p: bytes(b ^ (p[2] if i == p[1] % len(p[0]) else 0) for i, b in enumerate(p[0]))
            ),
        ),
        max_size=8,
    ),
    st.integers(1, 500),
)
def test_a_wrong_frame_is_never_believed(parts: list[bytes], size: int) -> None:
    """Whatever is mixed with good frames: an answer that a driver believes is one of the good ones."""
    events, _ = everything(b"".join(parts), size)
    good = {(r.status, r.data) for frame in GOOD for r in everything(frame)[0] if isinstance(r, Response)}
    for event in events:
        if isinstance(event, Response):
            for command in (Command.FIND, Command.SELECT, Command.READ):
                if event.status in (0x9F, 0x90) and believable(command, event):
                    assert (event.status, event.data) in good


def test_no_cut_frame_with_a_good_one_behind_it_passes_for_one() -> None:
    """Every cut of a read's answer: some of the two together have the right check byte."""
    (good,), _ = everything(READ)
    for cut in range(1, len(READ)):
        decoder = Decoder()
        events = decoder.feed(READ[:cut] + READ)
        assert events[-1] == good and not any(isinstance(one, Response) for one in events[:-1])


def test_no_read_without_find_and_select() -> None:
    dialogue = Dialogue()
    assert dialogue.wanted() is Command.FIND
    assert dialogue.answered(Response(0, 0, 0x80)) == Failed(Command.FIND, protocol.cause(0x80))
    assert dialogue.wanted() is Command.FIND
    assert dialogue.answered(Response(0, 0, 0x9F, bytes(4))) is None
    assert dialogue.wanted() is Command.SELECT
    failed = dialogue.answered(Response(0, 0, 0x81))
    assert isinstance(failed, Failed) and dialogue.state is State.IDLE
    dialogue.answered(Response(0, 0, 0x9F, bytes(4)))
    dialogue.answered(Response(0, 0, 0x90, bytes(8)))
    assert dialogue.wanted() is Command.READ
    (read,), _ = everything(READ)
    assert isinstance(read, Response)
    assert dialogue.answered(read) == CardRead(cards.data())
    assert dialogue.wanted() is Command.FIND


def test_an_answer_that_does_not_belong_to_the_request_is_not_believed() -> None:
    dialogue = Dialogue()
    for answer in (Response(0, 0, 0x90, bytes(8)), Response(0, 0, 0x9F), Response(0, 0, 0x9F, bytes(1284))):
        failed = dialogue.answered(answer)
        assert isinstance(failed, Failed) and failed.cause.code == "link_fault"
