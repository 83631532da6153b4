"""The order of a card reading as a state machine: never a read without a successful find and select.

Sans-io like `protocol`: it says which request to send next, is told the response, and ends in `CardRead` or a
named cause. A response whose length does not belong to the request that was sent is not believed, whatever
its checksum says: one damaged frame in 256 passes an XOR.
"""

from enum import Enum

import msgspec

from appliance.devices.cardreader.protocol import (
    ADDRESS_BYTES,
    SAM_ID_BYTES,
    CardData,
    Cause,
    Command,
    Response,
    appended_address,
    card_data,
    cause,
)


class State(Enum):
    """Where the reading of one card stands."""

    IDLE = "idle"
    """Nothing known about the field; the next request is find."""
    FOUND = "found"
    SELECTED = "selected"
    READ = "read"
    """The card was handed over; its appended address may be asked for."""


class CardRead(msgspec.Struct, frozen=True):
    """The reading succeeded."""

    data: CardData
    address: str = ""
    """The appended address (the last change of residence); empty when there is none or it was not asked for."""


class Failed(msgspec.Struct, frozen=True):
    """The reading ended; `at` is the request that failed."""

    at: Command
    cause: Cause


REQUESTS: dict[State, Command] = {
    State.IDLE: Command.FIND,
    State.FOUND: Command.SELECT,
    State.SELECTED: Command.READ,
    State.READ: Command.READ_ADDRESS,
}
"""What may be sent in which state. There is no other way to the read."""

SUCCESS: dict[Command, int] = {
    Command.FIND: 0x9F,
    Command.SELECT: 0x90,
    Command.READ: 0x90,
    Command.READ_WITH_FINGERPRINT: 0x90,
    Command.READ_ADDRESS: 0x90,
    Command.SAM_ID: 0x90,
    Command.STATUS: 0x90,
    Command.RESET: 0x90,
}
SIZES: dict[Command, tuple[int, ...]] = {
    Command.FIND: (4,),
    Command.SELECT: (8,),
    Command.SAM_ID: (SAM_ID_BYTES,),
    Command.READ_ADDRESS: (ADDRESS_BYTES,),
    Command.STATUS: (0,),
    Command.RESET: (0,),
}
"""Data bytes of a successful answer; reads are checked by `card_data`. Failures carry none."""


def believable(command: Command, response: Response) -> bool:
    """True when `response` can be the answer to `command`."""
    if response.status != SUCCESS[command] or not response.cause.ok:
        return not response.data and not cause(response.status).ok
    if command in (Command.READ, Command.READ_WITH_FINGERPRINT):
        return card_data(response.data) is not None
    sizes = SIZES.get(command)
    return sizes is None or len(response.data) in sizes


class Dialogue:
    """One card after another: `wanted()` is the request to send, `answered()` takes its response.

    `fingerprint`: read the fingerprint block too; `address`: ask for the appended address after the read. The
    entrance asks for neither: it needs them for nothing.
    """

    def __init__(self, fingerprint: bool = False, address: bool = False) -> None:
        self.state = State.IDLE
        self._read = Command.READ_WITH_FINGERPRINT if fingerprint else Command.READ
        self._address = address
        self._data: CardData | None = None

    def wanted(self) -> Command:
        """The only request allowed now."""
        return self._read if self.state is State.SELECTED else REQUESTS[self.state]

    def answered(self, response: Response) -> CardRead | Failed | None:
        """Go on with the answer to `wanted()`; None = go on with the next request."""
        command = self.wanted()
        self.state, before = State.IDLE, self.state
        sound = believable(command, response)
        if before is State.READ:
            return self._whole(response.data if sound and response.status == SUCCESS[command] else b"")
        if not sound:
            return Failed(command, cause(0xFF))
        if response.status != SUCCESS[command]:
            return Failed(command, response.cause)
        if before is State.SELECTED:
            self._data = card_data(response.data)
            self.state = State.READ
            return None if self._address else self._whole(b"")
        self.state = State.FOUND if before is State.IDLE else State.SELECTED
        return None

    def abandon(self) -> CardRead | None:
        """The answer did not come or was damaged: begin again with find.

        A card that had been read already is not lost with its appended address.
        """
        before, self.state = self.state, State.IDLE
        return self._whole(b"") if before is State.READ else None

    def _whole(self, address: bytes) -> CardRead:
        data, self._data, self.state = self._data, None, State.IDLE
        assert data is not None  # believable() took the read's answer, and nothing else leads here
        return CardRead(data, appended_address(address))
