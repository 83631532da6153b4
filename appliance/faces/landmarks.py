"""The 68 landmarks of a face, and what is measured on them.

The model that ships inside face_recognition_models was trained on pictures licensed for non-commercial use
(iBUG 300-W). A site may put another dlib model with the same 68 points in its place: `faces.landmarks`; then
that package is neither imported nor needed here (the engine `dlib` still needs it, the engine `sface` does not).

Every measure is a ratio along (nearly) parallel lines or an affine coordinate, so that tilting, turning or
stretching a flat photograph leaves it as it was; only a head with depth, a moving jaw or eyelid changes it.
"""

import warnings
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.faces.port import Box, Picture

Points = npt.NDArray[np.float64]
"""68 x 2: x and y in pixels of the picture, in the order of iBUG 300-W."""

POINTS = 68
BRIDGE, NOSE, NOSE_BASE, CHIN = 27, 30, 33, 8
RIGHT_EYE, LEFT_EYE = 36, 42
LIPS = ((61, 67), (62, 66), (63, 65))


class Pose(msgspec.Struct, frozen=True):
    """How the head is held and what the face does."""

    mouth: float
    """Gap of the inner lips in lengths of the nose: 0 closed, about 0.5 wide open."""
    eyes: float
    """Opening of the eyes in lengths of the nose."""
    yaw: float
    """0 straight, positive turned to the person's own left; 0.3 is about 20 degrees."""
    roll: float
    """Degrees by which the line of the eyes leans."""


def pose(points: Points) -> Pose:
    """The measures of one face. Points that coincide give zeros, never an error."""

    def apart(one: int, other: int) -> float:
        return float(np.linalg.norm(points[one] - points[other]))

    nose = apart(BRIDGE, NOSE_BASE) or 1.0
    eyes = [apart(eye + a, eye + b) for eye in (RIGHT_EYE, LEFT_EYE) for a, b in ((1, 5), (2, 4))]
    across = points[45] - points[36]
    down = points[CHIN] - points[36]
    towards = points[NOSE] - points[36]
    area = float(across[0] * down[1] - across[1] * down[0])
    yaw = 0.0
    if abs(area) > 1e-9:
        along = float(towards[0] * down[1] - towards[1] * down[0]) / area
        below = float(across[0] * towards[1] - across[1] * towards[0]) / area
        yaw = 2 * along + below - 1  # the chin lies under the middle: it counts half
    return Pose(
        mouth=sum(apart(a, b) for a, b in LIPS) / 3 / nose,
        eyes=sum(eyes) / 4 / nose,
        yaw=yaw,
        roll=float(np.degrees(np.arctan2(across[1], across[0]))),
    )


class Landmarker:
    """Finds the points. `model`: another file in dlib's format; empty for the one that ships.

    Raises Unavailable `engine_missing` without the packages it takes, `landmarks_missing` for a file that is no
    such model.
    """

    def __init__(self, model: str = "") -> None:
        try:
            import dlib

            # The shipped model is loaded with face_recognition already: 100 MB are not spent twice.
            self._predict: Any = dlib.shape_predictor(str(Path(model))) if model else _shipped()
        except (ImportError, SystemExit) as error:  # face_recognition quits when its models are missing
            raise Unavailable(
                "engine_missing",
                N_("A package for the landmarks of a face is not installed."),
                N_(
                    "Install dlib-bin, face_recognition and its models; with faces.landmarks set dlib-bin is enough."
                ),
            ) from error
        except RuntimeError as error:
            raise _unusable(model) from error
        self._rectangle: Any = dlib.rectangle
        blank = np.zeros((100, 100, 3), np.uint8)
        if self._predict(blank, self._rectangle(20, 20, 80, 80)).num_parts != POINTS:
            raise _unusable(model)

    def find(self, picture: Picture, box: Box) -> Points:
        """The 68 points of the face in `box`."""
        place = self._rectangle(box.left, box.top, box.right, box.bottom)
        return np.array([(part.x, part.y) for part in self._predict(picture, place).parts()], np.float64)


def _unusable(model: str) -> Unavailable:
    return Unavailable(
        "landmarks_missing",
        N_("The landmark model {place} cannot be used."),
        N_("Name a dlib model of 68 points in faces.landmarks, or leave it empty."),
        place=model,
    )


def _shipped() -> Any:
    """The model inside face_recognition_models. Only here is it touched."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # face_recognition_models uses the old pkg_resources
        import face_recognition
    return face_recognition.api.pose_predictor_68_point
