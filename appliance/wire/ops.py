"""Messages of the ops API (JSON over HTTPS under /ops/, bearer token), asked by the technician's terminal.

Times are ISO 8601, UTC. Names of candidates are masked; no answer, no face and no ID number is in here.
"""

from datetime import datetime
from typing import Literal

import msgspec

from appliance.wire.archive import Storage
from appliance.wire.gate import LaneState
from appliance.wire.recorder import CameraStatus
from appliance.wire.sync import Trouble


class SignIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /ops/sign-in."""

    login: str
    password: str


class SignedIn(msgspec.Struct, kw_only=True):
    """The reply: `token` goes into `Authorization: Bearer ...` of every other request."""

    token: str
    login: str
    name: str
    role: str
    expires_at: datetime


class SiteLine(msgspec.Struct, kw_only=True):
    """Which box this is."""

    code: str
    name: str
    name_en: str = ""
    demo: bool = False
    timezone: str = "Asia/Shanghai"


class SittingLine(msgspec.Struct, kw_only=True):
    """One sitting with counts of people."""

    id: str
    number: int
    subject: str
    trade: str
    trade_name: str
    room: str
    room_name: str
    starts_at: datetime
    started_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None = None
    opens_at: datetime
    closes_at: datetime
    state: str
    expected: int = 0
    arrived: int = 0
    waiting: int = 0
    called: int = 0
    seated: int = 0
    running: int = 0
    handed_in: int = 0
    marked: int = 0
    passed: int = 0


class SeatTile(msgspec.Struct, kw_only=True):
    """One seat. `state`: free, bound, signed_in, ready, running, handed_in, lost or broken."""

    seat: str
    number: int
    row: int
    column: int
    spare: bool
    state: str
    candidate: str = ""
    """Masked name."""
    answered: int = 0
    questions: int = 0
    remaining_s: int | None = None
    station_seen_s: float | None = None
    flags: list[str] = []


class Board(msgspec.Struct, kw_only=True):
    """The seats of one sitting's room."""

    sitting: str
    room: str
    seats: list[SeatTile]


class Disk(msgspec.Struct, kw_only=True):
    """One disk in bytes. `what`: state (database, keys, papers) or media (recordings)."""

    what: Literal["state", "media"]
    path: str
    total: int
    free: int


class ParcelLine(msgspec.Struct, kw_only=True):
    """One parcel on its way to the province."""

    number: int
    first_seq: int
    last_seq: int
    state: str
    tries: int
    last_error: str
    sealed_at: datetime
    acknowledged_at: datetime | None


class Backlog(msgspec.Struct, kw_only=True):
    """What has not reached the province. `behind`: journal entries not acknowledged."""

    configured: bool = False
    parcels: int = 0
    waiting: int = 0
    refused: int = 0
    behind: int = 0
    oldest: datetime | None = None
    last_contact: datetime | None = None
    failing_since: datetime | None = None
    last_error: str = ""
    latest: list[ParcelLine] = []
    """The newest parcels, newest first, at most 20."""
    troubles: list[Trouble] = []
    """What exam-sync says needs a person; empty while it is silent."""


class Process(msgspec.Struct, kw_only=True):
    """One process of the box, as seen by exam-web. `since`: silent since; None while it answers."""

    name: str
    ok: bool
    since: datetime | None = None
    answer_ms: float | None = None


class Alarm(msgspec.Struct, kw_only=True):
    """Something a person has to see, in the asked language. `level`: red = stop, amber = look."""

    level: Literal["red", "amber"]
    code: str
    text: str
    next: str = ""
    since: datetime | None = None
    subject: str = ""


class Machine(msgspec.Struct, kw_only=True):
    """The box itself."""

    version: str
    load: float
    cores: int
    memory_total: int
    memory_free: int
    up_since: datetime
    """When exam-web started."""
    database: str
    database_bytes: int = 0
    seq: int = 0
    sealed_seq: int = 0
    parts_of_design: float = 0.0
    """Load as a part of the cores: from 0.7 on the load alarm sounds."""


class State(msgspec.Struct, kw_only=True):
    """GET /ops/state[?sitting=ID]: everything at one look. Silent parts keep their last value."""

    now: datetime
    site: SiteLine
    who: str
    role: str
    day: str
    sittings: list[SittingLine]
    cases_open: int
    board: Board | None
    lanes: list[LaneState]
    cameras: list[CameraStatus]
    disks: list[Disk]
    backlog: Backlog
    processes: list[Process]
    machine: Machine
    alarms: list[Alarm]
    storage: Storage | None = None
    """What exam-archive told last; None before."""
    cameras_fault: str = ""
    """Why the file of the cameras cannot be used; those it held last are recorded."""


class MoveSeat(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /ops/move-seat. `command`: uuid of the sender; `to_seat` empty = the nearest spare."""

    command: str
    sitting: str
    from_seat: str
    to_seat: str = ""
    reason: str
    broken: bool = False


class Moved(msgspec.Struct, kw_only=True):
    """Where the candidate sits now."""

    from_seat: str
    to_seat: str


class OpenLane(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """POST /ops/open-lane: a reason, and a second person who signs with their own password."""

    command: str
    lane: str
    reason: str
    second_login: str
    second_password: str


class Opened(msgspec.Struct, kw_only=True):
    """The order was recorded; exam-gate carries it out until `expires_at` or never."""

    order: str
    expires_at: datetime


class JournalLine(msgspec.Struct, kw_only=True):
    """One journal entry. Bodies about answers are left out (the technician may not see them)."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    body: str
    hash: str = ""


class JournalPage(msgspec.Struct, kw_only=True):
    """GET /ops/journal?after=&before=&filter=&limit=: entries, oldest first; `head`: newest of all."""

    entries: list[JournalLine]
    head: int


class Person(msgspec.Struct, kw_only=True):
    """One account. `seen_at`: when its newest session was last used."""

    account: str
    """Id, as the journal names it."""
    login: str
    name: str
    role: str
    disabled: bool
    must_change: bool
    locked_until: datetime | None
    failures: int
    sessions: int
    seen_at: datetime | None
    address: str = ""


class People(msgspec.Struct, kw_only=True):
    """GET /ops/people."""

    people: list[Person]
