"""espeak-ng as the voice, fed with pinyin.

Debian's `cmn` voice reads characters wrongly (it falls into English); `cmn-latn-pinyin` gives the right
tones.
"""

import os
import shutil
import subprocess
from pathlib import Path

from appliance.base.errors import DeviceFault, Unavailable
from appliance.base.i18n import N_
from appliance.voice.port import Spoken

MANDARIN, ENGLISH = "cmn-latn-pinyin", "en"
TIMEOUT = 10.0


class EspeakVoice:
    """The `espeak-ng` program. `speed` in words per minute."""

    name = "espeak"

    def __init__(self, speed: int = 150, program: str = "espeak-ng", voice: str = MANDARIN) -> None:
        self._speed = speed
        self._voice = voice
        self._program = program

    def render(self, announcement: Spoken, target: Path) -> None:
        """See `Voice`."""
        program = shutil.which(self._program)
        if program is None:
            raise Unavailable(
                "voice_missing",
                N_("The program {program} for spoken announcements is not installed."),
                N_("Install the Debian package espeak-ng. Calls go on silently on the display."),
                program=self._program,
            )
        spoken = announcement.pinyin()
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}.new")
        try:
            command = [program, "-v", self._voice, "-s", str(self._speed), "-w", str(scratch), "--", spoken]
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
            if done.returncode or not scratch.exists() or scratch.stat().st_size < 1000:
                raise _failed(done.stderr.decode(errors="replace"))
            with open(scratch, "rb") as written:
                os.fsync(written.fileno())
            scratch.rename(target)
        except subprocess.TimeoutExpired as error:
            raise _failed("time-out") from error
        finally:
            scratch.unlink(missing_ok=True)


def _failed(detail: str) -> DeviceFault:
    return DeviceFault(
        "voice_failed",
        N_("The announcement could not be spoken: {detail}"),
        N_("Calls go on silently on the display."),
        detail=detail.strip()[:200],
    )
