"""Phones and other devices in a picture: a detector the site supplies, run by OpenCV. Without one none are looked for.

The model (ONNX, as YOLOv8 and YOLO11 export it without their own suppression of doubles):

* one input, 1 x 3 x 640 x 640, RGB from 0 to 1; the picture lies in the upper left corner, the rest is grey (114);
* one output, 1 x (4 + C) x N: for each of N places the middle (x, y), width and height in pixels of the input, then
  the scores (0..1) of C classes. There is no separate score of "an object".

C is the number of lines of the classes file (UTF-8, one name in each line, in the model's order).
"""

from pathlib import Path
from typing import Any

import numpy as np

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.faces.pictures import scaled
from appliance.faces.port import Picture
from appliance.wire.faceworker import Device

SIZE = 640
GREY = 114
OVERLAP = 0.5
"""Boxes of one class that overlap by more than this are one thing."""
MOST = 20
COPY = N_("Copy the detector (ONNX) and its classes to the box and name both in captures.device_model.")


def files_fault(model: str, classes: str) -> Unavailable | None:
    """What is wrong with the named files without loading the model; None when nothing is named or both are there."""
    if not model and not classes:
        return None
    for place, setting in ((model, "captures.device_model"), (classes, "captures.device_classes")):
        if not place or not Path(place).is_file():
            return Unavailable(
                "device_model_missing",
                N_("The file of {setting} is not there: {place}"),
                COPY,
                setting=setting,
                place=place or "-",
            )
    return None


class DeviceDetector:
    """A loaded model. Raises Unavailable `device_model_missing` or `device_model_unusable`."""

    def __init__(self, model: str, classes: str) -> None:
        import cv2

        if fault := files_fault(model, classes):
            raise fault
        lines = Path(classes).read_text("utf-8").splitlines()
        self._classes = [line.strip() for line in lines if line.strip()]
        self._cv: Any = cv2
        try:
            self._net: Any = cv2.dnn.readNetFromONNX(model)
            shape = self._run(np.full((SIZE, SIZE, 3), GREY, np.uint8)).shape
        except cv2.error as error:
            raise _unusable(model, str(error).strip()[:200]) from error
        if len(shape) != 3 or shape[0] != 1 or shape[1] != 4 + len(self._classes):
            found = " x ".join(str(side) for side in shape)
            raise _unusable(model, f"{found}, not 1 x (4 + {len(self._classes)}) x N")

    def find(self, picture: Picture, score: float) -> list[Device]:
        """Every device, surest first; the same thing seen twice is told once."""
        small, factor = scaled(picture, SIZE)
        frame = np.full((SIZE, SIZE, 3), GREY, np.uint8)
        frame[: small.shape[0], : small.shape[1]] = small
        rows = self._run(frame)[0].T  # N x (4 + C)
        if not len(self._classes) or not len(rows):
            return []
        kinds = rows[:, 4:].argmax(axis=1)
        scores = rows[np.arange(len(rows)), 4 + kinds]
        sure = np.flatnonzero(scores >= score)
        sure = sure[np.argsort(-scores[sure])][: MOST * 50]
        kept: list[int] = []
        for one in sure:
            index = int(one)
            same = [other for other in kept if kinds[other] == kinds[index]]
            if all(_overlap(rows[index], rows[other]) <= OVERLAP for other in same):
                kept.append(index)
            if len(kept) == MOST:
                break
        height, width = picture.shape[:2]
        found = []
        for index in kept:
            x, y, wide, high = (float(side) / factor for side in rows[index, :4])
            found.append(
                Device(
                    name=self._classes[kinds[index]],
                    score=float(scores[index]),
                    left=max(0.0, (x - wide / 2) / width),
                    top=max(0.0, (y - high / 2) / height),
                    right=min(1.0, (x + wide / 2) / width),
                    bottom=min(1.0, (y + high / 2) / height),
                )
            )
        return found

    def _run(self, frame: Picture) -> Any:
        self._net.setInput(self._cv.dnn.blobFromImage(frame, 1 / 255))  # RGB in, RGB out
        return np.asarray(self._net.forward())


def _overlap(one: Any, other: Any) -> float:
    """Shared area of two boxes (middle, size) per area of both."""
    low = np.maximum(one[:2] - one[2:4] / 2, other[:2] - other[2:4] / 2)
    high = np.minimum(one[:2] + one[2:4] / 2, other[:2] + other[2:4] / 2)
    shared = float(np.prod(np.clip(high - low, 0, None)))
    both = float(np.prod(one[2:4]) + np.prod(other[2:4])) - shared
    return shared / both if both > 0 else 0.0


def _unusable(model: str, detail: str) -> Unavailable:
    return Unavailable(
        "device_model_unusable",
        N_("The device detector {place} cannot be used: {detail}"),
        N_("It has to be a model of the shape that docs/faces.md names."),
        place=model,
        detail=detail,
    )
