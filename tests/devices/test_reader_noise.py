"""A line that delivers anything: a hundred thousand frames, and whatever hypothesis thinks of."""

import random
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.base.errors import Corrupt
from appliance.devices.cardreader import layouts, protocol
from appliance.devices.cardreader.dialogue import CardRead, Dialogue, Failed, State
from appliance.devices.cardreader.protocol import BadFrame, Command, Decoder, Request, Response
from appliance.rules import admission
from tests.devices import cards

FRAMES = 100_000
READ = protocol.card_response(cards.data())
GOOD = [
    protocol.response(0x9F, bytes(4)),
    protocol.response(0x90, bytes(8)),
    protocol.response(0x80),
    protocol.response(0x90, bytes(16)),
    protocol.request(Command.FIND),
]
ANSWERS = {Command.FIND: GOOD[0], Command.SELECT: GOOD[1], Command.READ: READ}
"""What a good reader answers to each request."""


def spoiled(chance: random.Random, wanted: Command) -> bytes:
    """One frame as a bad line delivers it: noise, a cut, a flipped bit, a wrong length, or nothing wrong at all.

    Mostly the answer that is waited for, so that many a reading comes as far as the card.
    """
    frame = bytearray(chance.choice([*GOOD, READ]) if chance.random() < 0.3 else ANSWERS[wanted])
    kind = chance.randrange(16)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 40))
    if kind == 1:
        return protocol.PREAMBLE + chance.randbytes(chance.randrange(0, 30))
    if kind == 2:
        return bytes(frame[: chance.randrange(len(frame))])
    if kind == 3:
        frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
    if kind == 4:
        frame[5:7] = chance.randbytes(2)
    if kind == 5:
        frame[chance.randrange(7, len(frame))] = chance.randrange(256)
    if kind == 6:
        at = chance.randrange(len(frame))
        frame[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(frame)


def test_a_hundred_thousand_frames() -> None:
    """No exception, no hang, every byte accounted for, and no card but the one that was sent, name and all."""
    chance = random.Random(20260101)
    decoder, dialogue = Decoder(), Dialogue()
    fed = framed = whole = bad = 0
    for _ in range(FRAMES):
        chunk = spoiled(chance, dialogue.wanted())
        fed += len(chunk)
        for event in decoder.feed(chunk):
            framed += _size(event)
            bad += isinstance(event, BadFrame)
            if not isinstance(event, Response):
                continue
            done = dialogue.answered(event)
            if isinstance(done, CardRead) and (card := _taken(done.data.text)):
                whole += 1
                assert card == cards.RESIDENT
        assert decoder.pending <= protocol.MAX_LENGTH + 7 + len(chunk)
    framed += sum(_size(event) for event in decoder.end())
    assert framed + decoder.skipped == fed
    assert decoder.pending == 0
    assert whole > 5_000 and bad > 5_000, "cards were read, and frames were bad"


def _size(event: protocol.Event) -> int:
    if isinstance(event, BadFrame):
        return event.size
    return 10 if isinstance(event, Request) else 11 + len(event.data)


def test_a_read_in_its_order_on_a_bad_line_is_the_card_or_nothing() -> None:
    """Find and select succeeded; the read's answer comes with up to two wrong bits, three thousand times."""
    chance = random.Random(7)
    whole = 0
    for _ in range(3000):
        frame = bytearray(READ)
        for _ in range(chance.randrange(3)):
            frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
        if card := _read(bytes(frame)):
            whole += 1
            assert card.number == cards.RESIDENT.number
            assert (card.birth, card.sex) == (cards.RESIDENT.birth, cards.RESIDENT.sex)
            _never_admits_by_a_wrong_name(card)
    assert whole > 500


@pytest.mark.parametrize("field", ["name", "number", "birth", "sex"])
def test_two_wrong_bits_that_cancel_out(field: str) -> None:
    """The one error the check byte cannot see: the same bit wrong in the text and in the picture.

    Number, birth and sex are held against each other. Nothing in the card holds the name: a wrong one is read,
    and the roster is what finds it.
    """
    start, length = layouts.FIELDS["resident"][field]
    head, picture = READ.index(cards.data().text), len(READ) - 100
    names_read = set()
    for at in range(start, start + length):
        for bit in range(8):
            frame = bytearray(READ)
            frame[head + at] ^= 1 << bit
            frame[picture] ^= 1 << bit
            if card := _read(bytes(frame)):
                assert (card.number, card.birth) == (cards.RESIDENT.number, cards.RESIDENT.birth)
                assert card.sex in (cards.RESIDENT.sex, "unknown", "unstated")
                names_read.add(card.name)
                _never_admits_by_a_wrong_name(card)
    assert (len(names_read) > 20) == (field == "name"), "wrong names were read, or the test shows nothing"


def _read(frame: bytes) -> layouts.Card | None:
    """What is taken of a card whose read is answered by `frame`, after a good find and select."""
    dialogue, decoder = Dialogue(), Decoder()
    for event in decoder.feed(GOOD[0] + GOOD[1] + frame) + decoder.end():
        if isinstance(event, Response):
            done = dialogue.answered(event)
            if isinstance(done, CardRead):
                return _taken(done.data.text)
    return None


def _never_admits_by_a_wrong_name(card: layouts.Card) -> None:
    """The face fits and the roster has the right name: another one on the card goes to a person."""
    now = datetime(2026, 11, 21, 1, tzinfo=UTC)
    expected = admission.Expected(
        sitting="s",
        subject="theory",
        day=now.date(),
        starts_at=now,
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(minutes=15),
        name=cards.RESIDENT.name,
    )
    facts = admission.Facts(
        now=now,
        today=now.date(),
        lane="theory",
        card=admission.Card(name=card.name),
        expected=[expected],
        face="face_matches",
    )
    right = re.sub(r"\s", "", card.name) == cards.RESIDENT.name  # a blank with a wrong bit may be another
    assert admission.decide(facts).code == ("admitted" if right else "name_differs"), repr(card.name)


def _taken(text: bytes) -> layouts.Card | None:
    """The card a driver would report, or None."""
    try:
        card = layouts.read(text)
    except Corrupt:
        return None
    return None if layouts.findings(card) else card


RESPONSES = st.builds(
    Response,
    st.sampled_from([0, 0, 0, 0x6A]),
    st.sampled_from([0, 0, 0, 0x82]),
    st.one_of(st.sampled_from([0x90, 0x9F, 0x80, 0x81, 0x41]), st.integers(0, 255)),
    st.one_of(
        st.sampled_from([b"", bytes(4), bytes(8), bytes(16), bytes(70), READ[10:-1], READ[10:-2]]),
        st.binary(max_size=80),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(RESPONSES, max_size=30), st.booleans(), st.booleans())
def test_no_order_of_answers_leads_to_a_read_without_find_and_select(
    answers: list[Response], fingerprint: bool, address: bool
) -> None:
    dialogue = Dialogue(fingerprint, address)
    good: list[Command] = []
    for answer in answers:
        command = dialogue.wanted()
        if command in (Command.READ, Command.READ_WITH_FINGERPRINT):
            assert good[-2:] == [Command.FIND, Command.SELECT]
        if command is Command.READ_ADDRESS:
            assert address and good[-3:-1] == [Command.FIND, Command.SELECT]
        outcome = dialogue.answered(answer)
        if isinstance(outcome, CardRead):
            assert outcome.data == cards.data()
        if outcome is None:
            good.append(command)
        else:
            assert dialogue.state is State.IDLE
            assert isinstance(outcome, Failed) or command is not Command.FIND


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(cards.ALL),
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_text_block_with_wrong_bytes_is_named_or_sound(
    card: layouts.Card, changes: list[tuple[int, int]]
) -> None:
    text = bytearray(layouts.write(card))
    for at, value in changes:
        text[at] = value
    try:
        read = layouts.read(bytes(text))
    except Corrupt as error:
        assert error.code in protocol.NOT_READ
        return
    assert all(code in protocol.NOT_READ for code in layouts.findings(read))
    assert all(ord(one) >= 32 for one in read.name + read.address)


def test_a_long_file_of_nothing_but_wrong_frames_is_read_in_seconds() -> None:
    body = (protocol.PREAMBLE + (0x0900).to_bytes(2)) * 100_000
    decoder = Decoder()
    started = time.monotonic()
    events = decoder.feed(body) + decoder.end()
    assert len(events) == 100_000 and all(isinstance(one, BadFrame) for one in events)
    assert time.monotonic() - started < 10
