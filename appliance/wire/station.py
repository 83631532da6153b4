"""Messages between exam stations and the box (station API, JSON over HTTPS).

Times are ISO 8601, UTC. A seat is known by its fixed address. `n` numbers the changes of one lease without a
hole: the box acknowledges n only after its commit.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

Phase = Literal["free", "sign_in", "rules", "waiting", "running", "handed_in"]

MOST = 200
"""Changes in one request; a page that kept more sends them in several."""
MOST_QUESTIONS = 500
"""Questions a paper may have, as far as what a page tells of them goes."""


class Seat(msgspec.Struct, kw_only=True):
    """GET /station/api/seat: what the page shows before anybody signs in."""

    seat: str
    room: str
    sitting: str = ""
    sitting_in: dict[str, str] = {}
    """`sitting` by language (zh_CN, en): the page switches without asking."""
    phase: Phase = "free"
    candidate: str = ""
    """Masked name of the bound candidate, e.g. 张*."""
    attempt: str = ""
    """Id of the bound candidate's attempt: a page that has finished another one makes way for it."""
    by_code: bool = False
    """Free, and one may sign in with ID or ticket number and pass code."""
    now: datetime
    demo: bool = False


class SignIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/sign-in: the bound candidate types the last four characters of the ID number.

    At a free seat (`Seat.by_code`): ID or ticket number, and the sitting's pass code.
    """

    last_four: str = ""
    number: str = ""
    pass_code: str = ""


class ExamNow(msgspec.Struct, kw_only=True):
    """In Attempt: what the exam's rules, the roster and the raised hand say."""

    hand_in_from: datetime
    """From when the candidate may hand in."""
    early_hand_in: bool = True
    """False: not before the end."""
    hand_at: datetime | None = None
    """Since when the candidate's hand is up."""
    help: list[str] = []
    """Approved help: voice, large, time25."""
    open_book: bool = False
    """The candidate may look things up: the rules do not forbid books then."""
    paused: bool = False
    """The exam stands still: the paper is hidden, the time left does not move."""


class Attempt(msgspec.Struct, kw_only=True):
    """GET /station/api/attempt, and the reply to sign-in and rules: where the candidate stands."""

    attempt: str
    lease: int
    phase: Phase
    seat: str
    room: str = ""
    """Name of the room the seat is in."""
    name: str
    masked_number: str
    exam: str
    exam_in: dict[str, str] = {}
    """`exam` by language, as `Seat.sitting_in`."""
    questions: int
    starts_at: datetime
    deadline: datetime
    now: datetime
    saved_n: int = 0
    """The last change of this lease the box has committed."""
    answered: int = 0
    message: str = ""
    message_id: str = ""
    handed_in: str = ""
    """How: candidate, time, forced; empty while running."""
    result: str = ""
    moved: bool = False
    """The exam goes on at another seat, or under a newer lease: this page only delivers what it keeps."""
    goes_on_at: str = ""
    """The seat the candidate was moved to, e.g. T1-05; empty = none but this one."""
    captures: float = 0.0
    """The longest time in seconds between two captures while the box is away; 0 = none are taken."""
    capture_due: int = 0
    """Number of the random capture to take now; 0 = none. When the next one comes nobody is told."""
    face_check: str = ""
    """Face check at the seat: due (send a picture), looking, hand (an invigilator decides); empty = go on."""
    key: bytes = b""
    """Opens the sealed paper (AES-256-GCM); empty until the attempt runs."""
    page: str = ""
    """Address of the province's page when the exam is answered there: this page shows no paper then."""
    around: ExamNow
    csrf: str = ""
    demo: bool = False
    talk: str | msgspec.UnsetType = msgspec.UNSET
    """The open conversation with the invigilator, empty = none; only in the answer to GET attempt."""


