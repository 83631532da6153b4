"""Facts of the paper sheets: filled by flow/sheets.py, printed by appliance/reports. Times are aware, UTC.

Names are clear (a sheet is signed by the person named), ID numbers are masked: 3709**********1234.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec


class Heading(msgspec.Struct, kw_only=True, frozen=True):
    """What every sheet says at its top. `made_at` is the only date in the file: same facts, same bytes."""

    site_code: str
    site_name: str
    demo: bool
    timezone: str
    made_at: datetime
    made_by: str = ""
    sitting: str
    """Id of the sitting."""
    number: int
    """The sitting's number of the day (第 n 场)."""
    subject: Literal["theory", "practical"]
    trade: str
    """Name of the trade as printed."""
    room: str
    starts_at: datetime
    ends_at: datetime


class SignInRow(msgspec.Struct, kw_only=True, frozen=True):
    """One expected candidate. `admitted_at` None = not admitted."""

    name: str
    number: str
    ticket_number: str = ""
    """准考证号"""
    employer: str = ""
    seat: str = ""
    admitted_at: datetime | None = None
    how: str = ""
    """machine or review (入场核验)."""


class SignInSheet(msgspec.Struct, kw_only=True, frozen=True):
    """签到表: every expected candidate, with a field to sign. `closed`: who is missing now is absent."""

    heading: Heading
    rows: list[SignInRow]
    closed: bool = False


class TicketSlip(msgspec.Struct, kw_only=True, frozen=True):
    """候考号 on paper. `name` is masked: a slip is left lying about. `locker` empty = none."""

    heading: Heading
    ticket: str
    name: str
    locker: str = ""
    again: bool = False
    """Printed once more on somebody's order; there may be two of it."""


class CorrectionForm(msgspec.Struct, kw_only=True, frozen=True):
    """更正登记表: the same number under two names. `decision`: admit, refuse or empty while nobody has decided."""

    heading: Heading
    number: str
    """Masked."""
    ticket_number: str = ""
    employer: str = ""
    on_roster: str
    on_card: str
    card_at: datetime
    decision: str = ""
    reason: str = ""


class PlanSeat(msgspec.Struct, kw_only=True, frozen=True):
    """One seat where it stands: row 1 is the front, column 1 the left as seen from the seats."""

    seat: str
    number: int
    row: int
    column: int
    spare: bool = False
    broken: bool = False
    name: str = ""
    ticket_number: str = ""


class SeatPlan(msgspec.Struct, kw_only=True, frozen=True):
    """座次表: the room as it stands and who sits where."""

    heading: Heading
    seats: list[PlanSeat]


class Absent(msgspec.Struct, kw_only=True, frozen=True):
    """An expected candidate who was not admitted before entry closed."""

    name: str
    number: str
    ticket_number: str = ""


class Move(msgspec.Struct, kw_only=True, frozen=True):
    """A change of seat while the sitting was on."""

    at: datetime
    name: str
    from_seat: str
    to_seat: str
    reason: str
    by: str


class Extension(msgspec.Struct, kw_only=True, frozen=True):
    """More time given: seconds, and the two people who gave it."""

    at: datetime
    name: str
    seat: str
    seconds: int
    reason: str
    by: str
    second: str


class Incident(msgspec.Struct, kw_only=True, frozen=True):
    """Something the record must tell: a case, a warning, a forced hand-in, a gate opened by hand.

    `kind` is the journal's kind, `sentence` a message id (translated when printed), `text` the words
    written at the time, `result` what was decided: admit, refuse, a gate's outcome, or nothing.
    """

    at: datetime
    kind: str
    name: str = ""
    seat: str = ""
    sentence: str = ""
    text: str = ""
    result: str = ""
    by: str = ""
    second: str = ""
    """Who confirmed it, where two people are needed."""


class HandIns(msgspec.Struct, kw_only=True, frozen=True):
    """How the papers came in: by the candidate, by time, forced; `open` = not yet."""

    candidate: int = 0
    time: int = 0
    forced: int = 0
    open: int = 0


class JournalCode(msgspec.Struct, kw_only=True, frozen=True):
    """The journal's head when the record was made: the sheet's holder can check the journal by it."""

    seq: int
    hash: str
    """64 hexadecimal digits."""

    @property
    def short(self) -> str:
        """The hash as people read it aloud: its first 16 digits in fours."""
        return " ".join(self.hash[i : i + 4] for i in range(0, 16, 4)).upper()

    @property
    def text(self) -> str:
        """What the printed square code holds: `journal:SEQ:HASH`."""
        return f"journal:{self.seq}:{self.hash}"


