"""What exam-clips reads from the screens in the cameras' views, held against the journal every few seconds.

Looked at only while a sitting runs or is near: at other times screens may be dark.
"""

from datetime import datetime, timedelta

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.flow.box import Box
from appliance.flow.screen_codes import Look, exam_is_near, judge_looks, note_screen_code
from appliance.rules.screen_code import IN_A_ROW
from appliance.wire.recorder import AlarmsKept, GetPictures, Pictures, ScreenCode, TellAlarms

TIMEOUT = 2.0
STALE = timedelta(minutes=3)
"""An older picture says nothing about now."""


class ScreenWatch:
    """The verdict on every camera that has a screen in its view. `states`: by the camera's code."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.states: dict[str, ScreenCode] = {}
        self._seen: dict[str, datetime] = {}
        self._bad: dict[str, int] = {}
        self._told: dict[str, bool] = {}
        """What exam-recorder knows: is the code missing?"""

    async def look(self) -> None:
        """Judge every picture that is new since the last time. Raises Unavailable while exam-clips is silent."""
        box = self._box
        there = {camera.code: camera.screen for camera in box.settings.cameras if camera.screen}
        if not there or not await box.db.read(exam_is_near, box):
            self.states.clear()
            self._bad.clear()
            await self._tell(dict.fromkeys(there, False))
            return
        try:
            found = await ask(box.settings.socket("clips"), GetPictures(), Pictures, TIMEOUT)
        except ExamError:
            self.states.clear()  # nobody looks: the silent process has an alarm of its own, and nothing stands as right
            self._bad.clear()
            raise
        seen = {one.camera for one in found.cameras if abs(box.now() - one.at) <= STALE}
        for camera in [one for one in self.states if one not in there or one not in seen]:
            del self.states[camera]  # no picture of now: the camera's own alarm tells why
        looks = [
            Look(camera=one.camera, screen=there[one.camera], at=one.at, numbers=one.screen_numbers)
            for one in found.cameras
            if one.camera in there and one.camera in seen and one.at != self._seen.get(one.camera)
        ]
        for look, judged in zip(looks, await box.db.read(judge_looks, box, looks), strict=True):
            self._seen[look.camera] = look.at
            bad = self._bad[look.camera] = 0 if judged.verdict == "ok" else self._bad.get(look.camera, 0) + 1
            if bad == 0 or bad >= IN_A_ROW:
                self.states[look.camera] = judged.verdict
                await box.db.write(note_screen_code, box, look, judged)
        await self._tell({camera: state != "ok" for camera, state in self.states.items()})

    async def _tell(self, missing: dict[str, bool]) -> None:
        """A code that is not seen is a row of the recorder's index too; who is silent, or could not keep it, is told
        the next time.
        """
        for camera, on in missing.items():
            if self._told.get(camera) == on:
                continue
            told = TellAlarms(camera=camera, by="screen", kinds=["code"] if on else [], at=self._box.now())
            try:
                answer = await ask(self._box.settings.socket("recorder"), told, AlarmsKept, TIMEOUT)
            except ExamError:
                return  # its silence has an alarm of its own
            if answer.kept:
                self._told[camera] = on
