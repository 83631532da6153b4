"""What a seat's camera saw: who sits there, how, like whom, and with what. It says what is seen; a person judges."""

import hashlib
import logging
import time
from collections import OrderedDict
from typing import Literal

from appliance.base.errors import Corrupt, ExamError
from appliance.faces import pictures, quality
from appliance.faces.devices import DeviceDetector
from appliance.faces.landmarks import Landmarker
from appliance.faces.port import Box, Descriptor, FaceEngine, Picture, describe_single, single
from appliance.wire.faceworker import Likeness, Photo, Studied, Study

Seen = Literal["face", "several", "turned", "covered", "nobody"]

log = logging.getLogger("examsite.faces")
REMEMBERED = 150
"""Descriptions of photographs kept in memory (1 kB each): a room of 60 has two each, and comes round again."""
AWAY = 0.45
"""Yaw (landmarks.Pose) from which somebody looks away from the screen: about 30 degrees."""
FLAT, DARK = 6.0, 12.0
"""Spread and mean of brightness below which the lens is covered."""


class Student:
    """An engine that looks at captures, with the site's detector of devices if it has one."""

    def __init__(
        self, engine: FaceEngine, landmarks: Landmarker, device_model: str = "", device_classes: str = ""
    ) -> None:
        self._engine = engine
        self._landmarks = landmarks
        self._known: OrderedDict[bytes, Descriptor | None] = OrderedDict()
        self._devices: DeviceDetector | None = None
        self._device_fault = ""
        if device_model or device_classes:
            try:
                self._devices = DeviceDetector(device_model, device_classes)
            except ExamError as error:  # faces are looked at all the same
                log.error("%s", error.text())
                self._device_fault = error.code

    def study(self, request: Study) -> Studied:
        """One capture."""
        started = time.monotonic()
        found = Studied(
            engine=self._engine.name, version=self._engine.version, device_fault=self._device_fault
        )
        try:
            picture = pictures.decode(request.picture)
        except Corrupt as error:
            found.cause = error.code
            return found
        found.photos = len(request.photos)
        boxes = self._engine.detect(picture)
        found.faces = len(boxes)
        found.seen, box = self._seen(picture, boxes, found)
        if box is not None and request.photos:
            live = self._engine.describe(picture, box)
            found.compared = [self._compare(live, one) for one in request.photos]
            found.photos = sum(one.distance is not None for one in found.compared)
        if self._devices:
            wanted = set(request.devices)
            devices = self._devices.find(picture, request.device_score)
            found.devices = [one for one in devices if not wanted or one.name in wanted]
        found.seconds = time.monotonic() - started
        return found

    def _seen(self, picture: Picture, boxes: list[Box], found: Studied) -> tuple[Seen, Box | None]:
        """What is before the camera, and the face to compare: only one alone that looks here."""
        try:
            box = single(boxes)
        except Corrupt as error:
            if error.code == "two_faces":
                return "several", None
            return self._without_face(picture, found), None
        measures = quality.measure(picture, box, self._landmarks.find(picture, box))
        found.yaw = measures.yaw
        if abs(measures.yaw) > AWAY:
            return "turned", None
        return ("covered", None) if quality.covered(measures) else ("face", box)

    def _without_face(self, picture: Picture, found: Studied) -> Seen:
        """No face at all: a covered lens, somebody turned far away or masked, or an empty chair."""
        if float(picture.std()) < FLAT or float(picture.mean()) < DARK:
            return "covered"
        faint = self._engine.detect_faint(picture)
        if not faint:
            return "nobody"
        measures = quality.measure(picture, faint[0], self._landmarks.find(picture, faint[0]))
        found.yaw = measures.yaw
        return "covered" if quality.covered(measures) else "turned"

    def _compare(self, live: Descriptor, photo: Photo) -> Likeness:
        key = hashlib.sha256(photo.picture).digest()
        if key not in self._known:
            try:
                self._known[key] = describe_single(self._engine, pictures.decode(photo.picture))
            except Corrupt:
                self._known[key] = None
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        known = self._known[key]
        return Likeness(kind=photo.kind, distance=self._engine.compare(live, known) if known else None)
