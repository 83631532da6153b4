"""The code of a screen in a camera's picture: found, read, and drawn for the simulator (appliance/base/screen_code.py).

Looked for are dark quadrangles in a bright margin, as markers of augmented reality are; each is laid flat and must
have a frame that is dark all round, a margin that is bright all round, one white corner and a checksum that fits.
"""

from collections.abc import Iterator
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.base.screen_code import SIDE, cells, number_of
from cameras.picture import Grey

WINDOWS = (33, 71)
"""Pixels around a pixel that say what is dark there."""
LEAST_SIDE = 14
"""Pixels; of a smaller frame no cell can be told from the next one."""
ENLARGED = 3
"""Where the picture as it is shows no code it is looked at in this size: cells of two pixels become readable."""
CELL = 12
"""Pixels of a cell laid flat."""
CONTRAST = 20.0
"""Least difference of luma between margin and frame."""
FRAME_PARTS = 0.9
"""Share of the frame's and the margin's cells that must be dark and bright: a finger may lie over one."""

Corners = NDArray[np.float32]


def read(picture: Grey) -> list[int]:
    """The numbers screens in this picture show, each once; none when there is none to be read."""
    found = _read(picture)
    if not found:
        height, width = picture.shape
        size = width * ENLARGED, height * ENLARGED
        # In bands that overlap: a whole picture of this size would take 19 MB and more.
        band, step = height // 4, height // 5
        for top in range(0, height - band + 1, step):
            part = cv2.resize(
                picture[top : top + band], (size[0], band * ENLARGED), interpolation=cv2.INTER_CUBIC
            )
            found = _read(cast(Grey, part))
            if found:
                break
    return found


def _read(picture: Grey) -> list[int]:
    numbers = (_number(picture, corners) for corners in _quadrangles(picture))
    return list(dict.fromkeys(number for number in numbers if number is not None))


def _quadrangles(picture: Grey) -> Iterator[Corners]:
    for window in WINDOWS:
        dark = cv2.adaptiveThreshold(
            picture, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, 7
        )
        contours, _tree = cv2.findContours(dark, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            if len(contour) < 4 * LEAST_SIDE * 0.8:
                continue
            rough = cv2.approxPolyDP(contour, 0.06 * len(contour), True)
            if len(rough) != 4 or not cv2.isContourConvex(rough):
                continue
            corners = _refined(contour, cast(Corners, rough.reshape(4, 2).astype(np.float32)))
            sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
            if sides.min() >= LEAST_SIDE * 0.7 and sides.max() < 4 * sides.min():
                yield corners


def _refined(contour: Any, corners: Corners) -> Corners:
    """Corners where the lines through the sides' points meet: the corners themselves are rounded off."""
    points = contour.reshape(-1, 2).astype(np.float32)
    centre = corners.mean(axis=0)
    lines = []
    for first, second in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = second - first
        length = float(np.hypot(*along))
        if length < 4:
            return corners
        along = along / length
        at = (points - first) @ along
        off = np.abs((points - first) @ np.array([-along[1], along[0]]))
        near = points[(at > 0.15 * length) & (at < 0.85 * length) & (off < max(2.0, 0.06 * length))]
        if len(near) < 4:
            return corners
        vx, vy, x, y = cv2.fitLine(near, cv2.DIST_L2, 0, 0.01, 0.01).ravel()
        normal = np.array([-vy, vx])
        # The contour runs through the outermost dark pixels: the edge lies half a pixel outside.
        away = float(normal @ (np.array([x, y]) - centre))
        lines.append((normal, float(normal @ np.array([x, y])) + np.copysign(0.5, away)))
    met = []
    for (n1, d1), (n2, d2) in zip(np.roll(np.array(lines, object), 1, axis=0), lines, strict=True):
        system = np.array([n1, n2], np.float64)
        if abs(np.linalg.det(system)) < 0.2:
            return corners
        met.append(np.linalg.solve(system, np.array([d1, d2], np.float64)))
    return cast(Corners, np.array(met, np.float32))


def _number(picture: Grey, corners: Corners) -> int | None:
    side = SIDE + 2
    flat = np.array([[1, 1], [SIDE + 1, 1], [SIDE + 1, SIDE + 1], [1, SIDE + 1]], np.float32) * CELL
    if _clockwise(corners) < 0:
        corners = corners[::-1].copy()
    laid = cv2.warpPerspective(
        picture,
        cv2.getPerspectiveTransform(corners + 0.5, flat),
        (side * CELL, side * CELL),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    quarter = CELL // 4
    parts = laid.reshape(side, CELL, side, CELL)[:, quarter:-quarter, :, quarter:-quarter]
    means = parts.mean(axis=(1, 3))
    ring = np.ones((side, side), bool)
    ring[1:-1, 1:-1] = False
    frame = np.zeros((side, side), bool)
    frame[1:-1, 1:-1] = True
    frame[2:-2, 2:-2] = False
    dark, bright = float(np.median(means[frame])), float(np.median(means[ring]))
    if bright - dark < CONTRAST:
        return None
    middle = (dark + bright) / 2
    if (means[frame] < middle).mean() < FRAME_PARTS or (means[ring] > middle).mean() < FRAME_PARTS:
        return None
    white = means[2:-2, 2:-2] > middle
    for _turn in range(4):
        number = number_of([[bool(cell) for cell in row] for row in white])
        if number is not None:
            return number
        white = np.rot90(white)
    return None


def _clockwise(corners: Corners) -> float:
    """Positive when the corners run clockwise on the screen (y down)."""
    x, y = corners[:, 0], corners[:, 1]
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())


def drawn(number: int, cell: int = 16) -> Grey:
    """The code with its margin as luma: (SIDE + 2) * cell pixels square."""
    whole = np.ones((SIDE + 2, SIDE + 2), np.uint8)
    whole[1:-1, 1:-1] = np.array(cells(number), np.uint8)
    made: Grey = (whole * np.uint8(219) + np.uint8(16)).repeat(cell, axis=0).repeat(cell, axis=1)
    return made


def hang(luma: Grey, number: int, corners: Corners) -> None:
    """Draw the code's margin into these corners of a picture: top left, top right, bottom right, bottom left."""
    code = drawn(number)
    size = code.shape[0]
    flat = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    shape = luma.shape[1], luma.shape[0]
    onto = cv2.getPerspectiveTransform(flat, corners)
    shown = cv2.warpPerspective(code, onto, shape, flags=cv2.INTER_AREA)
    share = cv2.warpPerspective(np.full_like(code, 255), onto, shape, flags=cv2.INTER_AREA) / 255.0
    luma[:] = (luma * (1 - share) + shown * share).astype(np.uint8)
