"""Spoken announcements in the waiting room: what is said, and what a voice must be able to do.

Only a number and a place are spoken, never a name: surnames are read wrong by machines, and a name called
out is personal data.
"""

from pathlib import Path
from typing import Literal, Protocol

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.voice import pinyin

RoomKind = Literal["theory", "practical", "waiting"]

_ROOMS: dict[str, tuple[str, str]] = {
    "theory": ("理论考场", "li3 lun4 kao3 chang3"),
    "practical": ("实操考室", "shi2 cao1 kao3 shi4"),
    "waiting": ("候考室", "hou4 kao3 shi4"),
}
_PLACES: dict[str, tuple[str, str]] = {
    "theory": ("号考位", "hao4 kao3 wei4"),
    "practical": ("号工位", "hao4 gong1 wei4"),
    "waiting": ("号座位", "hao4 zuo4 wei4"),
}


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """Call the holder of a queue ticket to a place.

    `place`: the number of a seat or workplace, may be empty.
    """

    ticket: str
    room: RoomKind
    place: str = ""

    def text(self) -> str:
        """The sentence in Chinese characters, for the screen."""
        room, _ = _ROOMS[self.room]
        number = self.place.lstrip("0") or self.place
        place = number + _PLACES[self.room][0] if self.place else ""
        return f"请{self.ticket}号考生到{room}{place}"

    def pinyin(self) -> str:
        """The sentence as a voice reads it: syllables with tone numbers, capital letters. Raises Corrupt."""
        try:
            parts = ["qing3", pinyin.spelled(self.ticket), "hao4 kao3 sheng1, dao4", _ROOMS[self.room][1]]
            if self.place:
                parts += [pinyin.place(self.place), _PLACES[self.room][1]]
        except ValueError as error:
            raise Corrupt(
                "unspeakable",
                N_("{text} cannot be announced: only digits and the letters A to Z are spoken."),
                N_("Give tickets and seats such numbers."),
                text=str(error),
            ) from error
        return " ".join(parts)


class Spoken(Protocol):
    """Whatever a voice can say: an announcement of a call, a prompt at the entrance."""

    def text(self) -> str:
        """The sentence in Chinese characters."""
        ...

    def pinyin(self) -> str:
        """The sentence as a voice reads it. Raises Corrupt `unspeakable`."""
        ...


class Voice(Protocol):
    """A voice that turns a sentence into a sound file."""

    name: str

    def render(self, announcement: Spoken, target: Path) -> None:
        """Write a WAV file; `target` appears whole or not at all. Blocks for some tens of milliseconds.

        Raises Unavailable when the voice is not installed, DeviceFault when it fails.
        """
        ...
