"""The code of a screen read from pictures as room cameras take them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.web.screens_seen import windows_of
from appliance.wire.recorder import CameraSpan
from cameras import screen_code
from cameras.clips.screens import windows
from cameras.picture import Grey
from cameras.screen_code import Corners
from cameras.simulator.scene import Room

NUMBER = 1_234_567
AT = datetime(2026, 11, 21, 1, 5, 12, tzinfo=UTC)


def corners(side: float, turned: float = 0.0, tilted: float = 0.0, leaning: float = 0.0) -> Corners:
    """A square of so many pixels seen turned away and from above, degrees, in a 1080p picture."""
    half = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], float) / 2
    for degrees, first, second in ((turned, 0, 2), (tilted, 1, 2), (leaning, 0, 1)):
        angle = np.radians(degrees)
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        half = half @ turn.T
    away = 5.0 + half[:, 2:]
    made: Corners = (half[:, :2] / away * 5.0 * side + [1400.3, 330.7]).astype(np.float32)
    return made


def taken(at: Corners, blur: float = 0.8, noise: float = 3.0, quality: int = 60, light: float = 1.0) -> Grey:
    """A room's picture with the screen hung at these corners, as a camera delivers it."""
    picture = Room("C1", "理论考场").picture(AT)[:1080].copy()
    screen_code.hang(picture, NUMBER, at)
    seen = cv2.GaussianBlur(picture, (0, 0), blur).astype(np.float32) * light
    seen += np.random.default_rng(3).normal(0, noise, seen.shape)
    coded = cv2.imencode(".jpg", np.clip(seen, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ]
    back: Any = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    made: Grey = back
    return made


@pytest.mark.parametrize(
    ("at", "more"),
    [
        (corners(300), {}),
        (corners(60, turned=45), {}),
        (corners(50, turned=30, tilted=25, leaning=10), {}),
        (corners(60), {"light": 0.35}),
        (corners(60), {"blur": 1.6, "noise": 6.0}),
        (corners(40), {}),
    ],
)
def test_read_from_the_wall(at: Corners, more: dict[str, float]) -> None:
    assert screen_code.read(taken(at, **more)) == [NUMBER]  # type: ignore[arg-type]


def test_nothing_is_read_where_nothing_is() -> None:
    picture = Room("C1", "理论考场").picture(AT)[:1080]
    assert screen_code.read(picture) == []
    assert screen_code.read(taken(corners(60), blur=12.0)) == []
    covered = taken(corners(120))
    covered[290:340, 1380:1420] = 90
    assert screen_code.read(covered) == []


def test_the_simulated_room_has_a_screen() -> None:
    room = Room("C1", "理论考场")
    room.show(NUMBER)
    assert screen_code.read(room.picture(AT)[:1080]) == [NUMBER]
    room.spoil("turned")
    assert screen_code.read(room.picture(AT)[:1080]) == [NUMBER], "turned away it is still in view"
    room.spoil("normal")
    room.show(None)
    assert screen_code.read(room.picture(AT)[:1080]) == []


def test_two_screens_in_one_view_are_both_read() -> None:
    picture = taken(corners(120))
    screen_code.hang(picture, 42, corners(100) + np.array([-700, 0], np.float32))
    assert sorted(screen_code.read(picture)) == [42, NUMBER]


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        (0, 120, [(15, 60), (75, 120)]),
        (30, 80, [(30, 60)]),
        (57, 82, [(57, 60), (75, 82)]),
        (0, 14, []),
        (57, 3 * 60, [(75, 120), (135, 180)]),
    ],
)
def test_where_in_a_minute_a_picture_is_looked_for(
    start: int, end: int, seconds: list[tuple[int, int]]
) -> None:
    hour = AT.replace(minute=0, second=0)
    found = windows(hour + timedelta(seconds=start), hour + timedelta(seconds=end))
    assert [((one - hour).seconds, (other - hour).seconds) for one, other in found] == seconds


@pytest.mark.parametrize("rest", [0, 5, 14, 20, 24, 25, 40, 59])
def test_a_long_stay_is_read_in_parts_with_the_same_looks(rest: int) -> None:
    """Nobody ended the sitting: it goes on until now."""
    span = CameraSpan(camera="C1", start=AT, end=AT.replace(second=0) + timedelta(hours=30, seconds=rest))
    parts = windows_of(span)
    assert parts[0].start == AT and parts[-1].end == span.end
    assert all(one.end == two.start for one, two in pairwise(parts))
    assert max(one.end - one.start for one in parts) < timedelta(minutes=31)
    assert [look for one in parts for look in windows(one.start, one.end)] == windows(span.start, span.end)
