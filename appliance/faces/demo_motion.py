"""A photograph that moves: mouth, eyes and head of the packaged portraits, for tests and simulated cameras.

Landmarks are shifted and the picture follows, triangle by triangle (piecewise affine). The head is turned
as a round body with a nose on it, so that a turn looks like one and not like a tilted photograph.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from appliance.faces.landmarks import Points
from appliance.faces.port import Picture

MARGIN = 0.9
"""How much around the face takes part, in sizes of the face."""
UPPER_LIPS, LOWER_LIPS = (61, 62, 63), (65, 66, 67)
JAW = (4, 5, 6, 7, 8, 9, 10, 11, 12, 55, 56, 57, 58, 59)


class Actor:
    """A person made of one photograph who does what is asked. Every frame carries a camera's noise of its own."""

    def __init__(self, picture: Picture, points: Points, seed: int = 1) -> None:
        self._picture, self._points = picture, points
        self._noise = np.random.default_rng(seed)

    def frame(self, mouth: float = 0.0, turn: float = 0.0, shut: float = 0.0) -> Picture:
        """One picture: `mouth` in lengths of the nose, `turn` in degrees to the own left, `shut` 0..1."""
        target = turned(closed_eyes(opened(self._points, mouth), shut), turn)
        moved = warp(self._picture, self._points, target) if (mouth or turn or shut) else self._picture
        grain = self._noise.integers(-2, 3, moved.shape, np.int16)
        noisy: Picture = np.clip(moved.astype(np.int16) + grain, 0, 255).astype(np.uint8)
        return noisy

    def perform(self, prompt: str) -> Iterator[Picture]:
        """The frames of one movement, there and back; standing straight for any other prompt."""
        slow, quick = [0.0, 0.3, 0.6, 0.85, 1.0, 1.0, 0.6, 0.3, 0.0, 0.0], [0.0, 0.6, 1.0, 1.0, 0.3, 0.0]
        for share in quick if prompt not in ("open_mouth", "turn_left", "turn_right") else slow:
            match prompt:
                case "open_mouth":
                    yield self.frame(mouth=0.5 * share)
                case "turn_left":
                    yield self.frame(turn=35 * share)
                case "turn_right":
                    yield self.frame(turn=-35 * share)
                case "blink":
                    yield self.frame(shut=share)
                case _:
                    yield self.frame()


def opened(points: Points, mouth: float) -> Points:
    """The mouth opened by `mouth` lengths of the nose: lower lip and jaw go down."""
    moved = points.copy()
    nose = points[33] - points[27]
    for index in (*LOWER_LIPS, *JAW):
        moved[index] += nose * mouth
    for index in (3, 13, 48, 54, 60, 64):
        moved[index] += nose * mouth * 0.35
    return moved


def closed_eyes(points: Points, share: float) -> Points:
    """The eyes closed by `share` (0..1): upper lids come down to the lower."""
    moved = points.copy()
    for eye in (36, 42):
        for upper, lower in ((1, 5), (2, 4)):
            moved[eye + upper] += (points[eye + lower] - points[eye + upper]) * share
    return moved


def turned(points: Points, degrees: float) -> Points:
    """The head turned about its vertical axis; positive to the person's own left (to the right in the picture)."""
    middle = (points[0, 0] + points[16, 0]) / 2
    radius = abs(points[16, 0] - points[0, 0]) / 2 * 1.02
    across = np.clip((points[:, 0] - middle) / radius, -1, 1)
    depth = np.sqrt(1 - across**2) * 0.8
    depth[27:36] += np.array([0.05, 0.15, 0.27, 0.38, 0.2, 0.24, 0.28, 0.24, 0.2])
    depth[48:68] += 0.08
    angle = np.radians(degrees)
    moved = points.copy()
    moved[:, 0] = middle + radius * (across * np.cos(angle) + depth * np.sin(angle) - 0.35 * np.sin(angle))
    return moved


def warp(picture: Picture, source: Points, target: Points) -> Picture:
    """The picture with the points of `source` at those of `target`."""
    low, high = source.min(axis=0), source.max(axis=0)
    margin = (high - low) * MARGIN
    height, width = picture.shape[:2]
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.minimum(high + margin, [width - 1, height - 1]).astype(int)
    frame = [
        (x, y)
        for x in np.linspace(left, right - 1, 4)
        for y in np.linspace(top, bottom - 1, 4)
        if x in (left, right - 1) or y in (top, bottom - 1)
    ]
    before, after = np.vstack([source, frame]), np.vstack([target, frame])
    result = picture.copy()
    mouth_from = np.round(target[[60, 61, 62, 63, 64, 65, 66, 67]]).astype(np.int32)
    for corners in _triangles(before, (left, top, right - left, bottom - top)):
        one, other = before[corners].astype(np.float32), after[corners].astype(np.float32)
        x, y, wide, high_ = cv2.boundingRect(other)
        x, y = max(x, 0), max(y, 0)
        wide, high_ = min(wide, width - x), min(high_, height - y)
        if wide <= 0 or high_ <= 0:
            continue
        moving = cv2.getAffineTransform(one, other - np.array([x, y], np.float32))
        piece = cv2.warpAffine(picture, moving, (wide, high_), borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((high_, wide), np.uint8)
        cv2.fillConvexPoly(mask, np.round(other - (x, y)).astype(np.int32), 1)
        result[y : y + high_, x : x + wide][mask > 0] = piece[mask > 0]
    if np.linalg.norm(target[66] - target[62]) > np.linalg.norm(source[66] - source[62]) + 2:
        cv2.fillPoly(result, [mouth_from], (58, 24, 26), cv2.LINE_AA)  # the inside of an open mouth
    return result


def _triangles(points: Points, room: tuple[int, int, int, int]) -> list[list[int]]:
    """Delaunay triangles as indexes of points."""
    x, y, wide, high = room
    division = cv2.Subdiv2D((int(x) - 2, int(y) - 2, int(wide) + 4, int(high) + 4))
    division.insert([(float(px), float(py)) for px, py in points])
    found = []
    for triangle in np.asarray(division.getTriangleList()).reshape(-1, 3, 2):
        near = [int(np.argmin(np.abs(points - corner).sum(axis=1))) for corner in triangle]
        if len(set(near)) == 3 and np.abs(points[near] - triangle).max() < 1.0:
            found.append(near)
    return found
