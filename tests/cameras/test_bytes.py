"""The pure parts: RTP, RTSP, time code, password proofs, discovery messages, fragments, arrival times."""

import os
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cameras import passwords, rtp, rtsp, timecode, wsdiscovery
from cameras.address import rewritten, split_address, with_credentials
from cameras.fragments import whole_boxes, whole_length
from cameras.patience import wait_refused
from cameras.recorder.arrival import JUMP, ArrivalClock
from cameras.timecode import TimeCode
from tests.cameras.depacketise import pictures

# A NAL unit: header, then a body without start codes in it that does not end in zero (as the standard has
# it).
nal = st.builds(
    lambda kind, importance, body: bytes([importance << 5 | kind]) + body + b"\x80",
    st.sampled_from([1, 5, 6, 7, 8]),
    st.integers(0, 3),
    st.binary(max_size=4000).map(lambda body: body.replace(b"\x00", b"\x01")),
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
)


@settings(deadline=None)
@given(
    st.lists(st.lists(nal, min_size=1, max_size=5), min_size=1, max_size=4),
    st.integers(10, 1500),
    st.integers(0, 65535),
)
def test_rtp_gives_back_the_pictures(shots: list[list[bytes]], limit: int, first: int) -> None:
    packetiser = rtp.Packetiser(1, first, limit)
    packets = [
        packet for number, shot in enumerate(shots) for packet in packetiser.picture(shot, number * 9000)
    ]
    assert all(len(packet) <= limit + 12 for packet in packets)
    assert pictures(packets) == [(number * 9000, shot) for number, shot in enumerate(shots)]