class Bookmark(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which question was shown, and which are flagged: for the next page, on whatever seat. Never marked.

    The newer one by `at` counts, the page's or the box's.
    """

    position: int
    flagged: Annotated[list[int], msgspec.Meta(max_length=MOST_QUESTIONS)] = []
    at: Annotated[datetime, msgspec.Meta(tz=True)]


ABOUT_PAPER, ABOUT_PICTURE = b"paper", b"picture"
"""What sealed bytes are authenticated as."""


class SealedPaper(msgspec.Struct, kw_only=True):
    """GET /station/api/paper: the sealed files of the seat's own paper, by the SHA-256 of their bytes.

    Each is fetched from /station/api/sealed/{name} before the start and kept by the page. `body` opens with the key in
    `Attempt` and is a `Paper`; `pictures`, in no order of the paper, open with the keys it holds.
    """

    body: str
    pictures: list[str]
    answers: dict[int, str] = {}
    """What the box already has (position -> option key), for a page on another seat."""
    made_at: dict[int, datetime] = {}
    """When each of `answers` was made: a page that kept a later change sends it again."""
    bookmark: Bookmark | None = None
    """The newest the box has, of whatever seat."""


class Picture(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in a text where a picture stands: its name (SHA-256, hex) and what it shows, in words."""

    picture: str
    alt: str = ""


Words = str | tuple[str | Picture, ...]
"""A text, or a text with pictures in it."""


class Option(msgspec.Struct):
    """One choice; `key` is what an answer names."""

    key: str
    text: Words


class Wording(msgspec.Struct, kw_only=True):
    """A question in another language; `options` in the order of the question's own, whose keys they keep."""

    stem: Words
    options: list[Words]


class Question(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One item as shown: no right answer in it. `language`: of stem and options."""

    position: int
    kind: Literal["true_false", "single_choice", "multiple_choice"]
    stem: Words
    options: list[Option]
    language: str = "zh_CN"
    english: Wording | None = None


class SealedPicture(msgspec.Struct, kw_only=True):
    """A picture of a paper: name of its sealed file, its media type when opened, its own key."""

    sealed: str
    media_type: str
    key: bytes


class Paper(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the sealed body of a paper holds (JSON): opened by the page at the start."""

    paper: str
    sha256: str
    questions: list[Question]
    pictures: dict[str, SealedPicture] = {}
    """Every picture it shows, by the SHA-256 that its questions name."""


class Answer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One change. `value` is an option's key, or empty for a withdrawn answer; `at` the station's best time.

    With multiple choice `value` holds every chosen key, in order (`ACD`).
    """

    n: int
    position: int
    value: str
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    proven: bool = True
    """False: `at` came over the station's wall clock, after a reload without the box."""


class Answers(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/answers: changes in order, without a hole, at most 200; none when only the bookmark is new."""

    attempt: str
    lease: int
    answers: Annotated[list[Answer], msgspec.Meta(max_length=MOST)]
    bookmark: Bookmark | None = None


class Saved(msgspec.Struct, kw_only=True):
    """Everything up to `n` is committed."""

    n: int
    now: datetime
    deadline: datetime
    late: bool = False


class HandIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/hand-in: `n` = the last change the page has made; refused as stale while any is missing."""

    attempt: str
    lease: int
    n: int


class Capture(msgspec.Struct, kw_only=True):
    """POST /station/api/capture, as the query of a JPEG body (at most CAPTURE_MOST bytes): what the camera saw.

    `id` is given by the page: sent twice it is kept once. `number` = `Attempt.capture_due` it answers; 0 for one taken
    while the box was away and for a face check.
    """

    id: str
    attempt: str
    lease: int
    at: datetime
    purpose: Literal["random", "seat_check"] = "random"
    number: int = 0


CAPTURE_MOST = 200_000
"""Bytes of one capture: a JPEG of 640 x 480 has about 50,000."""


class CapturesDropped(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/captures-dropped: so many of a lease gave way to newer ones while the box was away."""

    attempt: str
    lease: int
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class CameraState(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/camera: the page's camera gives pictures, or why not."""

    state: Literal["ok", "missing", "refused", "silent"]


class Hand(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/hand: the candidate calls the invigilator, or takes it back."""

    up: bool


class Left(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/left: the page was left, or something lay over it. The same id again says until when.

    page_reloaded: the page itself went away, and came back or not: loaded anew, crashed, the computer went out.
    """

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f-]{36}$")]
    kind: Literal["page_left", "focus_lost", "fullscreen_left", "page_reloaded"]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    proven: bool = True


class Noted(msgspec.Struct, kw_only=True):
    """What the page said of itself is kept."""

    id: str
    now: datetime


class Acknowledge(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /station/api/acknowledge: the candidate has read the warning."""

    message_id: str


class Inventory(msgspec.Struct, kw_only=True):
    """POST /station/api/agent/inventory (bearer: the station's key): what the machine is."""

    hostname: str
    os: str
    cpu: str
    cores: int
    memory_mb: int
    disk_gb: float
    addresses: list[str]
    camera: bool = False
    browser: str = ""
    policies_sha256: str = ""
    ruleset_sha256: str = ""
    locked: bool = False
    """The station's own test: only the box answers."""
    detail: dict[str, Any] = {}


class Heartbeat(msgspec.Struct, kw_only=True):
    """POST /station/api/agent/heartbeat every few seconds."""

    hostname: str
    uptime_s: float
    browser_running: bool = False
    load: float = 0.0


class Orders(msgspec.Struct, kw_only=True):
    """Reply to an agent: its seat and what it shall do."""

    seat: str
    now: datetime
    heartbeat_s: float = 5.0
    page: str = "/station/"
