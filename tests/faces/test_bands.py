"""Bands of the face check: a pure table."""

from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.rules.admission import SECOND_PERSON
from appliance.rules.facecheck import Code, Compared, Finding, band, judge, printed_card_needed


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0.0, "admit"),
        (0.4499, "admit"),
        (0.45, "review"),
        (0.5999, "review"),
        (0.6, "mismatch"),
        (2.0, "mismatch"),
    ],
)
def test_band(distance: float, expected: str) -> None:
    assert band(distance, 0.45, 0.60) == expected


@pytest.mark.parametrize(
    ("chip", "roster", "expected"),
    [
        (0.3, None, ("admit", "face_matches", "chip")),
        (0.3, 0.2, ("admit", "face_matches", "chip")),
        (0.3, 0.5, ("admit", "face_matches", "chip")),
        (0.3, 0.7, ("review", "face_photos_differ", "chip")),
        (0.5, None, ("review", "face_review", "chip")),
        (0.5, 0.1, ("review", "face_review", "chip")),
        (0.5, 0.5, ("review", "face_review", "chip")),
        (0.5, 0.7, ("review", "face_photos_differ", "chip")),
        (0.7, 0.1, ("mismatch", "face_mismatch", "chip")),
        (0.7, 0.9, ("mismatch", "face_mismatch", "chip")),
        (None, 0.1, ("review", "face_roster_only", "roster")),
        (None, 0.5, ("review", "face_roster_only", "roster")),
        (None, 0.7, ("mismatch", "face_mismatch", "roster")),
        (None, None, ("review", "photo_without_face", "")),
    ],
)
def test_judge(chip: float | None, roster: float | None, expected: tuple[str, str, str]) -> None:
    compared = [Compared("roster", roster, "" if roster else "no_face"), Compared("chip", chip)]
    found = judge(compared, 0.45, 0.60)
    assert (found.band, found.code, found.kind) == expected
    assert found.distance == {"chip": chip, "roster": roster, "": None}[found.kind], (
        "of the photograph it names"
    )


@pytest.mark.parametrize("cause", ["no_face", "two_faces", "camera_silent", "face_engine_silent"])
def test_without_a_usable_live_picture_a_person_decides(cause: str) -> None:
    found = judge([Compared("chip", 0.1)], 0.45, 0.60, cause)  # type: ignore[arg-type]
    assert (found.band, found.code) == ("review", cause)


@given(st.none() | st.floats(0, 2))
def test_the_roster_photograph_alone_never_admits(distance: float | None) -> None:
    assert judge([Compared("roster", distance)], 0.45, 0.60).band != "admit"


@pytest.mark.parametrize(
    ("chip", "roster", "expected"),
    [
        (0.3, 0.2, ("review", "liveness_failed")),
        (None, 0.2, ("review", "liveness_failed")),
        (0.5, 0.2, ("review", "liveness_failed")),
        (0.5, 0.7, ("review", "liveness_failed")),
        (None, 0.5, ("review", "liveness_failed")),
        (0.7, 0.2, ("mismatch", "face_mismatch")),
    ],
)
def test_who_does_not_show_life_is_never_admitted_by_the_machine(
    chip: float | None, roster: float, expected: tuple[str, str]
) -> None:
    compared = [Compared("roster", roster), Compared("chip", chip)]
    found = judge(compared, 0.45, 0.60, alive=False)
    assert (found.band, found.code) == expected


def people(found: Finding) -> int:
    """How many members of staff it takes to let this person in."""
    return 0 if found.code == "face_matches" else 1 + (found.code in SECOND_PERSON)


DISTANCE = st.floats(0, 2)


@settings(deadline=None)
@given(st.none() | DISTANCE, st.none() | DISTANCE, DISTANCE, st.booleans(), st.booleans())
@example(None, 0.3, 0.5, True, False)
@example(0.3, 0.9, 0.5, True, True)
@example(0.3, 0.2, 0.5, False, True)
def test_a_weaker_match_never_needs_fewer_people(
    chip: float | None, roster: float | None, other: float, alive: bool, worsen_chip: bool
) -> None:
    """Whichever photograph grows less like the person, and who shows no life besides."""
    better = [Compared("chip", chip), Compared("roster", roster)]
    worse = list(better)
    if worsen_chip and chip is not None:
        worse[0] = Compared("chip", max(chip, other))
    elif roster is not None:
        worse[1] = Compared("roster", max(roster, other))
    needed = people(judge(better, 0.45, 0.60, alive=alive))
    assert people(judge(worse, 0.45, 0.60, alive=alive)) >= needed
    assert people(judge(better, 0.45, 0.60, alive=False)) >= needed


def test_one_person_decides_a_face_in_one_case_only() -> None:
    """The chip's photograph between the bounds, of a living person, with no roster photograph against it."""
    alone = set(get_args(Code)) - SECOND_PERSON - {"face_matches"}
    assert alone == {"face_review"}


def test_a_photo_without_a_face_is_not_called_no_photo() -> None:
    """Staff see the photo beside the sentence."""
    assert judge([Compared("chip", cause="no_face")], 0.45, 0.60).code == "photo_without_face"
    assert judge([Compared("roster", cause="two_faces")], 0.45, 0.60).code == "photo_without_face"
    assert judge([], 0.45, 0.60).code == "no_photograph"
    found = judge([Compared("chip", cause="no_face"), Compared("roster", 0.2)], 0.45, 0.60)
    assert found.code == "face_roster_only"


@pytest.mark.parametrize("code", get_args(Code))
def test_without_the_chips_photograph_the_printed_one_is_compared(code: str) -> None:
    assert printed_card_needed([code], "") and printed_card_needed(["name_differs", code], "roster")
    missing = {"face_roster_only", "no_photograph", "photo_without_face", "face_engine_silent"}
    assert printed_card_needed([code], "chip") == (code in missing)
