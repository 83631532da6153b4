"""Random captures (随机抓拍): when one is due, and what a person should look at in it.

The moments are drawn by the box from a secret of each attempt: neither candidate nor page can foresee one. Facts:
random re-checks at most 15 minutes apart (site requirements, row 10).
"""

from typing import Literal

import msgspec

from appliance.rules.chance import Stream
from appliance.rules.facecheck import Band

LONGEST = 900.0
"""Seconds between two captures, at most, whatever is set."""
SHORTEST = 1 / 6
"""The shortest interval, as a share of the longest: a capture just taken is no leave to turn away."""

Seen = Literal["face", "several", "turned", "covered", "nobody"]
"""What stands before the camera: one face, more than one as near, one turned away, a covered face or lens, no face."""

Kind = Literal["absent", "several_faces", "covered", "mismatch", "looking_away", "device"]
"""Kinds of cases that may come of one capture (flow.note_case.KINDS)."""

BY_SIGHT: dict[Seen, Kind] = {
    "nobody": "absent",
    "several": "several_faces",
    "covered": "covered",
    "turned": "looking_away",
}


class Due(msgspec.Struct, frozen=True):
    """The newest moment that has come: its number from 1, 0 before the first; and when it was, in seconds."""

    number: int = 0
    at: float = 0.0


def due(seed: bytes, longest: float, elapsed: float) -> Due:
    """The newest random moment, `elapsed` seconds after the attempt began. `longest` 0: none are taken.

    The same seed gives the same moments: a box that was started anew goes on with them.
    """
    found = Due()
    if longest <= 0:
        return found
    longest = min(longest, LONGEST)
    shortest = longest * SHORTEST
    span = max(1, int(longest - shortest) + 1)
    stream = Stream(seed, "captures")
    while True:
        following = found.at + min(shortest + stream.below(span), longest)
        if following > elapsed:
            return found
        found = Due(found.number + 1, following)


def findings(seen: Seen, band: Band | Literal[""], devices: int) -> list[Kind]:
    """Cases that come of one capture, for a person to judge. `band`: of the best comparison, empty without one.

    Only a mismatch is a finding: a station's camera is no entrance camera, and a doubtful likeness is no sign of
    anything by itself. A turned face is not compared: it is looked at by a person.
    """
    found: list[Kind] = []
    if seen in BY_SIGHT:
        found.append(BY_SIGHT[seen])
    elif band == "mismatch":
        found.append("mismatch")
    return [*found, "device"] if devices else found


def best(distances: list[float]) -> float | None:
    """The distance that counts: a person has to be like one of their own photographs, however old the other is."""
    return min(distances, default=None)
