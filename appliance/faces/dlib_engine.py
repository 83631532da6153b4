"""The default engine: dlib's HOG detector and ResNet description through face_recognition.

The description uses the 5-point landmark model. Distances are Euclidean over 128 numbers; the makers' own
bound of 0.6 was found on Western faces and is too wide for East Asian ones: a site sets its bands from its
own pairs.
"""

import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.faces.pictures import scaled
from appliance.faces.port import Box, Descriptor, Picture, check_engine

DETECT_AT = 640
"""Longest side in pixels at which faces are looked for; the detector's smallest face is 80 pixels."""

FAINT = -0.45
"""How far below its own bound the detector is asked for faint faces; lower it sees them in grass and coins."""

NEAR = 120
"""Width in pixels to which a face is scaled when its place is about known."""


class DlibEngine:
    """dlib through face_recognition. Not safe for two threads at once."""

    name = "dlib"

    def __init__(self) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # face_recognition_models uses the old pkg_resources
                import dlib
                import face_recognition
        except (ImportError, SystemExit) as error:  # face_recognition quits when its models are missing
            raise Unavailable(
                "engine_missing",
                N_("The face engine {name} is not installed."),
                N_("Install the packages dlib-bin, face_recognition and face_recognition_models."),
                name=self.name,
            ) from error
        try:
            models = version("face_recognition_models")
        except PackageNotFoundError:
            models = "?"
        self.version = f"{dlib.__version__}/{models}"
        self._api = face_recognition
        self._faint: Any = dlib.get_frontal_face_detector()

    def detect(self, picture: Picture) -> list[Box]:
        """All faces, largest first.

        Small pictures are enlarged; a second, finer look when nothing is found.
        """
        small, factor = scaled(picture, DETECT_AT)
        found = self._api.face_locations(small, 0) or self._api.face_locations(small, 1)
        return _boxes(picture, found, factor)

    def detect_near(self, picture: Picture, width: int) -> list[Box]:
        """Faces about `width` pixels wide, looked for at NEAR pixels."""
        small, factor = scaled(picture, round(max(picture.shape[:2]) * NEAR / max(width, 1)))
        return _boxes(picture, self._api.face_locations(small, 0), factor)

    def detect_faint(self, picture: Picture) -> list[Box]:
        """What lies below the detector's own bound, likeliest first."""
        small, factor = scaled(picture, DETECT_AT)
        found, _scores, _kinds = self._faint.run(small, 0, FAINT)
        sides = [(one.top(), one.right(), one.bottom(), one.left()) for one in found]
        return _boxes(picture, sides, factor)

    def describe(self, picture: Picture, box: Box) -> Descriptor:
        """128 numbers."""
        place = [(box.top, box.right, box.bottom, box.left)]
        return Descriptor(f"{self.name} {self.version}", self._api.face_encodings(picture, place)[0])

    def compare(self, one: Descriptor, other: Descriptor) -> float:
        """Euclidean distance. Raises Corrupt `other_engine` for a description that is not of this engine."""
        check_engine(self, one, other)
        return float(np.linalg.norm(one.numbers - other.numbers))


def _boxes(picture: Picture, found: list[tuple[int, int, int, int]], factor: float) -> list[Box]:
    height, width = picture.shape[:2]
    boxes = [
        Box(
            max(0, round(left / factor)),
            max(0, round(top / factor)),
            min(width, round(right / factor)),
            min(height, round(bottom / factor)),
        )
        for top, right, bottom, left in found
    ]
    return sorted(boxes, key=lambda box: -box.width)
