"""Messages between exam-sync and whoever asks it (UNIX socket)."""

from datetime import datetime

import msgspec


class GetBacklog(msgspec.Struct, tag="sync.backlog"):
    """Ask exam-sync what has not reached the province."""


class SyncNow(msgspec.Struct, tag="sync.now"):
    """Seal, deliver and fetch at once; the answer is the Backlog afterwards. Allow at least 30 s."""


class SendAgain(msgspec.Struct, tag="sync.again", kw_only=True):
    """A person looked at a refused parcel: send the same bytes once more. `actor` as in the journal."""

    epoch: str
    number: int
    reason: str
    actor: str


class Line(msgspec.Struct, kw_only=True):
    """One parcel (上报数据包)."""

    epoch: str
    number: int
    first_seq: int
    last_seq: int
    state: str
    """sealed, acknowledged or refused."""
    tries: int
    last_error: str
    sealed_at: datetime
    acknowledged_at: datetime | None


class Trouble(msgspec.Struct, kw_only=True):
    """Something that needs a person: a message that cannot be taken in, a missing key. English message
    ids."""

    code: str
    message: str
    next_step: str
    params: dict[str, str]
    since: datetime
    about: str = ""
    """Id of the message or parcel concerned."""


class Backlog(msgspec.Struct, kw_only=True):
    """What has not reached the province.

    `entries`: journal entries in no parcel that make one due; `sealed`, `acknowledged`, `refused`: parcels by
    state; `blocked`: the refused parcel that holds up everything behind it.
    """

    configured: bool
    entries: int = 0
    sealed: int = 0
    acknowledged: int = 0
    refused: int = 0
    oldest: datetime | None = None
    """When the oldest parcel without a receipt was sealed."""
    last_contact: datetime | None = None
    failing_since: datetime | None = None
    last_error: str = ""
    blocked: Line | None = None
    latest: list[Line] = []
    """The newest parcels, newest first, at most 20."""
    troubles: list[Trouble] = []
    """Known to the running process only."""
