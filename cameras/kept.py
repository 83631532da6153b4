"""The cameras as exam-recorder keeps them: the one writer of the cameras' file, and the notes of what was changed."""

import logging
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.base.camera_settings import (
    NUMBER,
    CameraSettings,
    Mark,
    check_seats,
    dump_cameras,
    last_of,
    ranges_of,
    read_cameras,
    read_last,
    refreshed,
)
from appliance.base.errors import Conflict, Corrupt, NotFound, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.wire.cameras import NoteKind, RemoveCamera, SaveCamera, SaveMarks
from cameras.address import compared, host_of, normal
from cameras.camera_password import sealed
from cameras.notes import Notebook, View

log = logging.getLogger("examsite.recorder")

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
LONGEST = 80
"""Characters of a name or an address."""


class Kept:
    """Adds, changes and removes cameras. `changed`: called after each, so that recording follows; `needed`: does what a
    camera sees belong to a running sitting? Then it stays where it is, whoever asks.
    """

    def __init__(
        self,
        settings: Settings,
        notes: Notebook,
        changed: Callable[[], None],
        needed: Callable[[CameraSettings], bool] = lambda _camera: False,
    ) -> None:
        self._needed = needed
        self._settings = settings
        self._notes = notes
        self._changed = changed
        self._catch_up()

    def _catch_up(self) -> None:
        """Note what the file holds and nobody noted: the power went between the two, or somebody else wrote it."""
        path = self._settings.cameras_file
        last = read_last(path)
        try:
            now = read_cameras(path)
            before = {one.code: one for one in (now if last is None else last)}
            after = {one.code: one for one in now}
            for code in sorted(before.keys() | after.keys()):
                if before.get(code) != after.get(code):
                    kind: NoteKind = (
                        "added" if code not in before else "changed" if code in after else "removed"
                    )
                    self._note(kind, code, "process:recorder", after.get(code))
        except (Corrupt, Unavailable) as error:
            log.error("what changed in the cameras' file is not noted: %s", error)
            return
        self._remember()

    def _note(self, kind: NoteKind, code: str, by: str, camera: CameraSettings | None) -> None:
        view = View(camera.room, camera.seats, camera.place) if camera else View()
        self._notes.add(kind, code, by, datetime.now(UTC), view=view)

    def _remember(self) -> None:
        """Keep what the file holds once more beside it, for the day it cannot be read."""
        path = self._settings.cameras_file
        try:
            body = dump_cameras(read_cameras(path))
            if path.exists() and (not last_of(path).exists() or last_of(path).read_bytes() != body):
                write_whole(last_of(path), body)
        except (Corrupt, OSError) as error:
            log.error("the cameras' file is not kept a second time: %s", error)

    def save(self, order: SaveCamera, password: str | None) -> None:
        """Add it, or change one that is known. `password` None: the one it has. Raises Corrupt."""
        camera = order.camera
        check(camera)
        camera = msgspec.structs.replace(camera, address=normal(camera.address))
        known = self._known(camera.code)
        stays = known is not None and _stream(known) == _stream(camera)
        other = next((one for one in self._settings.cameras if _stream(one) == _stream(camera)), None)
        if other and other.code != camera.code and not stays:
            raise Conflict(
                "camera_address_taken",
                N_("{address} is camera {camera} already."),
                N_("Change that one, remove it first, or name another stream (profile) of the device."),
                camera=other.code,
                address=camera.address,
            )
        if known and order.new and compared(known.address) != camera.address:
            raise Conflict(
                "camera_code_taken",
                N_("{camera} is the code of another camera, {address}."),
                N_("Choose another code: recordings are kept by it."),
                camera=camera.code,
                address=known.address,
            )
        if known and password is None and host_of(known.address) != host_of(camera.address):
            # Whoever may name an address must not have a password sent there that somebody else typed.
            raise Refused(
                "camera_password_again",
                N_("The address names another host: its password is needed."),
                N_("Type the camera's password again."),
            )
        moved = known is not None and known.room != camera.room
        if known and moved:
            self._free(known)
        secret = camera.password_sealed
        if password is not None:
            secret = sealed(self._settings, camera.code, password)
        elif known:
            secret = known.password_sealed
        marked = _seats(known.marks) if known and not moved else []
        named = known is None or camera.seats != known.seats
        void = known is not None and moved and bool(known.marks)
        exchanged = known.exchanged if known else 0.0
        # Of a camera that had a new one's code before, recordings and a reference still may lie there.
        if known is None or moved or _stream(known) != _stream(camera):
            exchanged = datetime.now(UTC).timestamp()
        if marked and named:
            raise Refused(
                "seats_marked",
                N_("The marks on its picture say which seats camera {camera} sees."),
                N_("Change the marks on the camera's page."),
                camera=camera.code,
            )
        kept = msgspec.structs.replace(
            camera,
            password_sealed=secret,
            password_file="" if secret else known.password_file if known else "",
            # What it saw in another room says nothing of this one.
            marks=known.marks if known and not moved else [],
            exchanged=exchanged,
            confirmed=known.confirmed if known else 0.0,
            seats=spans(marked) if marked else "all" if void and not named else camera.seats,
        )
        if known and kept == known:
            return
        alike = known and _without_password(kept) == _without_password(known)
        self._write(
            camera.code, kept, "added" if known is None else "password_set" if alike else "changed", order.by
        )

    def mark(self, order: SaveMarks) -> None:
        """Keep the marks; the seats a camera covers are those marked, once any is. Raises Conflict."""
        known = self._require(order.camera)
        if order.room not in (None, known.room):
            raise Conflict(
                "camera_moved",
                N_(
                    "Camera {camera} was taken to another room meanwhile: these are marks of the room before."
                ),
                N_("Load the page again and mark what it sees there."),
                camera=known.code,
            )
        if order.exchanged not in (None, known.exchanged):
            raise Conflict(
                "camera_exchanged",
                N_(
                    "Camera {camera} was set up again or its address, stream or room changed: marks of before."
                ),
                N_("Load the page again and mark what it sees there."),
                camera=known.code,
            )
        for mark in order.marks:
            named = re.fullmatch(NUMBER, mark.name) if mark.kind == "seat" else mark.name.strip()
            if not (0 <= mark.x <= 1 and 0 <= mark.y <= 1 and named and len(mark.name) <= LONGEST):
                raise Corrupt("bad_mark", N_("A mark lies outside the picture, or has no name."))
        numbers = _seats(order.marks)
        seats = spans(numbers) if numbers else "" if _seats(known.marks) else known.seats
        self._write(
            known.code,
            msgspec.structs.replace(
                known, marks=order.marks, seats=seats, place=order.place, confirmed=known.exchanged
            ),
            "marked",
            order.by,
        )

    def remove(self, order: RemoveCamera) -> None:
        """Forget one. Raises Refused when examsite.toml names it."""
        self._free(self._require(order.camera))
        if any(one.code == order.camera for one in getattr(self._settings.cameras, "own", [])):
            raise Refused(
                "camera_in_settings",
                N_("Camera {camera} stands in examsite.toml."),
                N_("Delete its section there, restart exam.target, then remove it here."),
                camera=order.camera,
            )
        self._write(order.camera, None, "removed", order.by)

    def _free(self, camera: CameraSettings) -> None:
        if self._needed(camera):
            raise Refused(
                "sitting_runs",
                N_("A sitting runs, or lets its candidates in: what camera {camera} sees belongs to it."),
                N_("Take the camera away, or to another room, when the sitting has ended."),
                camera=camera.code,
            )

    def _known(self, code: str) -> CameraSettings | None:
        return next((one for one in self._settings.cameras if one.code == code), None)

    def _require(self, code: str) -> CameraSettings:
        known = self._known(code)
        if known is None:
            raise NotFound(
                "no_such_camera",
                N_("There is no camera {camera}."),
                N_("Known are: {known}."),
                camera=code,
                known=", ".join(one.code for one in self._settings.cameras),
            )
        return known

    def _write(self, code: str, camera: CameraSettings | None, kind: NoteKind, by: str) -> None:
        """Keep it and note it for the journal: both or neither."""
        self._catch_up()
        path = self._settings.cameras_file
        before = kept = read_cameras(path)
        if camera and any(one.code == code for one in kept):
            kept = [camera if one.code == code else one for one in kept]
        else:
            kept = [one for one in kept if one.code != code] + ([camera] if camera else [])
        try:
            write_whole(path, dump_cameras(kept))
            try:
                self._note(kind, code, by, camera)
            except Unavailable:
                write_whole(path, dump_cameras(before))
                raise
        except OSError as error:
            raise Unavailable(
                "cameras_file_unusable",
                N_("The cameras' file {path} cannot be written: {detail}"),
                N_("Recording goes on as it was. The system administrator looks at the disk of the box."),
                path=str(path),
                detail=error.strerror or str(error),
            ) from error
        self._remember()
        refreshed(self._settings.cameras)
        self._changed()


