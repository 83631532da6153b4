"""Bands of the face check: a pure table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules.facecheck import Compared, band, judge


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
        (0.3, 0.7, ("review", "face_photos_differ", "roster")),
        (0.5, 0.1, ("review", "face_review", "chip")),
        (0.7, 0.1, ("mismatch", "face_mismatch", "chip")),
        (None, 0.1, ("review", "face_roster_only", "roster")),
        (None, 0.5, ("review", "face_review", "roster")),
        (None, 0.7, ("mismatch", "face_mismatch", "roster")),
        (None, None, ("review", "photo_without_face", "")),
    ],
)
def test_judge(chip: float | None, roster: float | None, expected: tuple[str, str, str]) -> None:
    compared = [Compared("roster", roster, "" if roster else "no_face"), Compared("chip", chip)]
    found = judge(compared, 0.45, 0.60)
    assert (found.band, found.code, found.kind) == expected


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
        (0.5, 0.2, ("review", "face_review")),
        (0.7, 0.2, ("mismatch", "face_mismatch")),
    ],
)
def test_who_does_not_show_life_is_never_admitted_by_the_machine(
    chip: float | None, roster: float, expected: tuple[str, str]
) -> None:
    compared = [Compared("roster", roster), Compared("chip", chip)]
    found = judge(compared, 0.45, 0.60, alive=False)
    assert (found.band, found.code) == expected


def test_a_photo_without_a_face_is_not_called_no_photo() -> None:
    """Staff see the photo beside the sentence."""
    assert judge([Compared("chip", cause="no_face")], 0.45, 0.60).code == "photo_without_face"
    assert judge([Compared("roster", cause="two_faces")], 0.45, 0.60).code == "photo_without_face"
    assert judge([], 0.45, 0.60).code == "no_photograph"
    found = judge([Compared("chip", cause="no_face"), Compared("roster", 0.2)], 0.45, 0.60)
    assert found.code == "face_roster_only"
