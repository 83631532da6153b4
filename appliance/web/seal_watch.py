"""Follows exam-recorder's seals into the journal: exam-clips reads them beside the recordings, also while the recorder
is stopped.
"""

from appliance.base.sockets import ask
from appliance.flow.box import Box
from appliance.flow.camera_views import camera_codes
from appliance.flow.note_seals import known_heads, note_seals
from appliance.wire.seals import GetSealed, Sealed

TIMEOUT = 2.0


class SealWatch:
    """`told`: number and hash of the newest seal of each camera that the journal has for certain."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.told: dict[str, tuple[int, str]] = {}

    async def look(self) -> None:
        """Write what is new. Raises Unavailable while exam-clips is silent."""
        # One that was taken away while exam-web was away made its last seals then.
        cameras = await self._box.db.read(camera_codes, self._box) - self.told.keys()
        if cameras:
            self.told |= await self._box.db.read(known_heads, sorted(cameras))
        if not self.told:
            return
        found = await ask(self._box.settings.socket("clips"), GetSealed(self.told), Sealed, TIMEOUT)
        new = [one for one in found.heads if self.told.get(one.camera) != (one.number, one.head)]
        if new:
            await self._box.db.write(note_seals, self._box, new)
            self.told |= {one.camera: (one.number, one.head) for one in new}
