"""OpenCV's engine: YuNet finds faces, SFace describes them. The site supplies both model files.

Files: `face_detection_yunet_*.onnx` and `face_recognition_sface_*.onnx` of the OpenCV model zoo; named in the
settings as `faces.detector` and `faces.recogniser`. Distances are 1 - cosine (0..2); the makers' bound for
the same person is a cosine of 0.363, a distance of 0.637. The default bands, 0.45 and 0.60, are stricter.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.faces.pictures import scaled
from appliance.faces.port import Box, Descriptor, Picture, check_engine

DETECT_AT = 640
"""Longest side in pixels at which faces are looked for; YuNet finds faces from about 10 to 300 pixels."""
SCORE, OVERLAP, MOST = 0.8, 0.3, 20
FAINT = 0.5
"""Score from which something is a little like a face."""


class SFaceEngine:
    """YuNet and SFace. Not safe for two threads at once: the detector keeps its picture size."""

    name = "sface"

    def __init__(self, detector: str, recogniser: str) -> None:
        import cv2

        marks = [
            _mark(place, setting)
            for place, setting in ((detector, "faces.detector"), (recogniser, "faces.recogniser"))
        ]
        try:
            self._detector: Any = cv2.FaceDetectorYN.create(detector, "", (320, 320), SCORE, OVERLAP, MOST)
            self._recogniser: Any = cv2.FaceRecognizerSF.create(recogniser, "")
        except cv2.error as error:
            raise _unusable(detector, recogniser, error) from error
        self.version = f"{cv2.__version__}/{marks[0]}/{marks[1]}"

    def detect(self, picture: Picture) -> list[Box]:
        """All faces, widest first, each with its five points."""
        small, factor = scaled(picture, DETECT_AT)
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._detector.detect(_bgr(small))
        height, width = picture.shape[:2]
        boxes = []
        for row in [] if rows is None else rows:
            left, top, wide, high, *points = (float(value) / factor for value in row[:14])
            box = Box(
                max(0, round(left)),
                max(0, round(top)),
                min(width, round(left + wide)),
                min(height, round(top + high)),
                tuple(zip(points[::2], points[1::2], strict=True)),
            )
            if box.right > box.left and box.bottom > box.top:
                boxes.append(box)
        return sorted(boxes, key=lambda box: -box.width)

    def detect_near(self, picture: Picture, width: int) -> list[Box]:
        """The same as `detect`: YuNet is quick, and a part of a picture is small already."""
        return self.detect(picture)

    def detect_faint(self, picture: Picture) -> list[Box]:
        """What scores less than a face does."""
        self._detector.setScoreThreshold(FAINT)
        try:
            return self.detect(picture)
        finally:
            self._detector.setScoreThreshold(SCORE)

    def describe(self, picture: Picture, box: Box) -> Descriptor:
        """128 numbers of length 1, from the face turned upright by its five points."""
        points = [value for point in box.points for value in point]
        row = [box.left, box.top, box.width, box.bottom - box.top, *points, 1.0]
        upright = self._recogniser.alignCrop(_bgr(picture), np.array([row], np.float32))
        numbers = np.asarray(self._recogniser.feature(upright), np.float64).ravel()
        length = float(np.linalg.norm(numbers))
        return Descriptor(f"{self.name} {self.version}", numbers / length if length else numbers)

    def compare(self, one: Descriptor, other: Descriptor) -> float:
        """1 - cosine. Raises Corrupt `other_engine` for a description that is not of this engine."""
        check_engine(self, one, other)
        return 1.0 - float(np.clip(np.dot(one.numbers, other.numbers), -1.0, 1.0))


def _bgr(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, :, ::-1])


def _mark(place: str, setting: str) -> str:
    """The beginning of the file's hash: part of the engine's version, so that another model is another engine."""
    try:
        return hashlib.sha256(Path(place).read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise Unavailable(
            "model_missing",
            N_("The model file of {setting} is not there: {place}"),
            N_("Copy the YuNet and SFace model files (ONNX) to the box and name both in the settings."),
            setting=setting,
            place=place or "-",
        ) from error


def _unusable(detector: str, recogniser: str, error: Exception) -> Unavailable:
    return Unavailable(
        "model_unusable",
        N_("The model files {detector} and {recogniser} cannot be used: {detail}"),
        N_("Copy the YuNet and SFace model files (ONNX) to the box and name both in the settings."),
        detector=detector,
        recogniser=recogniser,
        detail=str(error).strip()[:200],
    )