def _stream(camera: CameraSettings) -> tuple[str, str]:
    """What is recorded: two codes for it would be one picture twice."""
    return compared(camera.address), camera.profile


def _seats(marks: list[Mark]) -> list[int]:
    """Numbers of the seats that are marked."""
    return sorted({int(one.name) for one in marks if one.kind == "seat" and one.name.isdecimal()})


def _without_password(camera: CameraSettings) -> CameraSettings:
    return msgspec.structs.replace(camera, password_sealed="", password_file="")


def check(camera: CameraSettings) -> None:
    """Raises Corrupt for what no camera can be."""
    if not CODE.fullmatch(camera.code):
        raise Corrupt(
            "bad_camera_code",
            N_("{camera} cannot be a camera's code: letters, digits, _ and - only."),
            camera=camera.code,
        )
    if not camera.name.strip() or len(camera.name) > LONGEST or len(camera.address) > 4 * LONGEST:
        raise Corrupt("bad_camera_name", N_("The camera needs a name of at most 80 characters."))
    check_seats(camera.seats)
    if "://" in camera.second:
        if host_of(camera.second) != host_of(camera.address) or len(camera.second) > 4 * LONGEST:
            raise Corrupt(
                "second_elsewhere",
                N_("The second stream is at another host than the camera."),
                N_("Name a stream of the camera itself: its password is sent there."),
            )
        no_password_in(camera.second)
    if camera.address.startswith("rtsp://"):
        no_password_in(camera.address)
    normal(camera.address)


def no_password_in(uri: str) -> None:
    """Raises Corrupt for an rtsp:// address with user and password in it."""
    if "@" in uri:
        raise Corrupt(
            "password_in_address",
            N_("The address holds a password in clear."),
            N_("Give user and password on their own; they are kept encrypted."),
        )


def spans(numbers: list[int]) -> str:
    """Sorted numbers as `1-3,7`."""
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges_of(numbers))


def write_whole(path: Path, body: bytes) -> None:
    """Whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())
    scratch.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
