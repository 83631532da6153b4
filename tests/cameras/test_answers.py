"""What cameras say, read: Media2, RTSP, WS-Discovery, addresses; and what is made of it."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base.errors import Corrupt, Refused
from appliance.base.i18n import N_, _, in_language, set_language
from appliance.wire.cameras import CheckLine, Sentence, in_one_line
from cameras import address, checks, media2, rtp_h265, rtsp_ask, rtsp_door, wsdiscovery
from cameras.measure import Measured, codec_name
from cameras.media2 import MEDIA2, Profile
from cameras.onvif import Device
from cameras.onvif_client import EVENTS
from cameras.picture import Compared
from cameras.simulator import soap
from cameras.tell import CODES, columns, lines, of_checks, table

CAMERA = soap.Camera(
    base="http://h:1", stream="rtsp://h:2/s?a=1&b", snapshot="http://h:1/s.jpg", user="", password=""
)
PROFILE = Profile(token="main", codec="H265", width=1920, height=1080, fps=25.0, bitrate_kbps=4096)
MEASURED = Measured(width=1920, height=1080, fps=25.0, codec="H265", bitrate_kbps=4000, key_interval_s=2.0)


def reply(operation: str, **more: object) -> bytes:
    camera = msgspec.structs.replace(CAMERA, authentication="none", **more)
    call = soap.Call(operation, MEDIA2, {"ProfileToken": "main"}, {})
    return soap.answer(camera, call, wsdiscovery_now(), True)[1]


def wsdiscovery_now() -> object:
    from datetime import UTC, datetime

    return datetime(2026, 11, 21, tzinfo=UTC)


def test_media2_is_read_as_the_simulator_writes_it() -> None:
    told = media2.read_profiles(
        media2.answer(reply("GetProfiles", codec="h265", fps=25, key_every=2.0), "GetProfiles")
    )
    assert told == [msgspec.structs.replace(PROFILE, key_interval_s=2.0)]
    assert media2.read_uri(media2.answer(reply("GetStreamUri"), "GetStreamUri")) == CAMERA.stream
    options = "GetVideoEncoderConfigurationOptions"
    assert media2.read_sizes(media2.answer(reply(options), options)) == [(1920, 1080)]
    assert media2.read_sizes(media2.answer(reply(options, empty_options=True), options)) == []
    with pytest.raises(media2.Fault, match="ActionNotSupported"):
        media2.answer(reply("GetMasks"), "GetMasks")
    sent = soap.read_call(media2.envelope("GetStreamUri", [("ProfileToken", "<&>")]))
    assert sent and (sent.operation, sent.namespace, sent.profile) == ("GetStreamUri", MEDIA2, "<&>")


@given(st.binary(max_size=300))
def test_nonsense_is_no_answer(body: bytes) -> None:
    assert media2.answer(body, "GetProfiles") is None
    assert media2.answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + body, "GetProfiles") is None
    assert wsdiscovery.read_matches(body) == []


@given(st.text(alphabet="0123456789.-einfa ", max_size=8))
def test_odd_numbers_are_no_numbers(text: str) -> None:
    body = (
        f"<E><Body><GetProfilesResponse><Profiles token='a'><Configurations><VideoEncoder GovLength='{text}'>"
        f"<Resolution><Width>{text}</Width></Resolution><RateControl><FrameRateLimit>{text}</FrameRateLimit>"
        "</RateControl></VideoEncoder></Configurations></Profiles></GetProfilesResponse></Body></E>"
    )
    (told,) = media2.read_profiles(media2.answer(body.encode(), "GetProfiles"))
    assert told.width >= 0 and told.fps >= 0 and told.key_interval_s >= 0 and told.codec == ""


@given(st.binary(max_size=200))
def test_any_bytes_can_be_an_rtsp_answer(head: bytes) -> None:
    told = rtsp_ask.read_answer(head)
    assert told is None or 100 <= told.status < 600
    if told:
        rtsp_ask.proof(told, "rtsp://h/s", "u", "p")


def test_a_digest_is_chosen_and_basic_is_not_proven() -> None:
    head = (
        b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n'
        b'WWW-Authenticate: Digest realm="x", nonce="1"\r\nCSeq: 1'
    )
    told = rtsp_ask.read_answer(head)
    assert told and told.status == 401 and len(told.every("www-authenticate")) == 2
    assert 'username="u"' in rtsp_ask.proof(told, "rtsp://h/s", "u", "secret")
    assert "secret" not in rtsp_ask.proof(told, "rtsp://h/s", "u", "secret")
    basic = rtsp_ask.Answer(401, [("www-authenticate", 'Basic realm="x"')])
    assert rtsp_ask.proof(basic, "rtsp://h/s", "u", "secret") == ""


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=30)), max_size=4), st.binary(max_size=20))
def test_what_ffmpeg_reads_holds_one_answer_only(headers: list[tuple[str, str]], body: bytes) -> None:
    """No header of a camera can end the head early, and begin a redirection of its own."""
    made = rtsp_door.written_anew(rtsp_ask.Answer(200, headers), body)
    head, end, rest = made.partition(b"\r\n\r\n")
    assert end and rest == body and head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r")
    assert b"\n\n" not in made.removesuffix(body)
    assert b"location" not in {line.split(b":")[0] for line in head.lower().split(b"\r\n")}


def test_the_door_lets_no_question_for_the_clear_password_in() -> None:
    asked = [("www-authenticate", 'Basic realm="x"'), ("www-authenticate", 'Digest realm="x", nonce="1"')]
    made = rtsp_door.written_anew(rtsp_ask.Answer(401, asked), b"")
    assert b"Digest" in made and b"Basic" not in made


def test_addresses() -> None:
    assert address.rewritten("rtsp://u:p@10.0.0.9:554/s?a", "h") == "rtsp://h:554/s?a"
    assert address.rewritten("http://x/onvif", "fe80::1") == "http://[fe80::1]/onvif"
    for bad in ("", "nothing", "http://h:99999/x"):
        with pytest.raises(ValueError):
            address.rewritten(bad, "h")
    for bad in ("", ":80", "h:0", "h:x", "h:70000", "a b"):
        with pytest.raises(Corrupt):
            address.split_address(bad)
    assert address.split_address("[fe80::1]:8000") == ("fe80::1", 8000)


@given(st.lists(st.binary(min_size=3, max_size=4000), min_size=1, max_size=6), st.integers(20, 1500))
def test_h265_payloads_put_together_again(units: list[bytes], limit: int) -> None:
    found: list[bytes] = []
    for body in rtp_h265.payloads(units, limit):
        assert len(body) <= limit
        kind = rtp_h265.kind(body)
        if kind == rtp_h265.AP and not any(unit == body for unit in units):
            at = 2
            while at < len(body):
                size = int.from_bytes(body[at : at + 2], "big")
                found.append(body[at + 2 : at + 2 + size])
                at += 2 + size
        elif kind == rtp_h265.FU and not any(unit == body for unit in units):
            if body[2] & 0x80:
                found.append(bytes([body[0] & 0x81 | (body[2] & 0x3F) << 1, body[1]]))
            found[-1] += body[3:]
        else:
            found.append(body)
    assert found == units


def ok(found: list[checks.Check]) -> dict[str, bool | None]:
    return {check.code: check.ok for check in found}


@pytest.mark.parametrize(
    ("changed", "bad"),
    [
        ({}, []),
        ({"width": 1080, "height": 1920}, ["resolution_as_claimed"]),
        ({"width": 1280, "height": 720}, ["measured_resolution", "resolution_as_claimed"]),
        ({"width": 1920, "height": 1079}, ["measured_resolution", "resolution_as_claimed"]),
        ({"codec": "H264"}, ["codec"]),
        ({"codec": "MJPEG"}, ["codec"]),
        ({"fps": 17.0}, ["frame_rate"]),
        ({"bitrate_kbps": 6200}, ["bitrate"]),
        ({"key_interval_s": 5.1}, ["key_interval"]),
        ({"key_interval_s": 0.0}, ["key_interval"]),
    ],
)
def test_a_stream_against_its_claims(changed: dict[str, object], bad: list[str]) -> None:
    told = ok(checks.of_stream(msgspec.structs.replace(MEASURED, **changed), PROFILE))
    assert [code for code, holds in told.items() if holds is False] == bad


def test_what_cannot_be_measured_or_is_not_claimed() -> None:
    told = ok(checks.of_stream(msgspec.structs.replace(MEASURED, fps=0.0, bitrate_kbps=0), None))
    assert told["frame_rate"] is None and told["bitrate"] is None and "resolution_as_claimed" not in told
    assert checks.of_claim(msgspec.structs.replace(PROFILE, width=0, height=0)).ok is None
    assert checks.of_clock(None).ok is None and checks.of_clock(-2.1).ok is False and checks.of_clock(2.0).ok
    assert checks.of_answers([MEDIA2], 1).ok is False, "offered, and does not answer"
    assert checks.of_answers([MEDIA2], 2).ok and codec_name("hevc") == codec_name("H.265") == "H265"


@pytest.mark.parametrize(
    ("compared", "blurred", "moved"),
    [
        (None, None, None),
        (Compared(sharpness=1.0, shift=0.0), True, True),
        (Compared(sharpness=0.2, shift=1.0), False, None),
        (Compared(sharpness=0.9, shift=0.04), True, False),
        (Compared(sharpness=0.9, shift=None), True, None),
    ],
)
def test_pictures_judged(compared: Compared | None, blurred: bool | None, moved: bool | None) -> None:
    told = ok(checks.of_picture(False, None, compared, []))
    assert (told["picture_blurred"], told["picture_moved"], told["picture_frozen"]) == (blurred, moved, None)


@pytest.mark.parametrize("password", ["admin", "ADMIN", "12345", "", "user1"])
def test_factory_passwords(password: str) -> None:
    assert ok(checks.of_password("user1", password, False))["password_not_factory"] is False
    assert ok(checks.of_password("user1", "k7#Lamp-river", False))["password_not_factory"] is True


def test_what_was_found_is_read_in_any_language() -> None:
    """Found by somebody who reads Chinese, kept, and read by somebody who reads English."""
    refused = Refused("x", N_("There is no room {room}."), N_("Known are: {known}."), room="T9", known="T1")
    with in_language("zh_CN"):
        found = [checks.of_clock(-0.3), checks.of_answers([EVENTS], 2), checks.of_fault("answers", refused)]
        kept = msgspec.json.encode(lines(found))
        device = Device(manufacturer="Acme", model="X1", firmware="", serial="7")
        model = msgspec.json.decode(msgspec.json.encode(device.told), type=list[Sentence])
    told = msgspec.json.decode(kept, type=list[CheckLine])
    with in_language("en"):
        assert [(_(one.word), one.text) for one in told] == [
            ("clock", "The camera's clock is 0.3 s slow."),
            ("ONVIF services", "ONVIF answers: Media2, events, no Media1."),
            ("answers", "There is no room T9. Known are: T1."),
        ]
        assert in_one_line(model) == "maker Acme · model X1 · serial number 7"
    with in_language("zh_CN"):
        assert [_(one.word) for one in told][:2] == ["时钟", "ONVIF 服务"]
        assert in_one_line(model) == "厂家 Acme · 型号 X1 · 序列号 7"
        assert "Media2、事件、" in told[1].text and told[2].text.startswith("没有考场 T9")


def test_the_table_lines_up_in_chinese() -> None:
    set_language("zh_CN")
    every = [checks.Check(code=code, ok=holds, detail="x") for code in CODES for holds in (True, False, None)]
    lines = of_checks(every)
    assert {columns(line) for line in lines} == {columns(lines[0])} and len(lines) == 3 * len(CODES)
    assert "移位" in "".join(lines) and table([]) == []


def test_every_check_code_has_its_words() -> None:
    import ast

    sources = [
        Path(checks.__file__),
        *(Path(checks.__file__).with_name(f"{name}.py") for name in ("probe", "check")),
    ]
    used = {
        keyword.value.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Check"
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert used and used <= set(CODES)


@given(
    st.text("a\r\n", max_size=12),
    st.sampled_from(["\r\n\r\n", "\n\n"]),
    st.text("b\r\n", max_size=6),
    st.data(),
)
def test_a_head_ends_at_its_first_empty_line_however_it_comes(
    head: str, end: str, rest: str, data: st.DataObject
) -> None:
    whole = (head + end + rest).encode()
    ends = min(at + len(one) for one in rtsp_door.ENDS if (at := whole.find(one)) >= 0)
    cut = data.draw(st.integers(0, ends - 1))
    first = whole[:cut]
    if first:
        assert rtsp_door.up_to_the_end(b"", first) == len(first)
    assert cut + rtsp_door.up_to_the_end(first[-3:], whole[cut:]) == ends
