"""Who is let in at the entrance (入场核验): facts in, one decision with a stable code and its effects out.

Asked twice per tap: `before_face` says at once what no face check could change; `decide` gives the decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from appliance.rules import names
from appliance.rules.facecheck import Code
from appliance.rules.timing import entry

Result = Literal["admit", "review", "refuse"]
Effect = Literal["admission", "ticket", "return", "open_gate", "case"]
Lane = Literal["theory", "practical"]
Eligibility = Literal["eligible", "unknown", "suspended"]
"""What the roster says of the person's right to sit; suspended = for a violation, until its end is recorded."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card says. `valid_to` None = long-term, or a card without an end."""

    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    by_hand: bool = False
    """Nothing was read from a chip: a member of staff typed the number and saw another paper."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One roster row of the card's holder, of any day. Instants aware; `day` is the site's own date."""

    sitting: str
    subject: Lane
    day: date
    starts_at: datetime
    opens_at: datetime
    closes_at: datetime
    name: str = ""
    roster_active: bool = True
    """False while the roster waits for the second person."""
    inside: bool = False
    """An admission to this sitting exists already."""
    absent: bool = False
    """The desk noted that this person, once inside, left for a moment."""
    theory_passed: bool = True
    """Only asked of practical sittings: theory is passed before practical (104号 art. 9)."""
    passed: bool = False
    """This subject of this trade was passed before: nothing is left to sit."""
    over: bool = False
    """The sitting has ended."""
    handed_in: bool = False
    """This person's exam of this sitting is finished: there is nothing to come back to."""
    eligibility: Eligibility = "eligible"
    places_left: int | None = None
    """Places of the room that nobody was admitted to yet; None = not counted."""
    look_alike: bool = False
    """Somebody with the same place and day of birth is expected on the same day: a twin, mostly."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the decision needs. `now` = when the card was put down; `today` = the site's date then."""

    now: datetime
    today: date
    lane: Lane
    card: Card
    expected: Sequence[Expected]
    elsewhere: bool = False
    """A roster expects the person at another site today."""
    face: Code | None = None
    """What the face check found; None = not compared yet."""
    security_check: bool = False
    """The site lets nobody in before a member of staff made the security check."""


@dataclass(frozen=True)
class Decision:
    """What is done. `sitting` is the one meant (with wrong_lane the one next door), empty when none fits; `opens_at`
    goes with too_early.
    """

    code: str
    result: Result
    sitting: str = ""
    effects: tuple[Effect, ...] = ()
    opens_at: datetime | None = None
    doubts: tuple[str, ...] = ()
    """With a review: everything a person has to look at; `code` is the first of them."""


RESULTS: dict[str, Result] = {
    "admitted": "admit",
    "come_back": "admit",
    "face_review": "review",
    "face_mismatch": "review",
    "no_face": "review",
    "two_faces": "review",
    "camera_silent": "review",
    "name_differs": "review",
    "face_roster_only": "review",
    "face_photos_differ": "review",
    "no_photograph": "review",
    "photo_without_face": "review",
    "face_engine_silent": "review",
    "liveness_failed": "review",
    "photo_altered": "review",
    "by_hand": "review",
    "look_alike": "review",
    "eligibility_unknown": "review",
    "already_passed": "review",
    "security_check": "review",
    "card_expired": "refuse",
    "card_not_yet_valid": "refuse",
    "not_on_roster": "refuse",
    "wrong_day": "refuse",
    "wrong_site": "refuse",
    "wrong_lane": "refuse",
    "roster_unconfirmed": "refuse",
    "too_early": "refuse",
    "too_late": "refuse",
    "already_inside": "refuse",
    "handed_in": "refuse",
    "theory_not_passed": "refuse",
    "suspended": "refuse",
    "sitting_full": "refuse",
}
"""Every code and what it leads to. In doubt a person decides; a machine never refuses for a face."""

SECOND_PERSON = frozenset(
    code
    for code, result in RESULTS.items()
    if result == "review"
    and code not in ("face_review", "name_differs", "eligibility_unknown", "already_passed", "security_check")
)
"""Reviews that one member of staff alone may not decide in favour."""