@settings(deadline=None)
@given(st.lists(nal, min_size=1, max_size=6), st.data())
def test_annex_b_is_taken_apart(units: list[bytes], data: st.DataObject) -> None:
    codes = data.draw(
        st.lists(st.sampled_from([b"\0\0\1", b"\0\0\0\1"]), min_size=len(units), max_size=len(units))
    )
    assert rtp.split_annex_b(b"".join(code + unit for code, unit in zip(codes, units, strict=True))) == units


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["OPTIONS", "PLAY"]), st.binary(max_size=40)), max_size=4),
    st.integers(1, 50),
)
def test_rtsp_requests_come_whole_however_they_are_cut(wanted: list[tuple[str, bytes]], step: int) -> None:
    stream = b""
    for number, (method, body) in enumerate(wanted):
        stream += (
            f"{method} rtsp://h/s RTSP/1.0\r\nCSeq: {number}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        stream += body + rtp.interleaved(1, b"\x80" * 13)
    reader = rtsp.RequestReader()
    found = []
    for at in range(0, len(stream), step):
        found += reader.feed(stream[at : at + step])
    assert [(one.method, one.body) for one in found] == wanted
    assert [one.number for one in found] == [str(number) for number in range(len(wanted))]


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_rtsp_reader_never_fails_otherwise(data: bytes) -> None:
    reader = rtsp.RequestReader()
    try:
        reader.feed(data)
    except rtsp.BadRequest:
        return


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_discovery_readers_take_anything(data: bytes) -> None:
    assert wsdiscovery.read_probe(data) is None
    assert wsdiscovery.read_matches(data) == []


def test_discovery_messages_are_read_back() -> None:
    message, types = wsdiscovery.read_probe(wsdiscovery.probe("uuid:1")) or ("", "")
    assert message == "uuid:1" and wsdiscovery.wants_cameras(types)
    assert wsdiscovery.wants_cameras("") and not wsdiscovery.wants_cameras("pp:Printer")
    match = wsdiscovery.Match("urn:uuid:7", ["http://h:1/x?a&b"], ["onvif://www.onvif.org/name/C1"], "uuid:1")
    assert wsdiscovery.read_matches(wsdiscovery.probe_matches(match)) == [match]
    assert match.scope("name") == "C1"


@settings(deadline=None)
@given(moments, st.integers(0, 65535))
def test_time_code_bits(at: datetime, tag: int) -> None:
    code = TimeCode(at, tag)
    bits = timecode.to_bits(code)
    assert timecode.from_bits(bits) == code
    row, column = random.randrange(2), random.randrange(48)
    bits[row, column] ^= 1
    assert timecode.from_bits(bits) is None


@pytest.mark.parametrize("size", [(1080, 1920), (1088, 1920), (720, 1280), (540, 960)])
def test_time_code_is_read_scaled_and_noisy(size: tuple[int, int]) -> None:
    from PIL import Image

    code = TimeCode(datetime(2026, 11, 21, 8, 0, 0, 123000, tzinfo=UTC), 4711)
    noise = np.random.default_rng(1)
    luma = noise.integers(60, 200, (1080, 1920)).astype(np.uint8)
    timecode.draw(luma, code)
    small = np.asarray(Image.fromarray(luma).resize((size[1], min(size[0], 1080))))
    noisy = np.clip(small + noise.normal(0, 25, small.shape), 0, 255).astype(np.uint8)
    assert timecode.read_luma(noisy) == code
    assert timecode.read_luma(np.full((1080, 1920), 120, np.uint8)) is None
    assert timecode.read_luma(noise.integers(0, 255, (1080, 1920)).astype(np.uint8)) is None
    assert timecode.read_luma(np.zeros((10, 10), np.uint8)) is None


def test_password_proofs() -> None:
    # The example of RFC 2617, 3.5.
    header = (
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
        'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    holds = ("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "Mufasa")
    assert passwords.digest_holds(header, "GET", *holds, "Circle Of Life")
    assert not passwords.digest_holds(header, "GET", *holds, "circle of life")
    # The example of the ONVIF programmer's guide, 6.1.1.3.
    digest, nonce = "tuOSpGlFlIXsozq4HFNeeGeFLEI=", "LKqI6G/AikKCQrN0zqZFlg=="
    created, now = "2010-09-16T07:50:45Z", datetime(2010, 9, 16, 7, 50, 50, tzinfo=UTC)
    soon = timedelta(seconds=10)
    assert passwords.token_holds(digest, nonce, created, "userpassword", now, soon)
    assert not passwords.token_holds(
        digest, nonce, created, "userpassword", now + timedelta(seconds=20), soon
    )
    assert not passwords.token_holds(digest, nonce, "yesterday", "userpassword", now, soon)
    assert not passwords.token_holds(digest, "?", created, "userpassword", now, soon)


def test_addresses() -> None:
    assert split_address("10.0.0.7") == ("10.0.0.7", 80)
    assert split_address("10.0.0.7:8000") == ("10.0.0.7", 8000)
    assert rewritten("rtsp://192.168.1.9:554/a?b=c", "10.0.0.7") == "rtsp://10.0.0.7:554/a?b=c"
    assert with_credentials("rtsp://h:554/a", "ad min", "p@:/") == "rtsp://ad%20min:p%40%3A%2F@h:554/a"


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


@settings(deadline=None)
@given(st.integers(0, 5), st.integers(0, 300), st.data())
def test_fragments_are_counted_up_to_the_cut(fragments: int, size: int, data: st.DataObject) -> None:
    start = box(b"ftyp", b"x" * 20) + box(b"moov", b"y" * 50)
    one = box(b"moof", b"z" * 40) + box(b"mdat", b"w" * size)
    whole = start + one * fragments
    cut = data.draw(st.integers(0, len(whole)))
    kept = max(0, cut - len(start)) // len(one)
    expected = len(start) + kept * len(one) if kept else 0
    with open(os.memfd_create("film"), "w+b", buffering=0) as file:
        file.write(whole[:cut])
        assert whole_length(whole_boxes(file.fileno())) == expected


@settings(deadline=None)
@given(st.lists(st.floats(0, 0.8), min_size=5, max_size=200), st.floats(-0.0005, 0.0005))
def test_arrival_follows_the_least_delay(delays: list[float], drift: float) -> None:
    clock = ArrivalClock()
    delays[0] = 0.0
    for number, delay in enumerate(delays):
        true = 1000 + number * 0.1
        assert clock.see(number * 0.1 * (1 + drift), true + delay)
        # Never later than the pictures truly came, never earlier than by the drift that can build up.
        told = clock.at(number * 0.1 * (1 + drift))
        assert -0.05 <= told - true <= 0.8 + 1e-6
    if max(delays) == 0:
        assert abs(told - true) < 0.05


def test_arrival_sees_jumps() -> None:
    clock = ArrivalClock()
    assert clock.see(0.0, 100.0)
    assert clock.see(1.0, 104.0), "a stall is no jump"
    assert not clock.see(1.0 + 3600, 105.0)
    clock = ArrivalClock()
    assert clock.see(3600.0, 100.0)
    assert not clock.see(3600.0 - 2 * JUMP, 100.1)


def test_what_waited_during_a_stall_is_no_jump() -> None:
    """Seven seconds in which nothing is read: then everything comes at once, each picture a little less late."""
    clock = ArrivalClock()
    assert clock.see(0.0, 100.0)
    for number in range(1, 70):
        assert clock.see(number * 0.1, 107.0 + number * 0.001), number
    assert clock.see(7.1, 107.1) and abs(clock.at(7.1) - 107.1) < 0.05
    assert not clock.see(7.2 - 2 * JUMP, 107.2)


def test_a_refusing_camera_is_asked_ever_more_seldom() -> None:
    assert [wait_refused(times) for times in (1, 2, 3, 6, 7, 500)] == [30.0, 60.0, 120.0, 960.0, 960.0, 960.0]
    proven = [wait_refused(times, True) for times in (1, 2, 3, 4, 500)]
    assert proven == [2.0, 2.0, 30.0, 60.0, 960.0], "a camera that starts refuses a password that is right"
