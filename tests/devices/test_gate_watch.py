"""What door and fire inputs mean: a table, and what must hold for every sequence of inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.devices.gate.watch import BOUNCE, Limits, Seen, opened, step

LIMITS = Limits(pass_within=8, held_after=15)
SHUT, OPEN, FIRE, LET_IN = "shut", "open", "fire", "let in"


def play(*script: tuple[float, str]) -> list[tuple[float, set[str]]]:
    """Feed the script and tell what was on at each moment the alarms changed."""
    seen, told = Seen(), []
    for at, what in script:
        before = seen.alarms
        let_in = what == LET_IN
        seen = opened(seen, at, LIMITS) if let_in else step(seen, at, what == OPEN, what == FIRE, LIMITS)
        if seen.alarms != before:
            told.append((at, set(seen.alarms)))
    return told


@pytest.mark.parametrize(
    ("script", "told"),
    [
        pytest.param([(0, SHUT), (1, LET_IN), (3, OPEN), (5, SHUT), (6, SHUT)], [], id="one goes in"),
        pytest.param([(0, SHUT), (3, OPEN)], [(3, {"forced_open"})], id="forced"),
        pytest.param(
            [(0, SHUT), (3, OPEN), (4, SHUT), (5, SHUT)],
            [(3, {"forced_open"}), (5, set())],
            id="forced, shut",
        ),
        pytest.param([(0, SHUT), (1, LET_IN), (9.5, OPEN)], [(9.5, {"forced_open"})], id="let in, too late"),
        pytest.param(
            [(0, SHUT), (1, LET_IN), (2, OPEN), (3, SHUT), (4, SHUT), (5, OPEN)],
            [(5, {"forced_open"})],
            id="a second one goes through on one opening",
        ),
        pytest.param(
            [(0, SHUT), (1, LET_IN), (2, OPEN), (2.2, SHUT), (2.4, OPEN), (5, SHUT), (6, SHUT)],
            [],
            id="the contact chatters",
        ),
        pytest.param(
            [(0, SHUT), (1, LET_IN), (2, OPEN), (16, OPEN), (17, OPEN), (18, SHUT), (19, SHUT)],
            [(17, {"held_open"}), (19, set())],
            id="held open",
        ),
        pytest.param([(0, OPEN), (14, OPEN), (15, OPEN)], [(15, {"held_open"})], id="open at the start"),
        pytest.param(
            [(0, SHUT), (1, FIRE), (30, FIRE), (31, OPEN), (33, SHUT), (34, SHUT), (35, OPEN)],
            [(1, {"fire"}), (31, set()), (35, {"forced_open"})],
            id="fire frees; afterwards it counts again",
        ),
        pytest.param(
            [(0, SHUT), (1, OPEN), (2, FIRE)],
            [(1, {"forced_open"}), (2, {"fire"})],
            id="fire ends the others",
        ),
    ],
)
def test_what_the_inputs_mean(script: list[tuple[float, str]], told: list[tuple[float, set[str]]]) -> None:
    assert play(*script) == told


@given(st.lists(st.tuples(st.floats(0.05, 6), st.sampled_from([SHUT, OPEN, FIRE, LET_IN])), max_size=80))
def test_every_sequence(moves: list[tuple[float, str]]) -> None:
    """Fire silences the rest; a shut gate has no alarm; no more doors open than were let in without an alarm."""
    seen, at, allowances, quiet = step(Seen(), 0, False, False, LIMITS), 0.0, 0, 0
    for pause, what in moves:
        at += pause
        if what == LET_IN:
            seen, allowances = opened(seen, at, LIMITS), allowances + 1
            continue
        was_open = seen.open_since is not None
        after_fire = seen.fresh
        seen = step(seen, at, what == OPEN, what == FIRE, LIMITS)
        if what == FIRE:
            assert seen.alarms == {"fire"}
            continue
        assert "fire" not in seen.alarms
        if (
            not was_open
            and seen.open_since is not None
            and "forced_open" not in seen.alarms
            and not after_fire
        ):
            quiet += 1
        if seen.open_since is None:
            assert not seen.alarms
        elif seen.shut_since is not None:
            assert at - seen.shut_since < BOUNCE
        assert ("held_open" in seen.alarms) == (
            seen.open_since is not None and at - seen.open_since >= LIMITS.held_after
        )
    assert quiet <= allowances
