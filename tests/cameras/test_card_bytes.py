"""Pure parts of a camera's card: replay's RTP header extension, its pictures, RTSP from the client, times, answers."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.base.errors import Refused
from appliance.wire.orders import Orders, SittingOrder
from cameras import rtp, rtp_h265
from cameras.card.fill import one_source
from cameras.card.keep import follows
from cameras.card.packets import Gathering, Packet, Picture, Stamp, read_packet, read_stamp, write_stamp
from cameras.card.ranges import clock_offset, clock_range, read_range, xml_time
from cameras.card.search import REPLAY, SEARCH, Recording, holding, read_recordings
from cameras.card.session import AnswerReader, Frame, Nonsense, Reply, question, read_description
from cameras.card.watch import AGAIN, TIMES, Patience, sitting_runs
from cameras.checks import of_answers
from cameras.media2 import MEDIA2
from tests.cameras.test_bytes import nal

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
stamps = st.builds(
    Stamp,
    at=moments,
    clean=st.booleans(),
    ends=st.booleans(),
    apart=st.booleans(),
    last=st.booleans(),
    asked=st.integers(0, 255),
)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@given(stamps)
def test_a_stamp_is_read_back_to_the_microsecond(stamp: Stamp) -> None:
    whole = write_stamp(stamp)
    assert whole[:4] == b"\xab\xac\x00\x03" and len(whole) == 16
    assert read_stamp(whole[4:]) == stamp


@pytest.mark.parametrize(
    ("told", "stamp"),
    [
        # 22 November 2026, 04:00:00.5 by NTP: 4004308800 s since 1900, and half of 2^32.
        (bytes.fromhex("eeace740 80000000 80 05 0000"), Stamp(at=at(0.5), clean=True, asked=5)),
        (bytes.fromhex("eeace740 80000000 50 00 0000"), Stamp(at=at(0.5), ends=True, last=True)),
        (bytes.fromhex("eeace740 80000000 2f 00 ffff 0000"), Stamp(at=at(0.5), apart=True)),
        # The count begins anew in February 2036.
        (
            bytes.fromhex("00000001 00000000 00 00 0000"),
            Stamp(at=datetime(2036, 2, 7, 6, 28, 17, tzinfo=UTC)),
        ),
        (bytes.fromhex("00000000 00000000 80 00 0000"), None),
        (bytes.fromhex("eeace740 800000"), None),
        (b"", None),
    ],
)
def test_stamps(told: bytes, stamp: Stamp | None) -> None:
    assert read_stamp(told) == stamp


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_packet_is_read_or_refused(data: bytes) -> None:
    found = read_packet(data)
    assert found is None or found.body


def test_packets_with_everything_rtp_allows() -> None:
    stamp = Stamp(at=NOON)
    body = b"\x65picture"
    csrc, extension = b"\1\2\3\4" * 2, write_stamp(stamp)
    whole = bytes([0xB2, 0xE0, 0, 7]) + bytes(8) + csrc + extension + body + b"\0\0\3"
    found = read_packet(whole)
    assert found == Packet(kind=96, marker=True, sequence=7, timestamp=0, stamp=stamp, body=body)
    other = bytes([0x90, 0x60, 0, 7]) + bytes(8) + b"\xbe\xde\0\1abcd" + body
    told = read_packet(other)
    assert told and told.stamp is None and told.body == body, (
        "another extension than the replay's is read over"
    )


def _fed(gathering: Gathering, packets: list[bytes]) -> list[Picture]:
    found = list[Picture]()
    for one in packets:
        packet = read_packet(one)
        assert packet
        found += gathering.feed(packet)
    return found


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(nal, min_size=1, max_size=4), min_size=1, max_size=5),
    st.integers(10, 1500),
    st.integers(0, 65535),
)
def test_pictures_come_back_with_their_times(shots: list[list[bytes]], limit: int, first: int) -> None:
    shots = [[b"\x65\x88\x80", *shot] for shot in shots]
    packetiser, gathering = rtp.Packetiser(1, first, limit), Gathering("h264", 96)
    found = list[Picture]()
    for number, shot in enumerate(shots):
        packets = packetiser.picture(shot, number * 9000, write_stamp(Stamp(at=at(number))))
        found += _fed(gathering, packets)
    assert [(one.units, one.stamp.at, one.key) for one in found] == [
        (shot, at(number), True) for number, shot in enumerate(shots)
    ]


h265 = st.builds(
    lambda kind, body: bytes([kind << 1, 1]) + body + b"\x80",
    st.sampled_from([1, 19, 21, 32, 33, 34, 39]),
    st.binary(max_size=3000).map(lambda body: body.replace(b"\x00", b"\x01")),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(h265, min_size=1, max_size=5), st.integers(12, 1500))
def test_pictures_of_h265_come_back(units: list[bytes], limit: int) -> None:
    shot = [bytes([19 << 1, 1]) + b"\x80", *units]
    packetiser = rtp.Packetiser(1, 5, limit, rtp_h265.payloads)
    found = _fed(Gathering("h265", 96), packetiser.picture(shot, 0, write_stamp(Stamp(at=NOON))))
    assert [(one.units, one.key) for one in found] == [(shot, True)]


@settings(deadline=None)
@given(st.data())
def test_after_a_lost_packet_nothing_is_given_until_the_next_key_frame(data: st.DataObject) -> None:
    key, between = [b"\x67s\x80", b"\x68p\x80", b"\x65" + b"k" * 300], [b"\x41" + b"b" * 300]
    shots = [key, between, between, key, between]
    packetiser = rtp.Packetiser(1, 0, 100)
    packets = [
        (number, packet)
        for number, shot in enumerate(shots)
        for packet in packetiser.picture(shot, number * 9000, write_stamp(Stamp(at=at(number))))
    ]
    lost = data.draw(st.integers(0, len(packets) - 1))
    found = _fed(Gathering("h264", 96), [one for place, (_, one) in enumerate(packets) if place != lost])
    given_at = [round((one.stamp.at - NOON).total_seconds()) for one in found]
    hit = packets[lost][0]
    assert hit not in given_at
    assert given_at == [one for one in range(5) if one < hit or (one >= 3 and hit < 3)]


def test_what_carries_no_time_is_left_out() -> None:
    packetiser, gathering = rtp.Packetiser(1), Gathering("h264", 96)
    key = [b"\x65k\x80"]
    assert _fed(gathering, packetiser.picture(key, 0)) == []
    assert len(_fed(gathering, packetiser.picture(key, 9000, write_stamp(Stamp(at=NOON))))) == 1
    assert _fed(Gathering("h264", 97), packetiser.picture(key, 9000, write_stamp(Stamp(at=NOON)))) == []


@given(moments, st.integers(0, 10**12))
def test_a_range_holds_both_times_in_whole_milliseconds(start: datetime, length: int) -> None:
    end = start + timedelta(microseconds=length)
    found = read_range(clock_range(start, end))
    assert found and found[1]
    assert timedelta() <= start - found[0] < timedelta(milliseconds=1)
    assert timedelta() <= found[1] - end < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("clock=20261122T040000Z-", (at(0), None)),
        ("clock=20261122T040000.25Z-20261122T040001Z", (at(0.25), at(1))),
        (" clock=20261122T040000.000Z-20261122T040010.500Z ", (at(0), at(10.5))),
        ("clock=20261322T040000Z-", None),
        ("npt=0-", None),
        ("clock=-20261122T040000Z", None),
        ("", None),
    ],
)
def test_ranges(header: str, found: object) -> None:
    assert read_range(header) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-22T04:00:00Z", at(0)),
        ("2026-11-22T12:00:00+08:00", at(0)),
        ("2026-11-22T04:00:00.5", at(0.5)),
        ("", None),
        (None, None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+08:00", None),
    ],
)
def test_times_in_answers(text: str | None, found: datetime | None) -> None:
    assert xml_time(text) == found


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 0.2)), min_size=1, max_size=20),
)
def test_the_clock_is_known_as_closely_as_the_answers_allow(
    true: float, trips: list[tuple[float, float, float]]
) -> None:
    readings, now = [], NOON
    for there, back, pause in trips:
        asked, now = now, now + timedelta(seconds=there)
        told = (now + timedelta(seconds=true)).replace(microsecond=0)
        now += timedelta(seconds=back)
        readings.append((asked, now, told))
        now += timedelta(seconds=pause)
    offset, doubt = clock_offset(readings)
    assert abs(offset - timedelta(seconds=true)) <= doubt + timedelta(microseconds=2)
    assert doubt <= timedelta(seconds=0.5 + max(there + back for there, back, _ in trips) / 2 + 1e-5)


def test_a_clock_that_is_set_while_it_is_read() -> None:
    readings = [(at(0), at(0.1), at(0)), (at(0.2), at(0.3), at(3600)), (at(0.4), at(0.5), at(3600))]
    offset, _doubt = clock_offset(readings)
    assert abs(offset - timedelta(hours=1)) < timedelta(seconds=1)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.binary(max_size=30), max_size=5), st.integers(1, 60))
def test_answers_and_packets_come_whole_however_they_are_cut(bodies: list[bytes], step: int) -> None:
    stream, wanted = b"", []
    for number, body in enumerate(bodies):
        head = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        stream += head + body + rtp.interleaved(0, b"\x80" * 13)
        stream += b"ANNOUNCE rtsp://h/x RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nab"
        wanted += [(str(number), body), b"\x80" * 13]
    reader, found = AnswerReader(), list[Any]()
    for begin in range(0, len(stream), step):
        for one in reader.feed(stream[begin : begin + step]):
            found.append((one.head.first("cseq"), one.body) if isinstance(one, Reply) else one.data)
    assert found == wanted


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_the_reader_never_fails_otherwise(data: bytes) -> None:
    try:
        assert all(isinstance(one, Reply | Frame) for one in AnswerReader().feed(data))
    except Nonsense:
        return


def test_a_question() -> None:
    asked = question("PLAY", "rtsp://h/card", 4, {"Require": "onvif-replay"})
    assert asked == (
        b"PLAY rtsp://h/card RTSP/1.0\r\nCSeq: 4\r\nUser-Agent: examsite\r\nRequire: onvif-replay\r\n\r\n"
    )


SDP = """v=0\r
m=audio 0 RTP/AVP 0\r
a=control:track1\r
m=video 0 RTP/AVP 97\r
a=rtpmap:97 {codec}/90000\r
a=fmtp:97 packetization-mode=1;sprop-parameter-sets=Z0I=,aM4=\r
a=control:{control}\r
"""


@pytest.mark.parametrize(
    ("codec", "control", "found"),
    [
        ("H264", "track2", "rtsp://10.0.0.7/card/track2"),
        ("h265", "rtsp://192.168.1.1:554/other", "rtsp://10.0.0.7:554/other"),
        ("H264", "*", "rtsp://10.0.0.7/card"),
        ("JPEG", "track2", ""),
    ],
)
def test_descriptions(codec: str, control: str, found: str) -> None:
    track = read_description(SDP.format(codec=codec, control=control).encode(), "rtsp://10.0.0.7/card")
    assert (track.control if track else "") == found
    if track:
        assert track.kind == 97 and track.sets == [b"\x67\x42", b"\x68\xce"]


INFORMATION = """<r xmlns="urn:x"><RecordingInformation><RecordingToken>{token}</RecordingToken>{more}
</RecordingInformation><RecordingInformation/></r>"""
TRACK = "<Track><TrackType>{kind}</TrackType><DataFrom>2026-11-22T04:00:00Z</DataFrom><DataTo>nonsense</DataTo></Track>"


@pytest.mark.parametrize(
    ("token", "more", "found"),
    [
        ("", "", []),
        ("R", "", [Recording(token="R")]),
        ("R", TRACK.format(kind="Video"), [Recording(token="R", first=at(0))]),
        ("R", TRACK.format(kind="Audio"), [Recording(token="R", video=False)]),
        (
            "R",
            "<Source><SourceId>s</SourceId></Source><EarliestRecording>2026-11-22T04:00:00</EarliestRecording>"
            "<LatestRecording>2026-11-22T12:01:00+08:00</LatestRecording>",
            [Recording(token="R", source="s", first=at(0), last=at(60))],
        ),
    ],
)
def test_what_an_answer_says_of_recordings(token: str, more: str, found: list[Recording]) -> None:
    assert read_recordings(ET.fromstring(INFORMATION.format(token=token, more=more))) == found


def test_recordings_that_can_hold_a_time_and_of_one_source_only() -> None:
    def made(
        token: str, first: float | None, last: float | None, source: str = "a", video: bool = True
    ) -> Recording:
        ends = [None if one is None else at(one) for one in (first, last)]
        return Recording(token=token, source=source, first=ends[0], last=ends[1], video=video)

    everything = [
        made("late", 50, 70),
        made("before", 0, 10),
        made("after", 100, 110),
        made("sound", 0, 100, video=False),
        made("whole", 0, 100),
        made("untold", None, None),
        made("going on", 20, 20),
    ]
    found = holding(everything, (at(40), at(60)))
    assert [one.token for one in found] == ["untold", "whole", "going on", "late"]
    one_source(found, "C1")
    one_source([made("who knows", 0, 100, "")], "C1")
    for others in ([*found, made("other lens", 0, 100, "b")], [made(one, 0, 100, "") for one in "ab"]):
        with pytest.raises(Refused):
            one_source(others, "C1")


@pytest.mark.parametrize(
    ("seconds", "goes_on"), [(0.1, True), (2.0, True), (2.1, False), (-0.5, True), (-1.0, False)]
)
def test_which_picture_goes_on_where_the_last_one_was(seconds: float, goes_on: bool) -> None:
    assert follows(at(0), at(seconds)) is goes_on


def test_a_gap_is_asked_for_three_times_and_a_camera_that_refuses_is_left_alone() -> None:
    one = Patience()
    gaps = [(at(0), at(10)), (at(20), at(30))]
    for number in range(TIMES):
        assert one.due("C1", gaps, number * AGAIN) == gaps
        one.asked("C1", gaps, number * AGAIN)
        assert one.due("C1", gaps, number * AGAIN + 1) == []
    assert one.due("C1", gaps, 1e9) == []
    assert one.due("C2", gaps, 0.0) == gaps
    one.forget("C1", gaps[:1])
    assert one.due("C1", gaps, 1e9) == gaps[1:]
    one.leave_alone("C2", 5.0)
    assert one.due("C2", gaps, 4.0) == [] and one.due("C2", gaps, 5.0) == gaps


@pytest.mark.parametrize(
    ("started", "ended", "now", "runs"),
    [
        (None, None, -10, False),
        (None, None, 10, True),
        (None, None, 4000, False),
        (-60, None, -10, True),
        (0, None, 4000, True),
        (0, 3000, 3100, False),
    ],
)
def test_when_a_sitting_runs(started: float | None, ended: float | None, now: float, runs: bool) -> None:
    order = SittingOrder(
        id="S",
        rooms=["T1"],
        opens_at=at(-600),
        starts_at=at(0),
        ends_at=at(3600),
        started_at=None if started is None else at(started),
        ended_at=None if ended is None else at(ended),
    )
    assert sitting_runs(Orders(made_at=at(0), rooms=["T1"], sittings=[order]), at(now)) is runs
    assert not sitting_runs(None, at(now))


def test_a_look_says_whether_a_card_fills_gaps() -> None:
    assert "可用存储卡补录缺口" in of_answers([MEDIA2, SEARCH, REPLAY], 2).text
    assert "存储卡" not in of_answers([MEDIA2], 2).text
