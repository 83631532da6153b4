"""Frames of a liveness check as numbers: quick enough to see a blink.

The face is looked for around its last place; the whole picture is only searched when it is not there.
"""

import hashlib

from appliance.base.errors import Corrupt
from appliance.faces.landmarks import Landmarker, pose
from appliance.faces.liveness import FRONTAL, Frame
from appliance.faces.port import Box, Descriptor, FaceEngine, Picture, single

AROUND = 0.6
"""How much around the last place is searched, in widths of the face."""


class Watcher:
    """One person from frame to frame. `first`: how this person was described at the start."""

    def __init__(self, engine: FaceEngine, landmarks: Landmarker, first: Descriptor) -> None:
        self._engine = engine
        self._landmarks = landmarks
        self._first = first
        self._box: Box | None = None

    def frame(self, picture: Picture, at: float, want_same: bool) -> Frame:
        """One picture measured; `want_same`: hold a straight face against the first."""
        digest = hashlib.blake2b(picture.tobytes(), digest_size=16).hexdigest()
        try:
            box = single(self._find(picture))
        except Corrupt:
            self._box = None
            return Frame(at=at, digest=digest)
        self._box = box
        points = self._landmarks.find(picture, box)
        held = pose(points)
        same = None
        if want_same and abs(held.yaw) < FRONTAL:
            same = self._engine.compare(self._engine.describe(picture, box), self._first)
        # The landmarks' own middle and width: the detector's boxes come in coarse steps.
        low, high = points.min(axis=0), points.max(axis=0)
        x, y = (low + high) / 2
        width = float(high[1] - low[1])
        return Frame(at=at, digest=digest, pose=held, x=float(x), y=float(y), width=width, same=same)

    def _find(self, picture: Picture) -> list[Box]:
        if (last := self._box) is not None:
            margin = round(last.width * AROUND)
            left, top = max(0, last.left - margin), max(0, last.top - margin)
            near = picture[top : last.bottom + margin, left : last.right + margin]
            if found := self._engine.detect_near(near, last.width):
                return [box.moved(left, top) for box in found]
        return self._engine.detect(picture)
