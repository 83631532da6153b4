"""Black, frozen, blurred, moved: on rooms that are drawn, and on arrays by chance."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cameras import picture
from cameras.picture import Grey
from cameras.simulator.scene import Room

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SCENES: Any = ("theory", "practical", "entrance")


@cache
def room(scene: Any, second: float = 0.0) -> Grey:
    """The luma of a drawn room: somebody walks, digits and squares of the clock change."""
    return Room("C1", "理论考场", scene).picture(NOW + timedelta(seconds=second))[:1080].copy()


def turned(seen: Grey, degrees: float, zoom: float = 1.0) -> Grey:
    made: Any = cv2.warpAffine(seen, cv2.getRotationMatrix2D((960, 540), degrees, zoom), (1920, 1080))
    return made


def with_clock(seen: Grey, clock: Grey) -> Grey:
    """The camera draws its digits and squares after the lens: they stay sharp and in place."""
    made = seen.copy()
    made[28:94, 28:1300] = clock[28:94, 28:1300]
    made[984:1048, 160:1760] = clock[984:1048, 160:1760]
    return made


@pytest.mark.parametrize("scene", SCENES)
def test_people_light_and_noise_are_no_fault(scene: Any) -> None:
    kept, later = room(scene), room(scene, 20.0)
    noise = np.random.default_rng(5).normal(0, 6, later.shape)
    for seen in (
        later,
        np.clip(later + noise, 0, 255).astype(np.uint8),
        (later * 0.5).astype(np.uint8),
        np.clip(later * 1.3, 0, 255).astype(np.uint8),
        cv2.resize(later, (1280, 720), interpolation=cv2.INTER_AREA),
        cv2.imdecode(cv2.imencode(".jpg", later, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 0),
    ):
        told = picture.compare(np.asarray(seen, np.uint8), kept)
        assert told.shift is not None and told.shift < 0.005
        assert told.sharpness > 0.7
        assert not picture.black(np.asarray(seen, np.uint8))
    assert not picture.frozen(kept, room(scene, 0.1))
    assert picture.frozen(kept, kept.copy())
    drawn = Room("C1", "理论考场", scene)
    drawn.hung = NOW
    later = drawn.picture(NOW + timedelta(seconds=60))[:1080].copy()
    assert picture.hangs(picture.small(kept), picture.small(later)), "its clock goes on"
    assert not picture.hangs(picture.small(kept), picture.small(room(scene, 60.0)))


@pytest.mark.parametrize("scene", SCENES)
def test_blurred_though_the_clock_stays_sharp(scene: Any) -> None:
    kept, later = room(scene), room(scene, 20.0)
    for spread in (4, 6, 10):
        seen = with_clock(np.asarray(cv2.GaussianBlur(later, (0, 0), spread), np.uint8), later)
        assert picture.compare(seen, kept).sharpness < picture.BLURRED
    assert picture.compare(np.asarray(cv2.GaussianBlur(later, (0, 0), 1), np.uint8), kept).sharpness > 0.7


@pytest.mark.parametrize("scene", SCENES)
def test_moved_though_the_clock_stays_in_place(scene: Any) -> None:
    kept, later = room(scene), room(scene, 20.0)
    for seen, least in (
        (np.roll(later, 96, axis=1), 0.045),
        (np.roll(later, 480, axis=1), 0.2),
        (turned(later, 5.0), 0.04),
        (turned(later, 0.0, 1.25), 0.1),
    ):
        told = picture.compare(with_clock(seen, later), kept)
        assert told.shift is not None and told.shift >= least > picture.MOVED
    for other in SCENES:
        if other != scene:
            assert picture.compare(with_clock(room(other), later), kept).shift == 1.0
    assert picture.compare(np.roll(later, 10, axis=1), kept).shift == pytest.approx(10 / 1920, abs=0.002)


def test_half_a_room_hidden_by_people_is_not_moved() -> None:
    kept = room("theory")
    seen = kept.copy()
    rng = np.random.default_rng(3)
    seen[380:980, 100:960] = cv2.GaussianBlur(rng.integers(20, 120, (600, 860), np.uint8), (0, 0), 8)
    told = picture.compare(seen, kept)
    assert told.shift is not None and told.shift < picture.MOVED


@pytest.mark.parametrize("level", [0, 16, 35, 130, 250])
def test_one_colour_is_black_or_covered(level: int) -> None:
    noise = np.random.default_rng(1).integers(0, 4, (1080, 1920), np.uint8)
    seen = np.full((1080, 1920), level, np.uint8) + noise
    assert picture.black(seen)
    assert picture.compare(seen, room("theory")).shift is None
    assert picture.compare(room("theory"), seen).shift is None


def test_an_exchanged_size_is_not_frozen() -> None:
    assert not picture.frozen(np.zeros((720, 1280), np.uint8), np.zeros((1080, 1920), np.uint8))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(48, 400),
    st.integers(48, 400),
    st.integers(0, 2**31),
    st.sampled_from(["any", "flat", "half"]),
)
def test_no_picture_breaks_it(height: int, width: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    seen = rng.integers(0, 256, (height, width), np.uint8)
    if kind == "flat":
        seen[:] = seen[0, 0]
    if kind == "half":
        seen[:, : width // 2] = 0
    told = picture.compare(seen, seen)
    assert told.shift is None or told.shift < picture.MOVED
    assert told.sharpness in (0.0, 1.0)
    assert picture.frozen(seen, seen)
    picture.compare(seen, room("practical"))
    assert picture.black(seen) in (True, False)
