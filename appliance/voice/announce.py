"""Announcement files by what they say: the same call is rendered once and played again."""

import hashlib
from pathlib import Path

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.voice.espeak import ENGLISH, MANDARIN, EspeakVoice
from appliance.voice.port import Spoken, Voice


def load(engine: str, speed: int, language: str = "zh") -> Voice:
    """The voice the settings name; `language`: zh or en. Raises Corrupt `unknown_voice`."""
    if engine != "espeak":
        raise Corrupt(
            "unknown_voice", N_("There is no voice {name}."), N_("Set voice.engine to espeak."), name=engine
        )
    return EspeakVoice(speed, voice=ENGLISH if language == "en" else MANDARIN)


def sound_file(voice: Voice, announcement: Spoken, folder: Path, speed: int = 150) -> Path:
    """The WAV file of an announcement in `folder`, rendered now unless it is there already."""
    said = f"{voice.name} {speed} {announcement.pinyin()}"
    target = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.wav"
    if not target.exists():
        voice.render(announcement, target)
    return target
