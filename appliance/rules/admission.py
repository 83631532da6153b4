"""May this person in? The one decision of the entrance, with stable codes and a sentence for each.

Order of the questions (the first that fails decides): card, roster, sitting's window, presence, theory passed,
face. A face is only looked at when everything else allows the admission: nobody is compared without need.
Face may not be the only way (Measures for the Security Management of Face Recognition, 2025-06-01), and nobody is
failed by the machine alone: a face that does not fit leads to a person.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from appliance.rules import timing

Result = Literal["admit", "review", "refuse", "face_needed"]


class Expected(NamedTuple):
    """One roster row of the person: a sitting of this entrance's kind."""

    sitting: str
    opens_at: datetime
    closes_at: datetime
    today: bool
    """The sitting is on the local day of the tap."""
    confirmed: bool
    """Its roster is in force (signed, or confirmed by a second person)."""
    inside: bool
    """Already admitted to it."""
    theory_needed: bool = False
    """A practical sitting: theory comes first (104号 art. 9)."""
    theory_passed: bool = False
    over: bool = False


class CardFacts(NamedTuple):
    """Validity as printed; None = long-term or not told."""

    valid_from: date | None
    valid_to: date | None


class FaceFacts(NamedTuple):
    """What the comparison said. `band`: admit, review, mismatch, no_face, two_faces or camera_silent."""

    band: str
    reference: str
    """chip or roster."""


class Decision(NamedTuple):
    """`sitting` is the roster row that decided; `second_person`: a review needs two people."""

    result: Result
    code: str
    sitting: str | None = None
    second_person: bool = False


def decide(
    now: datetime, card: CardFacts, day: date, rows: Sequence[Expected], face: FaceFacts | None
) -> Decision:
    """The decision for one tap at `now` (aware), local `day`. `rows`: the person's rows of this entrance's kind."""
    if card.valid_to is not None and day > card.valid_to:
        return Decision("refuse", "card_expired")
    if card.valid_from is not None and day < card.valid_from:
        return Decision("refuse", "card_not_yet_valid")
    if not rows:
        return Decision("refuse", "not_on_roster")
    here = [row for row in rows if row.today]
    if not here:
        return Decision("refuse", "wrong_day")
    row = _choose(now, here)
    if row.inside:
        return Decision("refuse", "already_inside", row.sitting)
    if not row.confirmed:
        return Decision("refuse", "roster_unconfirmed", row.sitting)
    entry = "too_late" if row.over else timing.entry(now, row.opens_at, row.closes_at)
    if entry != "open":
        return Decision("refuse", entry, row.sitting)
    if row.theory_needed and not row.theory_passed:
        return Decision("refuse", "theory_not_passed", row.sitting)
    if face is None:
        return Decision("face_needed", "face_needed", row.sitting)
    return _by_face(row, face)


def _choose(now: datetime, rows: Sequence[Expected]) -> Expected:
    """A tap takes the sitting that admits now; else the next to open; else the last one."""
    ordered = sorted(rows, key=lambda row: row.opens_at)
    open_now = [
        row for row in ordered if timing.entry(now, row.opens_at, row.closes_at) == "open" and not row.over
    ]
    waiting = [row for row in open_now if not row.inside]
    ahead = [row for row in ordered if now < row.opens_at]
    return (waiting or open_now or ahead or ordered[-1:])[0]


def _by_face(row: Expected, face: FaceFacts) -> Decision:
    if face.band == "admit" and face.reference == "chip":
        return Decision("admit", "admitted", row.sitting)
    if face.band == "admit":
        return Decision("review", "roster_photo_only", row.sitting, second_person=True)
    codes = {"review": "face_review", "mismatch": "face_mismatch"}
    code = codes.get(face.band, face.band)
    return Decision("review", code, row.sitting, second_person=face.band == "mismatch")


SENTENCES: dict[str, tuple[str, str]] = {
    "admitted": ("Admitted.", "Take the queue ticket and go to the waiting room."),
    "card_expired": ("The ID card has expired.", "Ask for a temporary ID card or a police certificate."),
    "card_not_yet_valid": ("The ID card is not valid yet.", "Ask for the card that is valid today."),
    "not_on_roster": (
        "This person is not on any roster of this entrance.",
        "Search the roster by number; if there is nothing, call the office.",
    ),
    "wrong_day": ("This person's exam is not today.", "Look up the day on the admission ticket."),
    "already_inside": (
        "This person has already been admitted.",
        "Check who went in before; call the invigilator if it was somebody else.",
    ),
    "roster_unconfirmed": (
        "The roster has not been confirmed by a second person.",
        "Call the office to confirm the roster.",
    ),
    "too_early": ("The entrance for this sitting is not open yet.", "Please come back when admission opens."),
    "too_late": ("Entry to this sitting has closed.", "Call the head of the site."),
    "theory_not_passed": (
        "The theory exam has not been passed.",
        "The practical exam follows the theory exam; ask the office for the result.",
    ),
    "roster_photo_only": (
        "The card's photograph could not be read.",
        "Compare the printed card with the live picture; a second person confirms.",
    ),
    "face_review": ("The faces are similar but not sure.", "Compare both pictures yourself and decide."),
    "face_mismatch": (
        "The faces do not fit.",
        "Compare card and person yourself; letting in needs a second person.",
    ),
    "no_face": ("No face was seen.", "Ask the person to look at the camera and tap again."),
    "two_faces": ("More than one face was seen.", "Ask the others to step back and tap again."),
    "camera_silent": (
        "The camera does not answer.",
        "Compare card and person yourself; call the administrator.",
    ),
    "card_unreadable": ("The card could not be read.", "Put the card down again, flat and still."),
}
"""code -> (sentence, next step): message ids."""
