"""Liveness: people made of warped photographs pass, photographs and recordings do not."""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.faces import demo_people, pictures
from appliance.faces.demo_motion import Actor, opened, warp
from appliance.faces.landmarks import Landmarker, Points, Pose, pose
from appliance.faces.lane import FaceWorker
from appliance.faces.liveness import CHALLENGES, Challenge, Frame, State, begin, step
from appliance.faces.port import FaceEngine, Picture
from appliance.faces.watcher import Watcher
from appliance.wire.faceworker import Reference

TICK = 0.12
FACE = Pose(mouth=0.05, eyes=0.2, yaw=0.03, roll=0)


def played(order: Iterable[Challenge], frames: Iterable[Frame], bound: float = 0.6) -> State:
    state = begin(tuple(order), 0.0, 8.0, bound)
    for frame in frames:
        state = step(state, frame)
        if state.passed or state.failed:
            break
    return state


def frames(poses: Iterable[Pose | None], same: float | None = 0.2) -> list[Frame]:
    return [
        Frame(at=n * TICK, digest=str(n), pose=one, x=300, y=300, width=150, same=same if one else None)
        for n, one in enumerate(poses)
    ]


def movement(name: str) -> list[Pose]:
    wave = [0, 0.3, 0.6, 1, 1, 0.5, 0, 0]
    made = {
        "open_mouth": lambda share: Pose(mouth=0.05 + 0.4 * share, eyes=0.2, yaw=0.03, roll=0),
        "turn_left": lambda share: Pose(mouth=0.05, eyes=0.2, yaw=0.03 + 0.3 * share, roll=0),
        "turn_right": lambda share: Pose(mouth=0.05, eyes=0.2, yaw=0.03 - 0.3 * share, roll=0),
        "blink": lambda share: Pose(mouth=0.05, eyes=0.2 - 0.14 * share, yaw=0.03, roll=0),
    }
    return [made[name](share) for share in wave]


REST = [FACE] * 5


@pytest.mark.parametrize("order", list(itertools.permutations(CHALLENGES)))
def test_whoever_does_what_is_asked_passes(order: tuple[Challenge, ...]) -> None:
    done = [*REST, *(one for name in order[:3] for one in movement(name)), *REST]
    assert played(order, frames(done)).passed


@pytest.mark.parametrize("order", list(itertools.permutations(CHALLENGES)))
def test_a_recording_in_another_order_fails(order: tuple[Challenge, ...]) -> None:
    recorded = frames([*REST, *(one for name in CHALLENGES[:3] for one in movement(name)), *REST, *REST])
    assert played(order, recorded).passed == (order[:3] == CHALLENGES[:3])


@settings(deadline=None)
@given(
    st.permutations(CHALLENGES),
    st.lists(
        st.none()
        | st.builds(
            Pose, mouth=st.floats(0, 1), eyes=st.floats(0, 0.4), yaw=st.floats(-1, 1), roll=st.just(0.0)
        ),
        max_size=60,
    ),
)
def test_no_frames_break_it_and_an_end_is_an_end(order: list[Challenge], poses: list[Pose | None]) -> None:
    seen = frames(poses)
    state = played(order, seen)
    assert not (state.passed and state.failed)
    if state.passed or state.failed:
        assert state.prompt == "" and all(step(state, frame) == state for frame in seen)
    assert step(state, Frame(at=1e6, digest="late")).passed == state.passed


@settings(deadline=None)
@given(st.permutations(CHALLENGES), st.lists(st.tuples(*[st.floats(-0.02, 0.02)] * 3), max_size=120))
def test_a_still_face_never_passes(order: list[Challenge], noise: list[tuple[float, ...]]) -> None:
    poses = [Pose(mouth=0.05 + m, eyes=0.2 + e, yaw=0.03 + y, roll=0) for m, e, y in noise]
    assert not played(order, frames(poses)).passed


@settings(deadline=None)
@given(st.permutations(CHALLENGES), st.data())
def test_every_challenge_has_its_time(order: list[Challenge], data: st.DataObject) -> None:
    slow = data.draw(st.integers(0, 2))
    done = [*REST, *(one for name in order[:slow] for one in movement(name))]
    seen = frames(done)
    last = Frame(at=seen[-1].at + 8.5, digest="x", pose=FACE, x=300, y=300, width=150)
    state = step(played(order, seen), last)
    assert state.failed == "liveness_timeout" and not state.passed


