"""The face check at the seat (人脸复核): after the sign-in, before the pledge. In doubt a person decides."""

from typing import Literal

from appliance.rules.captures import Seen
from appliance.rules.facecheck import Band

Code = Literal[
    "face_matches",
    "face_review",
    "face_mismatch",
    "several_faces",
    "no_face",
    "no_photograph",
    "camera_missing",
    "by_people",
]
State = Literal["passed", "due", "hand"]

TRIES = 3
"""Pictures without a face to compare, before an invigilator is asked: people move."""
SECOND_PERSON: frozenset[str] = frozenset(("face_mismatch",))
"""Codes with which two members of staff decide, as at the entrance."""


def judge(seen: Seen, band: Band | Literal[""], compared: bool, tries: int) -> tuple[State, Code]:
    """What becomes of one picture. `compared`: there was a photograph to compare with; `tries`: this one included.

    `due`: one more picture is taken at once; `hand`: the candidate raises a hand and an invigilator decides.
    """
    if not compared:
        return "hand", "no_photograph"
    if seen != "face":
        code: Code = "several_faces" if seen == "several" else "no_face"
        return ("due" if tries < TRIES else "hand"), code
    if band == "admit":
        return "passed", "face_matches"
    if band == "mismatch":
        return ("due", "face_review") if tries < TRIES else ("hand", "face_mismatch")
    return ("due" if tries < TRIES else "hand"), "face_review"


def wanted(again: bool, checked: bool) -> bool:
    """Is a check due of a lease that has none, where the site checks at all? `checked`: one was passed before."""
    return again or not checked
