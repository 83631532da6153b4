"""Announcements: what is said, and that it can be heard."""

import array
import wave
from pathlib import Path

import pytest

from appliance.base.errors import Corrupt, DeviceFault, Unavailable
from appliance.voice import pinyin
from appliance.voice.announce import load, sound_file
from appliance.voice.espeak import EspeakVoice
from appliance.voice.port import Announcement

CALL = Announcement(ticket="A003", room="theory", place="12")


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (0, "ling2"),
        (3, "san1"),
        (10, "shi2"),
        (12, "shi2 er4"),
        (20, "er4 shi2"),
        (60, "liu4 shi2"),
        (99, "jiu3 shi2 jiu3"),
        (100, "yi4 bai3"),
        (103, "yi4 bai3 ling2 san1"),
        (110, "yi4 bai3 yi1 shi2"),
        (212, "er4 bai3 yi1 shi2 er4"),
        (1001, "yi4 qian1 ling2 yi1"),
        (1010, "yi4 qian1 ling2 yi1 shi2"),
        (9999, "jiu3 qian1 jiu3 bai3 jiu3 shi2 jiu3"),
    ],
)
def test_quantities(number: int, spoken: str) -> None:
    assert pinyin.quantity(number) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("A003", "A ling2 ling2 san1"), ("b120", "B yi1 er4 ling2"), ("L-07", "L ling2 qi1"), ("42", "si4 er4")],
)
def test_tickets_are_spelled(text: str, spoken: str) -> None:
    assert pinyin.spelled(text) == spoken


@pytest.mark.parametrize(("text", "spoken"), [("03", "san1"), ("12", "shi2 er4"), ("K1-03", "K yi1 san1")])
def test_places_are_counted(text: str, spoken: str) -> None:
    assert pinyin.place(text) == spoken


def test_sentences() -> None:
    assert CALL.text() == "请A003号考生到理论考场12号考位"
    assert CALL.pinyin() == (
        "qing3 A ling2 ling2 san1 hao4 kao3 sheng1, dao4 li3 lun4 kao3 chang3 shi2 er4 hao4 kao3 wei4"
    )
    practical = Announcement(ticket="B1", room="practical", place="02")
    assert practical.text() == "请B1号考生到实操考室2号工位"
    assert practical.pinyin().endswith("dao4 shi2 cao1 kao3 shi4 er4 hao4 gong1 wei4")
    assert Announcement(ticket="B1", room="waiting").text() == "请B1号考生到候考室"


@pytest.mark.parametrize("ticket", ["张三", "", "A;rm", "--", "-x"])
def test_names_and_other_things_are_never_spoken(ticket: str) -> None:
    if ticket == "-x":
        assert Announcement(ticket=ticket, room="theory").pinyin().startswith("qing3 X")
        return
    with pytest.raises(Corrupt) as caught:
        Announcement(ticket=ticket, room="theory").pinyin()
    assert caught.value.code == "unspeakable"


def test_an_announcement_can_be_heard(tmp_path: Path) -> None:
    voice = load("espeak", 150)
    path = sound_file(voice, CALL, tmp_path)
    with wave.open(str(path)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
        samples = array.array("h", sound.readframes(sound.getnframes()))
    assert 3 < seconds < 15
    assert max(abs(s) for s in samples) > 3000
    stamp = path.stat().st_mtime_ns
    assert sound_file(voice, CALL, tmp_path) == path and path.stat().st_mtime_ns == stamp
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_or_failing_voice_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as missing:
        EspeakVoice(program="no-such-voice").render(CALL, tmp_path / "a.wav")
    assert missing.value.code == "voice_missing"
    with pytest.raises(DeviceFault) as failing:
        EspeakVoice(program="false").render(CALL, tmp_path / "a.wav")
    assert failing.value.code == "voice_failed" and list(tmp_path.iterdir()) == []
    with pytest.raises(Corrupt):
        load("nothing", 150)
