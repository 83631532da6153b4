"""What the entrance says: every prompt of the face check, heard and not only shown."""

import re
import wave
from pathlib import Path

import pytest

from appliance.base.errors import Corrupt
from appliance.faces import prompts
from appliance.voice.announce import sound_file
from appliance.voice.espeak import EspeakVoice
from appliance.voice.prompts import SAID, TOLD, Prompt

SYLLABLE = re.compile(r"[a-z]+[1-5]")


def test_every_prompt_on_the_screen_can_be_spoken() -> None:
    assert set(SAID) == set(prompts.SENTENCES)
    assert not set(SAID) & set(TOLD)
    for text, pinyin in (SAID | TOLD).values():
        syllables = SYLLABLE.findall(pinyin)
        assert len(syllables) == len(re.findall(r"[\u4e00-\u9fff]", text)), text
        assert not SYLLABLE.sub("", pinyin).strip(" ,"), pinyin
    with pytest.raises(Corrupt):
        Prompt("nothing").pinyin()


def test_a_prompt_becomes_a_sound(tmp_path: Path) -> None:
    voice = EspeakVoice()
    path = sound_file(voice, Prompt("turn_left"), tmp_path)
    with wave.open(str(path)) as sound:
        assert sound.getnframes() / sound.getframerate() > 1.0
    assert sound_file(voice, Prompt("turn_left"), tmp_path) == path
    assert sound_file(voice, Prompt("turn_right"), tmp_path) != path