SENTENCES: dict[str, tuple[str, str]] = {
    "admitted": ("Please go in.", "Wait until your ticket number is called."),
    "come_back": ("Back from outside: please go in.", "The ticket and the seat stay the same."),
    "face_review": (
        "The staff must compare the face.",
        "Compare card, roster photo and person, then decide.",
    ),
    "face_mismatch": ("The face does not match the photo.", "Compare card and person yourself, then decide."),
    "no_face": (
        "No face could be seen.",
        "Ask the person to face the camera without mask or hat, or decide.",
    ),
    "two_faces": ("More than one face could be seen.", "Let only one person stand in front of the camera."),
    "camera_silent": (
        "The camera gave no picture.",
        "Compare the person yourself and call the administrator.",
    ),
    "name_differs": ("Name on the card and on the roster differ.", "Compare both; the number is the same."),
    "face_roster_only": (
        "The photo on the card's chip could not be read.",
        "Compare the printed card with the person; a second person confirms.",
    ),
    "face_photos_differ": (
        "The photos of card and roster do not show the same person.",
        "Compare card, roster photo and person; a second person confirms.",
    ),
    "no_photograph": (
        "There is no photo to compare with.",
        "Compare the printed card with the person; a second person confirms.",
    ),
    "photo_without_face": (
        "No single face was found in the photo on the card or the roster.",
        "Compare the printed card with the person; a second person confirms.",
    ),
    "face_engine_silent": (
        "The face check does not answer.",
        "Compare the printed card with the person; a second person confirms.",
    ),
    "liveness_failed": (
        "The camera did not see the movements that were asked for.",
        "Look whether a living person stands there; a second person confirms.",
    ),
    "photo_altered": (
        "The roster photo kept on the box was altered or removed.",
        "Compare the printed card with the person, a second person confirms; call the inspector.",
    ),
    "by_hand": (
        "Entered by hand, without a chip.",
        "Compare the paper and the person; a second person confirms.",
    ),
    "look_alike": (
        "Somebody with the same day and place of birth sits today too.",
        "Compare name and number with the card, digit by digit; a second person confirms.",
    ),
    "eligibility_unknown": (
        "The roster does not say whether this person may sit.",
        "Ask for the proof of enrolment, then decide.",
    ),
    "already_passed": (
        "This person has passed this subject already.",
        "Ask the exam office whether it is sat again, then decide.",
    ),
    "security_check": (
        "The security check comes first.",
        "Phone and bag into a locker; check the person, then note the locker and let in.",
    ),
    "card_expired": ("The ID card has expired.", "Ask for a valid card or a temporary ID card."),
    "card_not_yet_valid": ("The ID card is not valid yet.", "Ask for the card that is valid today."),
    "not_on_roster": (
        "This person is not on the roster.",
        "Check the notice of the exam; ask the exam office.",
    ),
    "wrong_day": ("This person's exam is on another day.", "Show the day in the notice of the exam."),
    "wrong_site": (
        "This person's exam is at another site.",
        "Show the site in the notice of the exam; the exam office knows the way.",
    ),
    "wrong_lane": ("This person's exam is at the other entrance.", "Show the way there."),
    "roster_unconfirmed": (
        "The roster has not been confirmed.",
        "Have a second person confirm it, then again.",
    ),
    "too_early": ("Admission has not opened yet.", "Come back when admission opens."),
    "too_late": ("Entry to this sitting is closed.", "Counted as absent; the exam office answers questions."),
    "already_inside": ("This person was admitted already.", "Check who came in before with this card."),
    "handed_in": (
        "This person has handed in and left.",
        "Nobody goes back to an exam that was handed in; the invigilator answers questions.",
    ),
    "theory_not_passed": (
        "Theory has not been passed yet.",
        "Practical follows only after theory is passed.",
    ),
    "suspended": (
        "This person is suspended from exams.",
        "Ask the exam office; it knows until when and why.",
    ),
    "sitting_full": (
        "Every place of this sitting is taken.",
        "Ask the exam office for a place in another sitting.",
    ),
}
"""Code -> sentence and next step for the staff, as message ids. In public only letting in is shown."""


def before_face(facts: Facts) -> Decision | None:
    """The refusal that stands whatever the face says; None when the face shall be compared."""
    code, meant = _row(facts)
    if code == "":
        return None
    return _decision(code, meant)


def decide(facts: Facts) -> Decision:
    """The decision. `facts.face` must be given when `before_face` returned None."""
    code, meant = _row(facts)
    if code:
        return _decision(code, meant)
    if facts.face is None:
        raise ValueError("the face has not been compared")
    if meant is None:
        raise AssertionError("a row without a fault is always there")
    doubts = _doubts(facts, meant)
    clear = "come_back" if meant.inside else "admitted"
    return replace(_decision(doubts[0] if doubts else clear, meant), doubts=doubts)


