"""What is wrong with a camera's picture: black, frozen, blurred, moved. Pure functions on arrays.

A picture is its luma (uint8, height x width, any size). It is compared with a reference still taken at set-up, or
with another picture of the same camera taken seconds before. People and light in the room change all day: what is
looked for is what they do not change - that there is contrast at all, how sharp edges are, where the walls stand.
"""

from collections.abc import Iterator
from typing import Any, cast

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

WIDTH = 640
"""Pictures are looked at in this width: noise goes, and it costs milliseconds."""
DARK, DARK_PARTS = 40.0, 0.6
"""Luma the brightest hundredth of a part must reach; share of parts that may stay below: the clock is always bright."""
PLAIN, PLAIN_PARTS = 2.5, 0.65
"""Least standard deviation of a part; share of parts that may have less (a lens cap, a cloth, a hand before it)."""
FLAT = 5.0
"""Standard deviation below which a part has no edges to be sharp."""
STILL_MEAN, STILL_BLOCK = 0.1, 1.0
"""Differences of luma, in all and in the most changed block, below which two pictures are one and the same."""
EDGE = 8
"""The eighth of the height at the top and at the bottom where cameras print their clock and name."""
CODED_MEAN, CODED_BLOCK = 2.0, 6.0
"""The same where only coding may differ: mean of differences without sign, and of a block's with it."""
BLURRED = 0.4
"""Share of the reference's sharpness below which a picture is blurred."""
MOVED = 0.03
"""Share of the picture's width by which a corner of the scene may stand elsewhere."""
COLUMNS, ROWS = 4, 3
"""The picture in parts: the camera's own clock and name stay in place, and sharp, whatever happens to the rest."""
PER_PART, LEAST_PER_PART = 80, 8
"""Points looked for in a part, and fewer than which say nothing about it."""
LEAST_PARTS = 4
"""Parts of the reference that must have points."""
IN_PLACE, PARTS_IN_PLACE = 0.2, 0.5
"""Share of a part's points that must be found where they were (people cover many), share of parts of which it must
be so."""


class Compared(msgspec.Struct, kw_only=True):
    """A picture against its reference. `shift`: share of the width by which the scene has moved, 1 = another scene."""

    sharpness: float
    """Of the reference's sharpness, 1 = as sharp."""
    shift: float | None
    """None: too little to be recognised in the reference or the picture."""


def small(picture: Grey) -> Grey:
    """The picture at the width everything is looked at."""
    height = max(16, round(picture.shape[0] * WIDTH / picture.shape[1]))
    made: Any = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return cast(Grey, made)


def black(picture: Grey) -> bool:
    """Dark all over, or of one colour all over: there is nothing to be seen but the camera's own clock and name."""
    parts = list(_cut(small(picture)))
    dark = sum(np.percentile(part, 99) < DARK for part in parts)
    plain = sum(part.std() < PLAIN for part in parts)
    return bool(dark >= DARK_PARTS * len(parts) or plain >= PLAIN_PARTS * len(parts))


