"""What the product knows of a face engine, whichever it is.

A picture is an RGB array (height, width, 3) of bytes. Descriptors of different engines are never compared:
name and version are stored with every decision.
"""

from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

Picture = npt.NDArray[np.uint8]


class Descriptor(msgspec.Struct, frozen=True, eq=False):
    """A face as numbers of one engine; it lives in a worker's memory and is never stored."""

    engine: str
    """Name and version of the engine, its models included."""
    numbers: npt.NDArray[np.float64]


class Box(msgspec.Struct, frozen=True):
    """Where a face is, in pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int
    points: tuple[tuple[float, float], ...] = ()
    """What the detector itself saw, if it tells: right eye, left eye, nose, right and left corner of the mouth."""

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    def moved(self, x: int, y: int) -> "Box":
        """The same face in a picture of which the first was a part, cut out at x, y."""
        points = tuple((px + x, py + y) for px, py in self.points)
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y, points)


class FaceEngine(Protocol):
    """An engine: finds faces, describes one, measures how far two descriptions are apart."""

    name: str
    version: str

    def detect(self, picture: Picture) -> list[Box]:
        """All faces, largest first."""
        ...

    def detect_near(self, picture: Picture, width: int) -> list[Box]:
        """Faces about `width` pixels wide in a small part of a picture: quick, for watching one person."""
        ...

    def detect_faint(self, picture: Picture) -> list[Box]:
        """What is a little like a face, where `detect` saw none: turned far away, behind a mask or a hand."""
        ...

    def describe(self, picture: Picture, box: Box) -> Descriptor:
        """The face in `box` as numbers."""
        ...

    def compare(self, one: Descriptor, other: Descriptor) -> float:
        """Distance of two descriptions of this engine; 0 = the same picture."""
        ...


def check_engine(engine: FaceEngine, *descriptors: Descriptor) -> None:
    """Raise Corrupt `other_engine` unless all were made by this engine in this version."""
    for one in descriptors:
        if one.engine != f"{engine.name} {engine.version}":
            raise Corrupt(
                "other_engine",
                N_("Faces described by different engines cannot be compared: {one} and {other}."),
                N_("Describe both photographs again with one engine."),
                one=one.engine,
                other=f"{engine.name} {engine.version}",
            )


BYSTANDER = 0.6
"""Faces narrower than this share of the largest belong to people further back in the queue."""


def single(boxes: list[Box]) -> Box:
    """The one face that stands in front. Raises Corrupt `no_face` or `two_faces`."""
    if not boxes:
        raise Corrupt(
            "no_face",
            N_("No face was found in the picture."),
            N_("Look straight into the camera, without mask or hat, in good light."),
        )
    largest = max(boxes, key=lambda box: box.width)
    if sum(box.width >= BYSTANDER * largest.width for box in boxes) > 1:
        raise Corrupt(
            "two_faces",
            N_("More than one face is in the picture."),
            N_("One person at a time stands before the camera."),
        )
    return largest


def describe_single(engine: FaceEngine, picture: Picture) -> Descriptor:
    """The description of the one face in front. Raises Corrupt `no_face` or `two_faces`."""
    return engine.describe(picture, single(engine.detect(picture)))
