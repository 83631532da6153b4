"""Random captures: never further apart than set, never to be foreseen; what comes of one is for a person."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules import captures, seat_check
from appliance.rules.captures import BY_SIGHT, LONGEST, SHORTEST, due, findings

SEEDS = st.binary(min_size=32, max_size=32)


def moments(seed: bytes, longest: float, until: int) -> list[float]:
    """Every moment up to `until`, read off second by second."""
    found: dict[int, float] = {}
    for second in range(until):
        one = due(seed, longest, second)
        if one.number:
            found.setdefault(one.number, one.at)
    assert list(found) == list(range(1, len(found) + 1)), "none is left out"
    return list(found.values())


@given(SEEDS, st.integers(60, 900), st.integers(0, 3600))
def test_two_are_never_further_apart_than_set(seed: bytes, longest: int, after: int) -> None:
    before, later = due(seed, longest, after), due(seed, longest, after + longest)
    assert later.number > before.number and later.at > after - longest
    assert later.number - before.number <= 1 / SHORTEST + 1, "and none comes at once after the one before"


@given(SEEDS, st.integers(60, 900), st.integers(0, 3600), st.integers(0, 3600))
def test_time_only_adds_and_a_restart_goes_on(seed: bytes, longest: int, one: int, other: int) -> None:
    early, late = sorted((one, other))
    assert due(seed, longest, early).number <= due(seed, longest, late).number
    assert due(seed, longest, late) == due(seed, longest, late)
    assert due(seed, longest, early).at <= early


def test_nobody_sees_two_alike_and_zero_takes_none() -> None:
    firsts = {due(hashlib.sha256(bytes([n])).digest(), 900, 7200).at for n in range(60)}
    assert len(firsts) > 40, "a room of sixty is not photographed in the same moment"
    assert due(b"x", 0, 7200).number == 0
    assert len(moments(b"x" * 32, 60, 400)) > len(moments(b"x" * 32, 300, 400))
    assert due(b"x" * 32, 99_999, 901).number and LONGEST == 900, "a wrong setting never makes it rarer"


@pytest.mark.parametrize(
    ("seen", "band", "devices", "expected"),
    [
        ("face", "admit", 0, []),
        ("face", "review", 0, []),
        ("face", "", 0, []),
        ("face", "mismatch", 0, ["mismatch"]),
        ("nobody", "", 0, ["absent"]),
        ("several", "", 0, ["several_faces"]),
        ("covered", "", 0, ["covered"]),
        ("turned", "", 0, ["looking_away"]),
        ("turned", "mismatch", 0, ["looking_away"]),
        ("face", "admit", 2, ["device"]),
        ("nobody", "", 1, ["absent", "device"]),
    ],
)
def test_what_a_person_should_look_at(
    seen: captures.Seen, band: captures.Band, devices: int, expected: list[str]
) -> None:
    assert findings(seen, band, devices) == expected
    assert set(expected) <= {*BY_SIGHT.values(), "mismatch", "device"}


def test_the_nearest_of_ones_own_photographs_counts() -> None:
    assert captures.best([0.7, 0.4]) == 0.4 and captures.best([]) is None


@pytest.mark.parametrize(
    ("seen", "band", "compared", "tries", "expected"),
    [
        ("face", "admit", True, 1, ("passed", "face_matches")),
        ("face", "review", True, 1, ("due", "face_review")),
        ("face", "review", True, 3, ("hand", "face_review")),
        ("face", "mismatch", True, 1, ("due", "face_review")),
        ("face", "mismatch", True, 3, ("hand", "face_mismatch")),
        ("nobody", "", True, 2, ("due", "no_face")),
        ("turned", "", True, 3, ("hand", "no_face")),
        ("several", "", True, 3, ("hand", "several_faces")),
        ("face", "", False, 1, ("hand", "no_photograph")),
    ],
)
def test_a_seat_check_admits_tries_again_or_asks_a_person(
    seen: captures.Seen, band: captures.Band, compared: bool, tries: int, expected: tuple[str, str]
) -> None:
    assert seat_check.judge(seen, band, compared, tries) == expected


@given(
    st.sampled_from(["face", "several", "turned", "covered", "nobody"]),
    st.sampled_from(["", "admit", "review", "mismatch"]),
    st.booleans(),
    st.integers(1, 9),
)
def test_only_the_admit_band_passes(
    seen: captures.Seen, band: captures.Band, compared: bool, tries: int
) -> None:
    state, code = seat_check.judge(seen, band, compared, tries)
    assert (state == "passed") == (seen == "face" and band == "admit" and compared)
    assert code not in seat_check.SECOND_PERSON or band == "mismatch"


@pytest.mark.parametrize(
    ("again", "checked", "expected"),
    [(True, False, True), (True, True, True), (False, False, True), (False, True, False)],
)
def test_when_a_seat_check_is_due(again: bool, checked: bool, expected: bool) -> None:
    assert seat_check.wanted(again, checked) is expected
