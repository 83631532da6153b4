"""Whether a live picture is good enough to compare, and what the person should change.

Pure functions on one picture: size, sharpness, pose, light, and whether something covers the face. Bounds
were set on the packaged photographs and their warped copies; a site with another camera tries them. A fault
is advice, never a refusal: when the time is up the best picture seen is compared all the same.
"""

from typing import Literal

import cv2
import msgspec
import numpy as np

from appliance.faces.landmarks import Points, pose
from appliance.faces.port import Box, Picture

Fault = Literal[
    "", "no_face", "two_faces", "too_far", "too_dark", "too_bright", "covered", "turned", "blurred"
]

WIDTH = 90
"""Pixels between the sides of a face, at least."""
DARK, BRIGHT = 55.0, 220.0
"""Mean brightness of the face, 0..255."""
TURNED, LEANING = 0.22, 25.0
SHARP = 0.010
"""Variance of the Laplacian at 128 pixels, per variance of brightness."""
# The default detector sees no face at all behind a mask: then it is `no_face`, whose sentence names the mask.
OTHER_COLOUR, OTHER_LIGHT = 17.0, 70.0
"""How far (CIE Lab of 8 bits) mouth and chin may be from the cheeks before a mask is suspected."""
EYES_DARK = 0.30
"""Brightness around the eyes against the cheeks, under which dark glasses are suspected."""


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """One face in numbers."""

    width: int
    light: float
    sharpness: float
    yaw: float
    roll: float
    colour_apart: float
    """Distance of colour between cheeks and mouth with chin."""
    light_apart: float
    eyes_light: float
    """Brightness around the eyes / of the cheeks."""


def measure(picture: Picture, box: Box, points: Points) -> Measures:
    """The numbers of the face in `box`."""
    face = picture[max(0, box.top) : box.bottom, max(0, box.left) : box.right]
    gray = cv2.resize(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (128, 128), interpolation=cv2.INTER_AREA)
    held = pose(points)
    cheeks = _colour(picture, points[[41, 46, 35, 31]])
    lower = _colour(picture, points[[48, 54, 11, 8, 5]])
    around = [_colour(picture, points[one])[0] for one in ([17, 21, 39, 41, 36], [22, 26, 45, 46, 42])]
    return Measures(
        width=box.width,
        light=float(gray.mean()),
        sharpness=float(cv2.Laplacian(gray, cv2.CV_64F).var() / max(float(gray.var()), 25.0)),
        yaw=held.yaw,
        roll=held.roll,
        colour_apart=float(np.linalg.norm(cheeks[1:] - lower[1:])),
        light_apart=float(abs(cheeks[0] - lower[0])),
        eyes_light=float(max(around) / max(cheeks[0], 1.0)),
    )


def _colour(picture: Picture, outline: Points) -> Points:
    """Median Lab colour inside the hull of some points."""
    hull = cv2.convexHull(np.round(outline).astype(np.int32))
    left, top, wide, high = cv2.boundingRect(hull)
    left, top = max(left, 0), max(top, 0)
    part = picture[top : top + high, left : left + wide]
    if part.size == 0:
        return np.zeros(3)
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, hull - (left, top), 1)
    inside = cv2.cvtColor(part, cv2.COLOR_RGB2LAB)[mask > 0]
    return np.asarray(np.median(inside, axis=0)) if len(inside) else np.zeros(3)


def fault(one: Measures) -> Fault:
    """The first thing the person should change; empty when the picture is good."""
    if one.width < WIDTH:
        return "too_far"
    if one.light < DARK:
        return "too_dark"
    if one.light > BRIGHT:
        return "too_bright"
    if abs(one.yaw) > TURNED or abs(one.roll) > LEANING:
        return "turned"
    if covered(one):
        return "covered"
    return "blurred" if one.sharpness < SHARP else ""


def covered(one: Measures) -> bool:
    """Whether a mask, a hand or dark glasses are suspected."""
    return one.colour_apart > OTHER_COLOUR or one.light_apart > OTHER_LIGHT or one.eyes_light < EYES_DARK


def score(one: Measures) -> float:
    """0..1 and higher for the better of two pictures of one person; any without a fault beats any with one."""
    size = min(one.width / 300, 1.0)
    sharp = min(one.sharpness / 0.2, 1.0)
    straight = 1 - min(abs(one.yaw) / 0.6, 1.0)
    light = 1 - min(abs(one.light - 140) / 140, 1.0)
    good = (size + sharp + straight + light) / 4
    return 0.5 + good / 2 if fault(one) == "" else good / 2
