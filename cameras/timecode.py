"""Time inside a picture: a code of black and white squares that survives compression and scaling.

Two rows of 48 squares at the bottom of a 1920x1080 picture carry 96 bits, most significant first: 48 bits of
milliseconds since 1970 (UTC), 16 bits that name the camera, 32 bits CRC-32 (IEEE 802.3) of the eight bytes
before. A square left of each row is black and one right of it white, so that the reader needs no fixed level.
Written by the simulated camera, read by tests, the demo's check and whoever wants proof of a clip's time.
"""

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1920, 1080
"""The picture the measures below refer to; other sizes are scaled."""
COLUMNS, ROWS = 48, 2
SQUARE = 32
LEFT, TOP = 192, 1080 - 96
"""Place of the first square, in pixels of a 1920x1080 picture."""
BLACK, WHITE = 16, 235
"""Luma levels (ITU-R BT.709, limited range)."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONTRAST = 60
"""Least difference of luma between the black and the white reference square."""

Plane = NDArray[np.uint8]


class TimeCode(msgspec.Struct, frozen=True):
    """What a picture says: when it was taken (milliseconds exactly) and by which camera (16-bit tag)."""

    at: datetime
    tag: int


def camera_tag(code: str) -> int:
    """The 16-bit tag of a camera's code."""
    return zlib.crc32(code.encode()) & 0xFFFF


def to_bits(code: TimeCode) -> NDArray[np.uint8]:
    """96 bits as an array of 0 and 1, shape (2, 48)."""
    milliseconds = (code.at - EPOCH) // timedelta(milliseconds=1)
    body = milliseconds.to_bytes(6, "big") + code.tag.to_bytes(2, "big")
    whole = body + zlib.crc32(body).to_bytes(4, "big")
    return np.unpackbits(np.frombuffer(whole, np.uint8)).reshape(ROWS, COLUMNS)


def from_bits(bits: NDArray[Any]) -> TimeCode | None:
    """The time of 96 bits, or None when the checksum does not fit."""
    whole = np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes()
    if len(whole) != 12 or zlib.crc32(whole[:8]).to_bytes(4, "big") != whole[8:] or not any(whole[:8]):
        return None
    at = EPOCH + timedelta(milliseconds=int.from_bytes(whole[:6], "big"))
    return TimeCode(at, int.from_bytes(whole[6:8], "big"))


def draw(luma: Plane, code: TimeCode) -> None:
    """Write the code into a 1080x1920 luma plane."""
    bits = to_bits(code)
    squares = np.zeros((ROWS, COLUMNS + 2), np.uint8)
    squares[:, 1:-1] = bits
    squares[:, -1] = 1
    levels = squares * np.uint8(WHITE - BLACK) + np.uint8(BLACK)
    drawn = levels.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)
    luma[TOP : TOP + ROWS * SQUARE, LEFT - SQUARE : LEFT - SQUARE + drawn.shape[1]] = drawn


def read_luma(luma: Plane) -> TimeCode | None:
    """The time in a luma plane (height x width), or None when there is no readable code."""
    height, width = luma.shape
    across, down = width / WIDTH, height / HEIGHT
    # The middle half of each square: edges are blurred by compression and scaling.
    half_x, half_y = max(1, int(SQUARE * across / 4)), max(1, int(SQUARE * down / 4))
    means = np.empty((ROWS, COLUMNS + 2))
    for row in range(ROWS):
        y = int((TOP + (row + 0.5) * SQUARE) * down)
        for column in range(COLUMNS + 2):
            x = int((LEFT + (column - 0.5) * SQUARE) * across)
            patch = luma[max(0, y - half_y) : y + half_y, max(0, x - half_x) : x + half_x]
            if not patch.size:
                return None
            means[row, column] = patch.mean()
    black, white = means[:, 0].mean(), means[:, -1].mean()
    if white - black < CONTRAST:
        return None
    return from_bits(means[:, 1:-1] > (black + white) / 2)


def read_frame(frame: Any) -> TimeCode | None:
    """The time in a decoded `av.VideoFrame`."""
    grey: Plane = frame.to_ndarray(format="gray")
    return read_luma(grey)
