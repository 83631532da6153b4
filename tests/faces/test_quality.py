"""What a live picture lacks: tables on warped and altered copies of real photographs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.base.i18n import in_language, translate
from appliance.faces import demo_people, liveness, pictures, prompts, quality
from appliance.faces.demo_motion import turned, warp
from appliance.faces.landmarks import Landmarker, Points, pose
from appliance.faces.lane import FaceWorker
from appliance.faces.port import Box, FaceEngine, Picture
from appliance.wire.faceworker import Reference

Change = Callable[[Picture, Points], Picture]
GRAY = (168, 172, 176)


@pytest.fixture(scope="session")
def landmarker() -> Landmarker:
    return Landmarker()


def further(picture: Picture, share: float) -> Picture:
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, 200, 100, 200, 200, cv2.BORDER_CONSTANT, value=GRAY)


def dark_glasses(picture: Picture, points: Points) -> Picture:
    worn = picture.copy()
    size = np.linalg.norm(points[45] - points[36]) * np.array([0.32, 0.24])
    for outline in ([17, 21, 39, 41, 36], [22, 26, 45, 46, 42]):
        x, y = points[outline].mean(axis=0)
        cv2.ellipse(worn, (int(x), int(y) + 4), (int(size[0]), int(size[1])), 0, 0, 360, (20, 20, 22), -1)
    return worn


def mask(picture: Picture, points: Points) -> Picture:
    worn = picture.copy()
    outline = np.round(points[[29, *range(2, 15)]]).astype(np.int32)
    cv2.fillConvexPoly(worn, cv2.convexHull(outline), (196, 214, 226))
    return worn


def smeared(picture: Picture, points: Points) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), float(points[16, 0] - points[0, 0]) / 35)


def lit(share: float) -> Change:
    return lambda picture, points: np.clip(picture * share, 0, 255).astype(np.uint8)


TABLE: list[tuple[str, str, Change]] = [
    ("good", "", lambda picture, points: picture),
    ("dim", "", lit(0.6)),
    ("dark", "too_dark", lit(0.3)),
    ("far", "too_far", lambda picture, points: further(picture, 0.3)),
    ("turned left", "turned", lambda picture, points: warp(picture, points, turned(points, 35))),
    ("turned right", "turned", lambda picture, points: warp(picture, points, turned(points, -35))),
    ("dark glasses", "covered", dark_glasses),
    ("moved", "blurred", smeared),
]


@pytest.mark.parametrize("person", demo_people.PEOPLE)
@pytest.mark.parametrize(("expected", "change"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_fault_is_named(
    engine: FaceEngine, landmarker: Landmarker, person: str, expected: str, change: Change
) -> None:
    picture = pictures.decode(demo_people.live(person))
    box = engine.detect(picture)[0]
    seen = change(picture, landmarker.find(picture, box))
    box = engine.detect(seen)[0]
    measures = quality.measure(seen, box, landmarker.find(seen, box))
    assert quality.fault(measures) == expected, measures


@pytest.mark.parametrize("person", demo_people.PEOPLE)
def test_a_mask_is_seen_where_the_engine_finds_the_face(
    engine: FaceEngine, landmarker: Landmarker, person: str
) -> None:
    """dlib's detector finds nobody behind a mask; given the place, the colours tell."""
    picture = pictures.decode(demo_people.live(person))
    box = engine.detect(picture)[0]
    points = landmarker.find(picture, box)
    worn = mask(picture, points)
    assert engine.detect(worn) == []
    assert quality.fault(quality.measure(worn, box, points)) == "covered"


@pytest.mark.parametrize("person", demo_people.PEOPLE)
@pytest.mark.parametrize("variant", range(5))
def test_good_pictures_have_no_fault(
    engine: FaceEngine, landmarker: Landmarker, person: str, variant: int
) -> None:
    picture = pictures.decode(demo_people.live(person, variant))
    box = engine.detect(picture)[0]
    assert quality.fault(quality.measure(picture, box, landmarker.find(picture, box))) == ""


MEASURES = st.builds(
    quality.Measures,
    width=st.integers(20, 700),
    light=st.floats(0, 255),
    sharpness=st.floats(0, 2),
    yaw=st.floats(-1, 1),
    roll=st.floats(-90, 90),
    colour_apart=st.floats(0, 80),
    light_apart=st.floats(0, 200),
    eyes_light=st.floats(0, 2),
)


@given(MEASURES, MEASURES)
def test_any_picture_without_a_fault_beats_any_with_one(
    one: quality.Measures, other: quality.Measures
) -> None:
    assert 0 <= quality.score(one) <= 1
    if quality.fault(one) == "" and quality.fault(other):
        assert quality.score(one) >= quality.score(other)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-50, 900), st.integers(-50, 900)), min_size=68, max_size=68))
def test_no_landmarks_break_the_measures(places: list[tuple[int, int]]) -> None:
    points = np.array(places, np.float64)
    picture = np.full((720, 800, 3), 90, np.uint8)
    quality.fault(quality.measure(picture, Box(10, 10, 200, 200), points))
    pose(points)


def test_every_fault_has_its_sentence_in_both_languages() -> None:
    assert {*get_args(quality.Fault), *liveness.CHALLENGES} - {""} <= set(prompts.SENTENCES)
    for code, sentence in prompts.SENTENCES.items():
        with in_language("zh_CN"):
            assert translate(sentence) != sentence, code


async def test_the_best_of_several_pictures_is_compared_and_the_person_told(tmp_path: Path) -> None:
    told: list[str] = []
    live = tmp_path / "live.jpg"
    good = demo_people.live("astronaut")
    live.write_bytes(pictures.encode((pictures.decode(good) * 0.25).astype(np.uint8)))
    worker, seen = FaceWorker(camera=f"sim:{live}", timeout=8, prompt=told.append), set()

    async def watch(worker: FaceWorker) -> None:
        while True:
            seen.update({worker.view} - {b""})
            await asyncio.sleep(0.02)

    try:
        await worker.start()
        references = [Reference("roster", demo_people.portrait("astronaut"))]
        (tmp_path / "good").write_bytes(good)
        asyncio.get_running_loop().call_later(0.8, (tmp_path / "good").rename, live)
        watching = asyncio.create_task(watch(worker))
        looked = await worker.look(references, patience=4.0)
        watching.cancel()
        assert len(seen) > 1 and max(max(pictures.decode(one).shape) for one in seen) == pictures.SHOW_AT
        assert worker.view == b"", "nothing of one person is there when the next comes"
        assert (looked.fault, looked.cause) == ("", "") and looked.pictures > 1
        assert pictures.decode(looked.live).mean() > 100 and looked.compared[0].distance
        assert told == ["too_dark", ""]

        live.write_bytes(demo_people.two_people())
        looked = await worker.look(references, patience=0.4)
        assert looked.cause == "two_faces" and looked.compared == [] and told[2:] == ["two_faces", ""]
    finally:
        await worker.close()