def test_photographs_swapped_are_too_fast() -> None:
    """Mouth shut in one picture, open in the next."""
    wide = Pose(mouth=0.5, eyes=0.2, yaw=0.03, roll=0)
    order: tuple[Challenge, ...] = ("open_mouth", "turn_left", "turn_right", "blink")
    for swap in ([FACE] * 5 + [wide] * 20, ([FACE] * 4 + [wide] * 4) * 5):
        assert not played(order, frames(swap)).passed


def test_another_face_in_the_place_of_the_first() -> None:
    order = CHALLENGES
    done = [*REST, *(one for name in order[:3] for one in movement(name)), *REST]
    swapped = [
        Frame(at=f.at, digest=f.digest, pose=f.pose, x=f.x, y=f.y, width=f.width, same=0.7 if n > 14 else 0.2)
        for n, f in enumerate(frames(done))
    ]
    assert played(order, swapped).failed == "liveness_other_person"
    assert not played(order, frames(done, same=None)).passed, "never held against the first"
    jumping = frames(done)
    jumping[12] = Frame(at=jumping[12].at, digest="j", pose=FACE, x=700, y=300, width=150)
    assert played(order, jumping).failed == "liveness_jump"
    gone = frames([*REST, *[None] * 20])
    assert played(order, gone).failed == "liveness_lost"


def test_frames_shown_again_are_noticed() -> None:
    """The very movement that is asked, from a recording: the first of its pictures that was seen before ends it."""
    order: tuple[Challenge, ...] = ("turn_left", "blink", "open_mouth", "turn_right")
    seen = frames([*REST, *movement("turn_left")])
    state = played(order, seen)
    assert not state.failed and state.done == 1
    now = seen[-1].at
    again = [msgspec.structs.replace(one, at=now + (n + 1) * TICK) for n, one in enumerate(seen)]
    for shown in (again, again[3:], again[::-1][1:], [frames([FACE])[0], *again]):
        assert played(order, [*seen, *shown]).failed == "liveness_replayed"
    for one in again[:-1]:
        assert step(state, one).failed == "liveness_replayed"
    assert step(state, again[-1]) == state, "a camera slower than we ask"
    fresh = [msgspec.structs.replace(one, digest=f"new {one.digest}") for one in again]
    assert not played(order, [*seen, *fresh[: len(REST)]]).failed, (
        "the same pose in new pictures is no replay"
    )