def _doubts(facts: Facts, meant: Expected) -> tuple[str, ...]:
    """Everything a person has to look at, what needs a second person first."""
    found = ["by_hand"] if facts.card.by_hand else []
    if facts.face != "face_matches" and not facts.card.by_hand:
        found.append(str(facts.face))
    if meant.look_alike:
        found.append("look_alike")
    if meant.eligibility == "unknown" and not meant.inside:  # asked once, when they came in first
        found.append("eligibility_unknown")
    if meant.passed and not meant.inside:
        found.append("already_passed")
    if meant.name and not meant.inside and not names.same(meant.name, facts.card.name):
        found.append("name_differs")
    if facts.security_check:  # also of who comes back: a toilet is where notes are hidden
        found.append("security_check")
    return tuple(sorted(found, key=lambda code: code not in SECOND_PERSON))


def _row(facts: Facts) -> tuple[str, Expected | None]:
    """The roster row meant by this tap, and what is wrong with it ('' = nothing)."""
    if facts.card.valid_from is not None and facts.today < facts.card.valid_from:
        return "card_not_yet_valid", None
    if facts.card.valid_to is not None and facts.today > facts.card.valid_to:
        return "card_expired", None
    today = [row for row in facts.expected if _is_now(facts, row)]
    if facts.elsewhere and not today:
        return "wrong_site", None
    if not facts.expected:
        return "not_on_roster", None
    if not today:
        return "wrong_day", None
    here = _nearest(facts, [row for row in today if row.subject == facts.lane])
    other = _nearest(facts, [row for row in today if row.subject != facts.lane])
    if here is None:
        return "wrong_lane", other[1] if other else None
    if here[0] == "too_late" and other and other[0] != "too_late":
        return "wrong_lane", other[1]  # what is over here was another exam: the one to come is next door
    return here


def _nearest(facts: Facts, rows: Sequence[Expected]) -> tuple[str, Expected] | None:
    """With several sittings on one day the one that admits counts, else the one with the nearest obstacle."""
    judged = [(_fault(facts, row), row) for row in sorted(rows, key=lambda row: row.starts_at)]
    return min(judged, key=lambda one: (_RANK[one[0]], not one[1].inside, one[1].starts_at), default=None)


def _is_now(facts: Facts, row: Expected) -> bool:
    """Today's, or one that goes on over midnight: its entrance is open, or somebody is out for a moment."""
    open_now = row.opens_at <= facts.now < row.closes_at
    return row.day == facts.today or open_now or (row.absent and not row.over)


_RANK = {
    code: place
    for place, code in enumerate(
        (
            "",
            "already_inside",
            "handed_in",
            "theory_not_passed",
            "sitting_full",
            "suspended",
            "roster_unconfirmed",
            "too_early",
            "too_late",
        )
    )
}
"""How near each obstacle is to being let in."""


def _fault(facts: Facts, row: Expected) -> str:
    if row.inside and row.absent and not row.over:
        # What forbids to sit on counts for who was outside as well: a moment outside undoes no suspension.
        return "suspended" if row.eligibility == "suspended" else "handed_in" if row.handed_in else ""
    when = entry(facts.now, row.opens_at, row.closes_at)
    if row.over or when == "too_late":
        return "already_inside" if row.inside and not row.over else "too_late"
    if row.inside:
        return "already_inside"
    if row.eligibility == "suspended":
        return "suspended"
    if not row.roster_active:
        return "roster_unconfirmed"
    if when == "too_early":
        return "too_early"
    if row.subject == "practical" and not row.theory_passed:
        return "theory_not_passed"
    if row.places_left is not None and row.places_left <= 0:
        return "sitting_full"
    return ""


def _decision(code: str, meant: Expected | None) -> Decision:
    result = RESULTS[code]
    effects: tuple[Effect, ...] = ()
    if code == "come_back":
        effects = ("return", "open_gate")
    elif result == "admit":
        effects = ("admission", "ticket", "open_gate")
    elif result == "review":
        effects = ("case",)
    opens_at = meant.opens_at if meant is not None and code == "too_early" else None
    return Decision(code, result, meant.sitting if meant else "", effects, opens_at)