def _cut(seen: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The picture in 48 parts."""
    for rows in np.array_split(seen, 2 * ROWS, axis=0):
        yield from np.array_split(rows, 2 * COLUMNS, axis=1)


def hangs(earlier: Grey, later: Grey) -> bool:
    """Are two pictures taken a minute apart the same but for what the camera prints at the edges? When its sensor hangs
    its clock goes on.
    """
    edge = earlier.shape[0] // EDGE
    return earlier.shape == later.shape and frozen(earlier[edge:-edge], later[edge:-edge])


def frozen(earlier: Grey, later: Grey, idle: bool = False) -> bool:
    """Are two pictures taken seconds apart the same? A true sensor's noise alone makes them differ.

    `idle`: the camera sent next to nothing between them. Then also two that differ by coding alone are the same: what
    is coded better or worse differs everywhere a little, to both sides; a clock or a hand differs in one place.
    """
    if earlier.shape != later.shape:
        return False
    if idle:
        apart = cv2.subtract(later, earlier, dtype=cv2.CV_32F)
        height, width = apart.shape
        size = max(1, width // 16), max(1, height // 16)
        coded = np.abs(cv2.resize(apart, size, interpolation=cv2.INTER_AREA)).max() < CODED_BLOCK
        return bool(np.abs(apart).mean() < CODED_MEAN and coded)
    apart = cv2.absdiff(earlier, later)
    if apart.mean() >= STILL_MEAN:
        return False
    height, width = apart.shape
    blocks = cv2.resize(
        apart.astype(np.float32), (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA
    )
    return bool(blocks.max() < STILL_BLOCK)


def sharpness(picture: Grey) -> NDArray[np.float64]:
    """How much of the contrast of each part (of 48) lies in fine edges, in bright and dim light. 0 = a plain wall."""
    seen = cv2.GaussianBlur(small(picture), (3, 3), 0).astype(np.float32)
    edges = cv2.Laplacian(seen, cv2.CV_32F)
    found = []
    for part, edge in zip(_cut(seen), _cut(edges), strict=True):
        spread = float(part.var())
        found.append(float(edge.var()) / spread if spread > FLAT**2 else 0.0)
    return np.array(found)


def compare(picture: Grey, reference: Grey) -> Compared:
    """Sharpness and place of a picture against the reference still (same camera, any size)."""
    kept, now = sharpness(reference), sharpness(picture)
    known = kept > 0
    # Half the parts must do: digits of the camera's clock stay sharp whatever the lens does.
    share = float(np.median(now[known] / kept[known])) if known.any() else 0.0
    return Compared(sharpness=round(share, 2), shift=shift(small(picture), small(reference)))


def shift(picture: Grey, reference: Grey) -> float | None:
    """By which share of the width the scene stands elsewhere than in the reference; 1 = it is another scene.

    Points of the reference are looked for in the picture (ORB). Where those of half the parts are in place nothing
    has moved, whoever walks about; else a common movement of most parts (turn, zoom, shift) is looked for.
    """
    there, told = _points(reference)
    here, seen = _points(picture)
    parts = _parts(there, reference)
    counts = np.bincount(parts, minlength=COLUMNS * ROWS)
    known = counts >= LEAST_PER_PART
    if known.sum() < LEAST_PARTS or len(here) < LEAST_PARTS * LEAST_PER_PART:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(told, seen)
    pairs = [pair for pair in pairs if pair.distance < 64]
    old = np.array([pair.queryIdx for pair in pairs], np.int64)
    before, after = there[old], here[np.array([pair.trainIdx for pair in pairs], np.int64)]
    width, height = reference.shape[1], reference.shape[0]
    apart = np.linalg.norm(after - before, axis=1) / width
    stayed = apart < MOVED / 2
    kept = np.bincount(parts[old[stayed]], minlength=COLUMNS * ROWS) / np.maximum(counts, 1)
    if (kept[known] >= IN_PLACE).mean() >= PARTS_IN_PLACE:
        return float(round(float(np.median(apart[stayed])), 4))
    if len(pairs) < LEAST_PER_PART:
        return 1.0
    movement, fit = cv2.estimateAffinePartial2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=4.0)
    fits = np.zeros(len(pairs), bool) if fit is None else fit.ravel().astype(bool)
    agreed = np.bincount(parts[old[fits]], minlength=COLUMNS * ROWS)
    if movement is None or (agreed >= LEAST_PER_PART / 2).sum() < LEAST_PARTS:
        return 1.0
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    moved = corners @ movement[:, :2].T + movement[:, 2]
    return float(round(min(1.0, float(np.linalg.norm(moved - corners, axis=1).max()) / width), 4))


def _points(picture: Grey) -> tuple[NDArray[np.float32], Any]:
    """Points that can be found again, as many from each part: places (n x 2) and their descriptions."""
    finder: Any = cv2.ORB.create(nfeatures=6000, fastThreshold=10)
    found = sorted(finder.detect(picture), key=lambda point: -point.response)
    parts = _parts(np.array([point.pt for point in found], np.float32).reshape(-1, 2), picture)
    left = np.full(COLUMNS * ROWS, PER_PART)
    chosen = []
    for point, part in zip(found, parts, strict=True):
        if left[part]:
            left[part] -= 1
            chosen.append(point)
    chosen, told = finder.compute(picture, chosen)
    return np.array([point.pt for point in chosen], np.float32).reshape(-1, 2), told


def _parts(points: NDArray[np.float32], picture: Grey) -> NDArray[np.int64]:
    """The part each point lies in."""
    height, width = picture.shape
    columns = np.clip(points[:, 0] * COLUMNS // width, 0, COLUMNS - 1)
    rows = np.clip(points[:, 1] * ROWS // height, 0, ROWS - 1)
    made: NDArray[np.int64] = (rows * COLUMNS + columns).astype(np.int64)
    return made
