"""A replay's RTSP against cameras that answer oddly: each ends with its own word, and nothing goes elsewhere."""

import contextlib
import socket
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from appliance.base.errors import DeviceFault, ExamError, Refused
from cameras import passwords, rtp
from cameras.card import replay
from cameras.card.packets import Stamp, write_stamp
from cameras.card.replay import Replay
from cameras.card.search import CardCamera

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t1\r\n"
TIME = ("Hour", "Minute", "Second")
DATE = "<Year>{0.year}</Year><Month>{0.month}</Month><Day>{0.day}</Day>"
Script = dict[str, list[bytes]]
"""What is answered to each method, one after the other (the last one again and again); empty = hang up."""


def answer(status: int = 200, headers: str = "", body: bytes = b"") -> bytes:
    """`CSeq` is filled in when it is sent."""
    head = f"RTSP/1.0 {status} Word\r\nCSeq: @\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


GOOD: Script = {
    "DESCRIBE": [answer(body=SDP)],
    "SETUP": [answer(headers="Session: 7;timeout=9\r\nTransport: RTP/AVP/TCP;interleaved=2-3\r\n")],
    "PLAY": [answer()],
    "TEARDOWN": [b""],
}


def pictures(*stamps: Stamp) -> bytes:
    """Key frames with these times, on the channel that was given."""
    packetiser, made = rtp.Packetiser(1, limit=50), b""
    for number, stamp in enumerate(stamps):
        packets = packetiser.picture([b"\x65" + b"k" * 200], number * 9000, write_stamp(stamp))
        made += b"".join(rtp.interleaved(2, one) for one in packets)
    return made


@contextmanager
def camera(script: Script) -> Iterator[tuple[str, list[str]]]:
    """Address of a server that answers by a script, and what it was asked."""
    asked: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve(link: socket.socket) -> None:
        turns = dict.fromkeys(script, 0)
        waiting = b""
        with link, contextlib.suppress(OSError):  # whoever asked has hung up
            while chunk := link.recv(4096):
                waiting += chunk
                while b"\r\n\r\n" in waiting:
                    head, _, waiting = waiting.partition(b"\r\n\r\n")
                    asked.append(head.decode())
                    method = asked[-1].split(" ")[0]
                    told = script.get(method, [b""])
                    said = told[min(turns.get(method, 0), len(told) - 1)]
                    turns[method] = turns.get(method, 0) + 1
                    if not said:
                        return
                    number = next(line for line in asked[-1].split("\r\n") if line.startswith("CSeq"))
                    link.sendall(said.replace(b"CSeq: @", number.encode(), 1))

    def accept() -> None:
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(link,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/card", asked
    finally:
        server.close()


def had(uri: str, seconds: float = 10.0) -> list[datetime]:
    """Times of the pictures that came."""
    asked = Replay(uri, "admin", "secret", 1e9, 60.0, lambda: True)
    return [one.stamp.at for one in asked.pictures(NOON, NOON + timedelta(seconds=seconds))]


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "QUIET", 0.3)
    monkeypatch.setattr(replay, "OVER", 0.1)
    monkeypatch.setattr(replay, "TICK", 0.05)
    monkeypatch.setattr(replay, "TIMEOUT", 1.0)


BYE = rtp.interleaved(3, b"\x80\xcb\x00\x01" + bytes(4))
FIRST, LAST = Stamp(at=NOON), Stamp(at=NOON + timedelta(seconds=1), ends=True)
STALE = 'WWW-Authenticate: Digest realm="r", nonce="m", stale=true\r\n'
SHA = 'WWW-Authenticate: Digest realm="r", nonce="m", algorithm=SHA-256\r\n'
CHALLENGE = f"WWW-Authenticate: {passwords.challenge('r', 'n', qop=False)}\r\n"


@pytest.mark.parametrize(
    ("change", "seen", "code"),
    [
        ({"PLAY": [answer() + pictures(FIRST, LAST)]}, 2, ""),
        ({"PLAY": [answer() + pictures(FIRST) + BYE]}, 1, ""),
        ({"PLAY": [answer() + pictures(Stamp(at=NOON, last=True))]}, 1, ""),
        ({"PLAY": [answer() + pictures(Stamp(at=NOON + timedelta(seconds=10)))]}, 1, ""),
        ({"PLAY": [answer() + pictures(FIRST)]}, 1, "card_stalled"),
        ({"PLAY": [answer()]}, 0, "card_stalled"),
        ({"PLAY": [answer(457)]}, 0, ""),
        ({"PLAY": [answer(404)]}, 0, ""),
        ({"PLAY": [answer(500)]}, 0, "card_refuses"),
        ({"PLAY": [b""]}, 0, "card_stalled"),
        ({"PLAY": [b"nonsense\r\n\r\n"]}, 0, "card_stalled"),
        ({"SETUP": [answer(551)]}, 0, "card_refuses"),
        ({"DESCRIBE": [answer(404)]}, 0, "card_refuses"),
        ({"DESCRIBE": [answer(302, "Location: rtsp://127.0.0.2/card\r\n")]}, 0, "card_refuses"),
        ({"DESCRIBE": [answer(body=b"v=0\r\nm=audio 0 RTP/AVP 0\r\n")]}, 0, "card_refuses"),
        ({"DESCRIBE": [answer(401, CHALLENGE)]}, 0, "camera_password"),
        ({"DESCRIBE": [answer(401, SHA)]}, 0, "camera_digest_unknown"),
        ({"DESCRIBE": [answer(401, "WWW-Authenticate: Basic realm=x\r\n")]}, 0, "camera_clear_password"),
    ],
)
def test_what_a_camera_may_answer(change: Script, seen: int, code: str) -> None:
    with camera(GOOD | change) as (uri, asked):
        found, told = [], ""
        try:
            asked_for = Replay(uri, "admin", "secret", 1e9, 60.0, lambda: True)
            for one in asked_for.pictures(NOON, NOON + timedelta(seconds=10)):
                found.append(one.stamp.at)
        except ExamError as error:
            told = error.code
        assert (len(found), told) == (seen, code)
    assert not any("secret" in one or "Basic" in one for one in asked)
    assert sum("Authorization" in one for one in asked) <= 1, "a wrong password is tried once"


