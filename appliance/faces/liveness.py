"""Liveness (活体检测): a random sequence of challenges, each in its time, the same person throughout.

Pure: measured frames in, a state out; chance and clock belong to the caller. What it stops: a photograph held up,
tilted or bent, photographs swapped, a recording played in another order, the same frames shown again. What it
does NOT stop: a video made for the very sequence that is asked (a tablet with a trained face model). Staff
stand at the entrance for that. Bounds were set on warped photographs; a site tries them on people.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from appliance.faces.landmarks import Pose

Challenge = Literal["open_mouth", "turn_left", "turn_right", "blink"]
CHALLENGES: tuple[Challenge, ...] = ("open_mouth", "turn_left", "turn_right", "blink")
Failure = Literal[
    "liveness_timeout",
    "liveness_lost",
    "liveness_jump",
    "liveness_other_person",
    "liveness_replayed",
    "liveness_wrong_move",
]

ASKED = 3
"""Challenges per check."""
STRAIGHT = 0.12
"""How far from the first pose, in yaw, a head still counts as straight."""
FRONTAL = 0.2
"""Yaw up to which a first pose is taken and a face described."""
TURNED, WRONG_TURN = 0.16, 0.24
CLOSED, OPEN, WRONG_OPEN = 0.06, 0.16, 0.30
"""Mouth above its first opening, in lengths of the nose."""
SHUT, AWAKE = 0.68, 0.82
"""Eyes against their first opening."""
NARROW = 0.155
"""Eyes whose opening is smaller than this are not asked to blink: the landmarks do not follow them."""
SLOWLY = 0.25
"""Seconds a mouth takes to open or a head to turn, at least: photographs swapped are faster."""
BLINK = 1.5
"""Seconds eyes may stay shut in a blink, at most."""
LOST = 1.5
"""Seconds without a face before the check has lost the person."""
JUMP, GROWTH = 0.9, 1.6
"""How far a face may move (in widths) and grow or shrink between two frames."""
FIRST = 3
"""Straight frames that give the first pose."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One live picture, measured. `pose` None: not exactly one face."""

    at: float
    """Seconds of a clock that only goes forward."""
    digest: str
    """Hash of the pixels: a camera never gives the same picture twice."""
    pose: Pose | None = None
    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    same: float | None = None
    """Distance of this face to the first one, where it was measured."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a check stands. Finished when `passed` or `failed`."""

    order: tuple[Challenge, ...]
    """All challenges in the order drawn; the first that can be asked are."""
    since: float
    """When the present challenge began."""
    seconds: float
    """Time for each."""
    bound: float
    """Distance from which two faces are of different people."""
    asked: int = ASKED
    straight: tuple[Pose, ...] = ()
    first: Pose | None = None
    done: int = 0
    rested: float | None = None
    """Last moment of rest since the challenge began; None = not yet at rest."""
    between: bool = False
    """Was the movement seen half-way?"""
    shut: float | None = None
    want_same: bool = True
    """The next straight face shall be held against the first."""
    last: Frame | None = None
    """The last frame with a face."""
    digests: frozenset[str] = frozenset()
    newest: str = ""
    passed: bool = False
    failed: Failure | Literal[""] = ""

    @property
    def prompt(self) -> str:
        """What the person is told now: a challenge, `look_straight`, or empty when finished."""
        if self.passed or self.failed:
            return ""
        if self.first is None or self.rested is None or self.done == self.asked:
            return "look_straight"
        return self.order[self.done]


def begin(order: Sequence[Challenge], now: float, seconds: float = 8.0, bound: float = 0.6) -> State:
    """A check that begins now. `order`: a random order of CHALLENGES; `bound`: `faces.review_below`."""
    return State(order=tuple(order), since=now, seconds=seconds, bound=bound)


def step(state: State, frame: Frame) -> State:
    """The state after one more frame. A finished state stays as it is."""
    if state.passed or state.failed:
        return state
    if frame.at - state.since > state.seconds:
        return _fail(state, "liveness_timeout")
    if frame.digest == state.newest:
        return state  # no new picture yet
    if frame.digest in state.digests:
        return _fail(state, "liveness_replayed")
    state = _with(state, newest=frame.digest, digests=state.digests | {frame.digest})
    if frame.pose is None:
        seen = state.last.at if state.last else state.since
        return _fail(state, "liveness_lost") if state.first and frame.at - seen > LOST else state
    if state.last is not None and _jumped(state.last, frame):
        return _fail(state, "liveness_jump")
    if frame.same is not None and frame.same >= state.bound:
        return _fail(state, "liveness_other_person")
    state = _with(state, last=frame)
    if state.first is None:
        return _begin_pose(state, frame, frame.pose)
    return _move(state, frame, frame.pose, state.first)