class RoomGap(msgspec.Struct, kw_only=True, frozen=True):
    """A stretch of a sitting that a camera did not record. `cause`, `origin`: appliance.wire.recorder.Cause, Origin."""

    camera: str
    start: datetime
    end: datetime
    cause: str
    origin: str = ""


class RoomAlarm(msgspec.Struct, kw_only=True, frozen=True):
    """Something was wrong with a camera that recorded. `what`: as a message id; `end` None: it stands."""

    camera: str
    start: datetime
    end: datetime | None
    what: str


class RoomRecordings(msgspec.Struct, kw_only=True, frozen=True):
    """What the cameras of a room have of a sitting. `cameras`: their names; `unknown`: why it could not be asked."""

    cameras: list[str] = []
    begun: bool = False
    """The sitting has begun: before that nothing can be missing."""
    gaps: list[RoomGap] = []
    alarms: list[RoomAlarm] = []
    unknown: str = ""


class RoomRecord(msgspec.Struct, kw_only=True, frozen=True):
    """考场记录表."""

    heading: Heading
    expected: int
    present: int
    absent: list[Absent]
    started_at: datetime | None = None
    ended_at: datetime | None = None
    hand_ins: HandIns = HandIns()
    moves: list[Move] = []
    extensions: list[Extension] = []
    incidents: list[Incident] = []
    recordings: RoomRecordings = RoomRecordings()
    journal: JournalCode


class ScoreLoss(msgspec.Struct, kw_only=True, frozen=True):
    """One deduction taken: its words, points lost in all, how often."""

    text: str
    points: Decimal
    count: int = 1


class ScoreItem(msgspec.Struct, kw_only=True, frozen=True):
    """One item of a task: the most it gives, what was lost, what is left."""

    text: str
    most: Decimal
    losses: list[ScoreLoss] = []
    left: Decimal


class TaskScore(msgspec.Struct, kw_only=True, frozen=True):
    """One subject K1..K4: the task drawn, scored out of its total, weighted by `weight` per cent."""

    subject: str
    task: str
    title: str
    weight: Decimal
    items: list[ScoreItem]
    vetoes: list[str] = []
    """Words of the veto items that were not passed."""
    note: str = ""
    raw: Decimal
    points: Decimal
    """raw x weight / 100, or raw itself where the sheet is pre-weighted."""
    preweighted: bool = False
    examiner: str = ""
    signed_at: datetime | None = None


class ScoreSheet(msgspec.Struct, kw_only=True, frozen=True):
    """实操评分表 of one attempt. `resit`: the points go into the resit column."""

    heading: Heading
    name: str
    number: str
    ticket_number: str = ""
    workplace: str = ""
    resit: bool = False
    tasks: list[TaskScore]
    total: Decimal | None = None
    """None while a subject is not scored yet."""
    passed: bool | None = None
    """None while a subject is not scored, or a violation waits for its decision."""
    pass_mark: Decimal = Decimal(80)
    attempt: str


class ViolationEvidence(msgspec.Struct, kw_only=True, frozen=True):
    """Something the record rests on. `kind`: screen, camera, or the words of a case (a message id)."""

    kind: str
    at: datetime
    sha256: str = ""


class ViolationDecided(msgspec.Struct, kw_only=True, frozen=True):
    """One decision, in words (a message id)."""

    decision: str
    reason: str
    at: datetime
    by: str
    second: str


class ViolationSheet(msgspec.Struct, kw_only=True, frozen=True):
    """违纪登记表: one violation. The candidate and two of the staff sign it. `told`: a message id."""

    heading: Heading
    number: int
    """Of the sitting."""
    name: str
    id_number: str
    """Masked."""
    ticket_number: str
    employer: str
    seat: str
    happened_at: datetime
    rule_zh: str
    rule_en: str
    article: str
    seen: str
    taken: str
    told: str
    told_at: datetime
    said: str
    recorded_by: str
    second: str
    evidence: list[ViolationEvidence]
    cases: list[ViolationEvidence]
    decisions: list[ViolationDecided]
    within: list[str] | None = None
    """Files of the evidence package this sheet lies in that show the moment or belong to it; None: it lies in none."""


class TakenReceipt(msgspec.Struct, kw_only=True, frozen=True):
    """暂扣单: what was taken into keeping, and from whom. Two copies on a page: candidate and site."""

    heading: Heading
    number: int
    name: str
    id_number: str
    """Masked."""
    ticket_number: str
    seat: str
    taken: str
    at: datetime
    recorded_by: str
    second: str