def test_what_is_asked_of_a_camera_word_by_word() -> None:
    script = GOOD | {
        "DESCRIBE": [
            answer(401, CHALLENGE),
            answer(body=SDP, headers="Content-Base: rtsp://10.9.9.9/other/\r\n"),
        ],
        "PLAY": [answer() + pictures(LAST)],
    }
    with camera(script) as (uri, asked):
        assert had(uri) == [LAST.at]
    methods = [one.split(" ")[0] for one in asked]
    assert methods[:4] == ["DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]
    setup, play = asked[2], asked[3]
    assert "rtsp://127.0.0.1/other/t1 " in setup, "the host that was asked, whatever it says"
    assert "\r\nRequire: onvif-replay" in setup and "Transport: RTP/AVP/TCP;unicast;interleaved=0-1" in setup
    assert "\r\nRequire: onvif-replay" in play and "\r\nRate-Control: no" in play and "\r\nSession: 7" in play
    assert "\r\nRange: clock=20261122T040000.000Z-20261122T040010.000Z" in play
    for one in asked[1:4]:
        method, target = one.split(" ")[:2]
        header = next(line for line in one.split("\r\n") if line.startswith("Authorization: "))
        assert passwords.digest_holds(header.partition(" ")[2], method, "r", "n", "admin", "secret")
        assert f'uri="{target}"' in header


def test_nobody_there_and_leaving_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        uri = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/card"
    with pytest.raises(DeviceFault):
        had(uri)
    with camera(GOOD) as (uri, _asked):
        leaving = Replay(uri, "", "", 1e9, 60.0, lambda: False)
        with pytest.raises(DeviceFault):
            list(leaving.pictures(NOON, NOON + timedelta(seconds=1)))


def test_a_camera_whose_answers_lack_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question is answered with an empty element: nothing is found, and said by name."""
    card = CardCamera("127.0.0.1:1", "admin", "secret")
    monkeypatch.setattr(card, "_ask", lambda _space, operation, _inside: ET.Element(f"{operation}Response"))
    assert card.recordings() == []
    with pytest.raises(DeviceFault) as fault:
        card.replay_address("R")
    assert fault.value.code == "card_no_replay"
    monkeypatch.setattr(card, "_device", lambda *_told, **_more: None)
    with pytest.raises(DeviceFault) as fault:
        card.meet()
    assert fault.value.code == "card_no_clock"
    monkeypatch.setattr(card, "_meet_clock", lambda _device: None)
    with pytest.raises(Refused) as refused:
        card.meet()
    assert refused.value.code == "no_card_search"


def test_a_camera_that_tells_its_time_to_nobody_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    card, asked = CardCamera("127.0.0.1:1", "admin", "secret"), []

    def device(_to: str, operation: str, _fields: object = None, proven: bool = True) -> ET.Element:
        asked.append(proven)
        if operation == "GetSystemDateAndTime" and not proven:
            raise Refused("camera_password", "refused")
        now = datetime.now(UTC) + timedelta(seconds=5)
        parts = (f"<{name}>{getattr(now, name.lower())}</{name}>" for name in TIME)
        return ET.fromstring(
            f"<r><UTCDateTime><Time>{''.join(parts)}</Time><Date>{DATE.format(now)}</Date></UTCDateTime></r>"
        )

    monkeypatch.setattr(card, "_device", device)
    with pytest.raises(Refused) as refused:
        card.meet()
    assert refused.value.code == "no_card_search"
    assert (
        asked[0] is False
        and all(asked[1:])
        and abs(card.offset - timedelta(seconds=5)) < timedelta(seconds=0.6)
    )


def test_a_nonce_that_has_grown_old_is_no_wrong_password() -> None:
    script = GOOD | {
        "DESCRIBE": [answer(401, CHALLENGE), answer(401, STALE), answer(body=SDP)],
        "PLAY": [answer() + pictures(LAST)],
    }
    with camera(script) as (uri, asked):
        assert had(uri) == [LAST.at] and 'nonce="m"' in asked[2]
    with camera(GOOD | {"DESCRIBE": [answer(401, STALE)]}) as (uri, asked):
        with pytest.raises(DeviceFault):
            had(uri)
        assert len(asked) == 3
