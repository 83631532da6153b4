"""The face check (人证核验): what the distances between photographs mean.

Three bands: admit, review (a person looks), mismatch. Nobody is failed by the machine alone: review and
mismatch both go to a member of staff. The roster photograph was supplied by the candidate's school and
could be swapped; without the chip's photograph it never admits by itself.

A weaker match never needs fewer people than a better one: whatever asks for a second person at a small
distance asks for one at a larger distance too (`admission.SECOND_PERSON` names the codes).
"""

from collections.abc import Collection
from typing import Literal

import msgspec

Band = Literal["admit", "review", "mismatch"]
Kind = Literal["chip", "roster"]

Code = Literal[
    "face_matches",
    "face_review",
    "face_mismatch",
    "face_roster_only",
    "face_photos_differ",
    "no_face",
    "two_faces",
    "no_photograph",
    "photo_without_face",
    "camera_silent",
    "face_engine_silent",
    "liveness_failed",
    "photo_altered",
]


WITHOUT_CHIP: frozenset[Code] = frozenset(
    ("face_roster_only", "no_photograph", "photo_without_face", "face_engine_silent")
)
"""Findings without a comparison with the chip's photograph: two people compare the printed one."""


class Compared(msgspec.Struct, frozen=True):
    """One photograph held against the live picture.

    `distance` None: it could not be compared, `cause` says why.
    """

    kind: Kind
    distance: float | None = None
    cause: str = ""


class Finding(msgspec.Struct, frozen=True):
    """What the face check says, and by which photograph."""

    band: Band
    code: Code
    kind: Kind | Literal[""] = ""
    distance: float | None = None


def band(distance: float, admit_below: float, review_below: float) -> Band:
    """The band of a distance; a distance equal to a bound lies in the worse band."""
    if distance < admit_below:
        return "admit"
    return "review" if distance < review_below else "mismatch"


def judge(
    compared: list[Compared],
    admit_below: float,
    review_below: float,
    live_cause: Code | Literal[""] = "",
    alive: bool = True,
) -> Finding:
    """The finding from all comparisons of one check. `live_cause`: why the live picture could not be used.

    `alive` False: liveness was asked and not shown. A mismatch stays one; anything better waits for two people.
    `face_review`, which one person may decide, is left for a living person held against the chip's photograph,
    with a roster photograph that at least may be of the same one.
    """
    if live_cause:
        return Finding("review", live_cause)
    usable = {one.kind: one.distance for one in compared if one.distance is not None}
    if not usable:
        # There is a photograph, and staff see it: they are told that no face was found in it.
        unusable = any(one.cause in ("no_face", "two_faces") for one in compared)
        return Finding("review", "photo_without_face" if unusable else "no_photograph")
    kind: Kind = "chip" if "chip" in usable else "roster"
    distance = usable[kind]
    found = band(distance, admit_below, review_below)
    if found == "mismatch":
        return Finding(found, "face_mismatch", kind, distance)
    if not alive:
        return Finding("review", "liveness_failed", kind, distance)
    if kind == "roster":
        return Finding("review", "face_roster_only", kind, distance)
    if "roster" in usable and band(usable["roster"], admit_below, review_below) == "mismatch":
        # The chip's photograph is the one to go by: the roster's may have been swapped.
        return Finding("review", "face_photos_differ", "chip", distance)
    return Finding(found, "face_matches" if found == "admit" else "face_review", kind, distance)


def printed_card_needed(doubts: Collection[str], reference: str) -> bool:
    """Whether people have to compare the photograph printed on the card. `doubts`: codes of the decision.

    `reference`: which photograph the check went by, empty for none.
    """
    return reference != "chip" or any(code in WITHOUT_CHIP for code in doubts)