def _with(state: State, **changed: object) -> State:
    return msgspec.structs.replace(state, **changed)


def _fail(state: State, code: Failure) -> State:
    return _with(state, failed=code)


def _jumped(one: Frame, other: Frame) -> bool:
    """Another face in the place of the first: nobody moves or grows so fast."""
    if other.at - one.at > LOST:
        return True
    moved = max(abs(one.x - other.x), abs(one.y - other.y)) / max(one.width, 1.0)
    growth = max(one.width, other.width) / max(min(one.width, other.width), 1.0)
    return moved > JUMP or growth > GROWTH


def _begin_pose(state: State, frame: Frame, pose: Pose) -> State:
    """The first pose: the mean of some straight frames."""
    if abs(pose.yaw) > FRONTAL:
        return _with(state, straight=())
    straight = (*state.straight, pose)
    if len(straight) < FIRST:
        return _with(state, straight=straight)

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    first = Pose(
        mouth=mean([one.mouth for one in straight]),
        eyes=mean([one.eyes for one in straight]),
        yaw=mean([one.yaw for one in straight]),
        roll=mean([one.roll for one in straight]),
    )
    order = state.order
    if first.eyes < NARROW and "blink" in order:
        order = tuple(one for one in order if one != "blink")
    return _with(
        state, first=first, order=order, asked=min(state.asked, len(order)), since=frame.at, straight=()
    )


def _move(state: State, frame: Frame, pose: Pose, first: Pose) -> State:
    turn, mouth = pose.yaw - first.yaw, pose.mouth - first.mouth
    rest = abs(turn) < STRAIGHT and mouth < CLOSED and pose.eyes >= SHUT * first.eyes
    if frame.same is not None and rest:
        state = _with(state, want_same=False)
    if state.done == state.asked:  # at the end: straight once more, and still the same person
        return _with(state, passed=True) if rest and not state.want_same else state
    if state.rested is None:  # every challenge begins at rest, so that one movement counts once
        return _with(state, rested=frame.at, since=frame.at) if rest and not state.want_same else state
    asked = state.order[state.done]
    if _wrong(asked, turn, mouth):
        return _fail(state, "liveness_wrong_move")
    if asked == "blink":
        return _blink(state, frame, pose, first, abs(turn) < STRAIGHT)
    value = {"open_mouth": mouth, "turn_left": turn, "turn_right": -turn}[asked]
    low, high = (CLOSED, OPEN) if asked == "open_mouth" else (STRAIGHT / 2, TURNED)
    if value < low:
        return _with(state, rested=frame.at, between=False)
    if value < high:
        return _with(state, between=True)
    if state.between and frame.at - state.rested >= SLOWLY:
        return _next(state, frame)
    return state


def _wrong(asked: Challenge, turn: float, mouth: float) -> bool:
    """A recording in another order moves where nobody asked; people seldom do, and may try again."""
    if mouth > WRONG_OPEN and asked != "open_mouth":
        return True
    return (turn > WRONG_TURN and asked != "turn_left") or (turn < -WRONG_TURN and asked != "turn_right")


def _blink(state: State, frame: Frame, pose: Pose, first: Pose, straight: bool) -> State:
    """Open, shut, open again within a moment."""
    if not straight:
        return _with(state, shut=None)
    if pose.eyes < SHUT * first.eyes:
        return _with(state, shut=frame.at) if state.shut is None else state
    if state.shut is None or pose.eyes < AWAKE * first.eyes:
        return state
    if frame.at - state.shut > BLINK:
        return _with(state, shut=None)
    return _next(state, frame)


def _next(state: State, frame: Frame) -> State:
    return _with(
        state,
        done=state.done + 1,
        since=frame.at,
        rested=None,
        between=False,
        shut=None,
        want_same=True,
    )