def test_a_recording_looped_by_a_camera_fails() -> None:
    """All of a good check's frames but the last, once more from the start: it is not the length that counts."""
    order = CHALLENGES
    whole = frames([*REST, *(one for name in order[:3] for one in movement(name)), *REST])
    assert played(order, whole).passed
    end = next(n for n in range(len(whole)) if played(order, whole[: n + 1]).passed)
    begun = whole[: end // 2]
    looped = [msgspec.structs.replace(one, at=n * TICK) for n, one in enumerate([*begun, *whole])]
    assert played(order, looped).failed == "liveness_replayed"


def test_narrow_eyes_are_not_asked_to_blink() -> None:
    narrow = [Pose(mouth=0.05, eyes=0.12, yaw=0.03, roll=0)] * 5
    state = played(("blink", "turn_left", "open_mouth", "turn_right"), frames(narrow))
    assert state.order == ("turn_left", "open_mouth", "turn_right") and state.prompt == "turn_left"


@pytest.fixture(scope="session")
def landmarker() -> Landmarker:
    return Landmarker()


def cast(engine: FaceEngine, landmarker: Landmarker, person: str) -> tuple[Picture, Points, Watcher]:
    picture = pictures.decode(demo_people.live(person))
    box = engine.detect(picture)[0]
    points = landmarker.find(picture, box)
    return picture, points, Watcher(engine, landmarker, engine.describe(picture, box))


def check(order: tuple[Challenge, ...], watcher: Watcher, show: Callable[[str], Iterable[Picture]]) -> State:
    """A check with a clock of its own: `show` is told the prompt and gives the next frames."""
    state, now = begin(order, 0.0), 0.0
    while not (state.passed or state.failed):
        for picture in show(state.prompt):
            now += TICK
            state = step(state, watcher.frame(picture, now, state.want_same))
            if state.passed or state.failed:
                break
    return state


@pytest.mark.parametrize("person", demo_people.PEOPLE)
@pytest.mark.parametrize(
    "order",
    [("open_mouth", "turn_left", "blink", "turn_right"), ("blink", "turn_right", "open_mouth", "turn_left")],
)
def test_a_moving_person_passes(
    engine: FaceEngine, landmarker: Landmarker, person: str, order: tuple[Challenge, ...]
) -> None:
    picture, points, watcher = cast(engine, landmarker, person)
    state = check(order, watcher, Actor(picture, points).perform)
    assert state.passed, state


@pytest.mark.parametrize("person", demo_people.PEOPLE)
def test_a_photograph_held_up_fails(engine: FaceEngine, landmarker: Landmarker, person: str) -> None:
    """Still, then moved, leaned, bent sideways as a sheet is."""
    import cv2

    picture, points, watcher = cast(engine, landmarker, person)
    actor = Actor(picture, points)
    moves = itertools.cycle([0, 8, 16, 24, 16, 8, 0, -8, -16, -24, -16, -8])

    def show(prompt: str) -> Iterable[Picture]:
        lean = next(moves)
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), lean / 2, 1.0)
        matrix[:, 0] *= np.cos(np.radians(lean))  # turned about its upright axis
        yield cv2.warpAffine(actor.frame(), matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    state = check(("turn_left", "open_mouth", "blink", "turn_right"), watcher, show)
    assert not state.passed and state.failed == "liveness_timeout"


def test_another_person_takes_over(engine: FaceEngine, landmarker: Landmarker) -> None:
    picture, points, watcher = cast(engine, landmarker, "hopper")
    first = Actor(picture, points)
    other_picture, other_points, _ = cast(engine, landmarker, "astronaut")
    other = Actor(other_picture, other_points)
    shown = {"turn_left": first, "open_mouth": other}

    def show(prompt: str) -> Iterable[Picture]:
        return shown.get(prompt, first if "open_mouth" not in told else other).perform(
            (told.add(prompt), prompt)[1]
        )

    told: set[str] = set()
    state = check(("turn_left", "open_mouth", "turn_right", "blink"), watcher, show)
    assert state.failed in ("liveness_other_person", "liveness_jump")


@given(st.floats(0.4, 1.6), st.floats(0.4, 1.6), st.floats(-0.4, 0.4), st.floats(-40, 40))
@settings(max_examples=60)
def test_bending_a_flat_photograph_changes_no_measure_enough(
    still: Points, wide: float, high: float, slant: float, degrees: float
) -> None:
    """Turning, leaning and slanting a sheet is affine: yaw stays exactly, mouth and eyes nearly."""
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    bent = still @ np.diag([wide, high]) @ np.array([[1, 0], [slant, 1]]) @ rotation
    before, after = pose(still), pose(bent)
    assert after.yaw == pytest.approx(before.yaw, abs=1e-6)
    assert after.mouth - before.mouth < 0.16


@pytest.fixture(scope="session")
def still(engine: FaceEngine, landmarker: Landmarker) -> Points:
    return cast(engine, landmarker, "astronaut")[1]


def test_the_measures_follow_the_movement(engine: FaceEngine, landmarker: Landmarker) -> None:
    for person in demo_people.PEOPLE:
        picture, points, _ = cast(engine, landmarker, person)
        seen = []
        for mouth in (0.0, 0.25, 0.5):
            moved = warp(picture, points, opened(points, mouth))
            seen.append(pose(landmarker.find(moved, engine.detect(moved)[0])).mouth)
        assert seen[0] < seen[1] < seen[2] and seen[2] - seen[0] > 0.3


@pytest.mark.long
async def test_the_worker_asks_and_the_person_does(
    engine: FaceEngine, landmarker: Landmarker, tmp_path: Path
) -> None:
    """The real process: prompts come out while it looks, frames go in through the simulated camera."""
    picture, points, _ = cast(engine, landmarker, "astronaut")
    actor, live, told = Actor(picture, points), tmp_path / "live.jpg", [""]

    def put(frame: Picture) -> None:
        (tmp_path / "new").write_bytes(pictures.encode(frame))
        (tmp_path / "new").rename(live)

    async def act() -> None:
        while True:
            for frame in actor.perform(told[-1]):
                put(frame)
                await asyncio.sleep(0.15)

    put(actor.frame())
    worker = FaceWorker(camera=f"sim:{live}", timeout=8, prompt=told.append)
    references = [Reference("roster", demo_people.portrait("astronaut"))]
    try:
        await worker.start()
        acting = asyncio.create_task(act())
        looked = await worker.look(references, liveness=15.0)
        acting.cancel()
        assert looked.liveness == "passed" and looked.compared[0].distance
        assert set(told) - {"", "look_straight"} <= set(CHALLENGES) and len(set(told)) == 5 and told[-1] == ""
        still = await worker.look(references, liveness=1.5)
        assert still.liveness == "liveness_timeout" and still.compared[0].distance
    finally:
        await worker.close()
