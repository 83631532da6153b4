"""The cameras of a site: those of `[[cameras]]` in examsite.toml, and over them those of a file of their own.

That file (`[recorder] cameras_file`) is written by exam-recorder alone, when the set-up page or the command line tells
it to; every process reads it. A camera that stands in both is as the recorder's file says. No password is in it in
clear: `password_sealed` opens with a key that lies with the processes' keys (cameras/camera_password.py).
"""

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import tomli_w

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_, _

log = logging.getLogger("examsite.settings")

NUMBER = r"[0-9]{1,4}"
"""Of a seat or a workplace."""
SEATS = re.compile(rf"({NUMBER}(-{NUMBER})?(,{NUMBER}(-{NUMBER})?)*)?")
UNREADABLE = (OSError, msgspec.DecodeError, UnicodeDecodeError)


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of every section of a configuration file: unknown keys are errors."""


class Mark(Part, kw_only=True, frozen=True):
    """Where a camera sees a seat, a workplace or a door: fractions of the picture's width and height, from its top
    left corner.
    """

    kind: Literal["seat", "door"]
    name: str
    """The seat's or workplace's number; a door's name."""
    x: float
    y: float


class CameraSettings(Part, kw_only=True, frozen=True, omit_defaults=True):
    """A room camera."""

    code: str
    name: str
    address: str
    """HOST:PORT of the ONVIF device service."""
    user: str = "admin"
    password_file: str = ""
    room: str = ""
    seats: str = "all"
    """Seats it covers: `all`, or numbers and ranges such as `1-30,45`."""
    record: Literal["always", "sittings", "open"] = "always"
    """When it records: day and night; around each sitting of its room; or while its room is open, from the day's first
    admission to the end of its last sitting (cameras/plan.py).
    """
    before_min: int = 15
    """Minutes it begins before that,"""
    after_min: int = 15
    """and goes on after it."""
    profile: str = ""
    """Profile token; empty = the one with most pixels."""
    second: str = ""
    """Profile token or rtsp:// address of the smaller stream for the live view; empty = chosen, `none` = none."""
    screen: str = ""
    """Name of the screen in its view that shows the changing code: `waiting` = the waiting display, else a panel's."""
    password_sealed: str = ""
    """The password as exam-recorder keeps it: encrypted, Base64. Wins over `password_file`."""
    place: Literal["", "front", "back"] = ""
    """Whether it looks from the front or from the back of a theory room."""
    marks: list[Mark] = []
    """What it sees, marked on a still of it."""
    exchanged: float = 0.0
    """When it was set up, or its address, its stream or its room was changed (seconds since 1970): pictures of before
    are none of its own. 0: none was.
    """
    confirmed: float = 0.0
    """The `exchanged` its marks were kept at."""

    @property
    def doubted(self) -> bool:
        """Were its marks kept before its address or its stream was changed? They may be another camera's."""
        return bool(self.marks) and self.confirmed != self.exchanged

    def plan(self) -> str:
        """When it records, in words."""
        words = {
            "always": _("It records day and night."),
            "sittings": _(
                "It records from {before} minutes before each sitting of its room until {after} minutes after it."
            ),
            "open": _(
                "It records from {before} minutes before its room opens until {after} minutes after its last sitting."
            ),
        }
        return words[self.record].format(before=self.before_min, after=self.after_min)


class CamerasFile(Part, kw_only=True, frozen=True):
    """The recorder's file."""

    cameras: list[CameraSettings] = []


class Cameras(list[CameraSettings]):
    """The cameras of both files. Whoever goes through them sees the recorder's file as it is now."""

    def __init__(self, own: Iterable[CameraSettings], path: Path) -> None:
        """`own`: those of examsite.toml. Raises Corrupt for what names no seats there."""
        super().__init__(own)
        self.own = self[:]
        for one in self.own:
            check_seats(one.seats)
        self.path = path
        self.fault: Corrupt | None = None
        """Why the recorder's file cannot be used; the cameras are then those it last held."""
        self._seen: tuple[int, int] | None = (0, 0)
        self.refresh()

    def __iter__(self) -> Iterator[CameraSettings]:
        self.refresh()
        return iter(self[:])

    def refresh(self) -> bool:
        """Is anything different? A file that is gone or cannot be read is told in the log, once, and in `fault`: the
        exam goes on, and every camera that was known is recorded.
        """
        seen = _state(self.path)
        if seen == self._seen:
            return False
        self._seen = seen  # what cannot be read is told once, until it is another file
        try:
            found, self.fault = read_cameras(self.path), None
        except Corrupt as error:
            log.error("%s", error)
            self.fault = error
            last = read_last(self.path)
            if last is None:
                return False  # as they were
            found = last
        filed = {one.code: one for one in found}
        mine = {one.code for one in self.own}
        # One step: whoever goes through them meanwhile, in another thread, never finds some of them missing.
        self[:] = [
            *(filed.get(one.code, one) for one in self.own),
            *(one for one in filed.values() if one.code not in mine),
        ]
        return True


def check_seats(seats: str) -> None:
    """Raises Corrupt for what names no seats: neither `all`, nor numbers and ranges. Blanks do not count, except
    where they may stand for a comma.
    """
    if seats.strip() == "all":
        return
    parts = [re.sub(r"\s*-\s*", "-", part.strip()) for part in seats.split(",")]
    named = ",".join(part for part in parts if part)
    ranges = (part.split("-") for part in named.split(",") if "-" in part)
    if not SEATS.fullmatch(named) or any(int(low) > int(high) for low, high in ranges):
        raise Corrupt(
            "bad_seats",
            N_("{seats} names no seats."),
            N_("Write all, or numbers and ranges such as 1-30,45."),
            seats=seats,
        )


def ranges_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted numbers as ranges, first and last of each."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


def refreshed(cameras: list[CameraSettings]) -> bool:
    """Read the recorder's file again; False for cameras that come from one file only."""
    return isinstance(cameras, Cameras) and cameras.refresh()


def fault_of(cameras: list[CameraSettings]) -> Corrupt | None:
    """Why the recorder's file of these cameras cannot be used now."""
    return cameras.fault if isinstance(cameras, Cameras) else None


def last_of(path: Path) -> Path:
    """Where exam-recorder keeps what its file last held, beside it."""
    return path.with_name(f"{path.name}.last")


def read_cameras(path: Path) -> list[CameraSettings]:
    """The cameras of the recorder's file; none when there was no file yet. Raises Corrupt."""
    try:
        found = _read(path)
        for one in found or []:
            check_seats(one.seats)
        if found is None and _read(last_of(path)):
            raise FileNotFoundError("the file is gone")
    except UNREADABLE as error:
        raise Corrupt(
            "bad_cameras_file",
            N_("The cameras' file {path} cannot be used: {detail}"),
            N_(
                "The cameras known last are recorded. Copy cameras.toml.last over it, or restore it from the backup."
            ),
            path=str(path),
            detail=str(error),
        ) from error
    return found or []


def read_last(path: Path) -> list[CameraSettings] | None:
    """What the recorder's file last held; None when that is not known."""
    try:
        return _read(last_of(path))
    except UNREADABLE:
        return None


def _read(path: Path) -> list[CameraSettings] | None:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=CamerasFile).cameras
    except FileNotFoundError:
        return None


def dump_cameras(cameras: list[CameraSettings]) -> bytes:
    """The file that gives these cameras."""
    head = b"# Written by exam-recorder. Change it on the page /cameras or with examsite cameras.\n\n"
    return head + tomli_w.dumps(msgspec.to_builtins(CamerasFile(cameras=cameras))).encode()


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
