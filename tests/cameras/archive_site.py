"""A recording disk with finished recordings, and the rounds of exam-archive over it."""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from appliance.base.clock import FakeClock
from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.base.storage_settings import PlaceSettings, StorageSettings
from appliance.wire.archive import KeepOrders, KeptSitting, Permit
from cameras.archive.places import MARK, PROOF, Mark
from cameras.archive.rounds import Rounds
from cameras.archive.terms import keep_rooms
from cameras.index import Index, Segment, moment

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SIZE = 4096


class Store:
    """The site; `media`, `nas`, `second` and `disks` are folders below `folder`."""

    def __init__(self, folder: Path, **storage: object) -> None:
        self.folder, self.media = folder, folder / "media"
        self.clock = FakeClock(NOW)
        places = storage.pop("places", [PlaceSettings(name="nas", kind="nas", folder=str(folder / "nas"))])
        self.settings = Settings(
            site=SiteSettings(
                code="999999-01", name="示范考点", state=str(folder / "state"), run=str(folder / "run")
            ),
            cameras=[
                CameraSettings(code=code, name=code, address="127.0.0.1:1", room=room)
                for code, room in (("C1", "T1"), ("C2", "T2"), ("E1", ""))
            ],
            recorder=RecorderSettings(media=str(self.media)),
            storage=msgspec.convert(
                {"rate_mib": 100000.0, "offline": str(folder / "disks"), "places": []} | storage,
                StorageSettings,
            ),
        )
        self.settings = msgspec.structs.replace(
            self.settings,
            storage=msgspec.structs.replace(self.settings.storage, places=places),
        )
        self.media.mkdir(parents=True, exist_ok=True)
        self.index = Index(self.media)
        self.first = True
        """No list was lost: the first one waits for no place."""

    def mount(self, folder: str, name: str, kind: str = "nas") -> Path:
        """A prepared, mounted place."""
        path = self.folder / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / MARK).write_bytes(msgspec.json.encode(Mark(name=name, kind=kind, site="999999-01")))
        return path

    def record(self, camera: str, start: datetime, minutes: int = 1, count: int = 1) -> list[Segment]:
        """Finished recordings, one after the other."""
        made = []
        run = f"{camera}{start:%Y%m%d%H%M%S}"
        self.index.open_run(run, camera, start, "H264", 1920, 1080)
        for number in range(count):
            begin = start + timedelta(minutes=number * minutes)
            path = f"{camera}/{begin:%Y%m%d}/{begin:%Y%m%dT%H%M%S.%f}Z.mp4"
            segment = Segment(
                id=path,
                run=run,
                camera=camera,
                path=path,
                start=begin,
                end=None,
                bytes=0,
                sha256="",
                state="open",
            )
            self.index.open_segment(segment)
            body = hashlib.sha256(path.encode()).digest() * (SIZE // 32)
            (self.media / path).parent.mkdir(parents=True, exist_ok=True)
            (self.media / path).write_bytes(body)
            end = begin + timedelta(minutes=minutes)
            digest = hashlib.sha256(body).hexdigest()
            self.index.close_segment(segment.id, begin, end, SIZE, digest, "closed", "")
            made.append(self.index.between(camera, begin, end)[0])
        return made

    @contextlib.contextmanager
    def rounds(self) -> Iterator[Rounds]:
        """exam-archive's work, closed at the end; the cameras have always been where they are."""
        made = Rounds(self.settings, self.clock, lambda: ("boot", self.clock.now().timestamp()))
        if self.first:
            made.archive.keep("new", "")
            self.first = False
        if not made.archive.rows("SELECT 1 FROM stay"):
            keep_rooms(made.archive, {one.code: one.room for one in self.settings.cameras}, moment(0))
        try:
            yield made
        finally:
            made.close()

    def run(self, times: int = 10) -> None:
        """Rounds until there is nothing to do at once."""
        with self.rounds() as rounds:
            settle(rounds, times)


def settle(rounds: Rounds, times: int = 10) -> None:
    """Rounds until there is nothing to do at once."""
    for _round in range(times):
        if not rounds.once():
            return


def sitting(
    name: str, start: datetime, keep_until: datetime, hold: bool = False, room: str = "T1"
) -> KeptSitting:
    """A sitting of two hours."""
    return KeptSitting(
        id=name,
        name=name,
        rooms=[room],
        start=start,
        end=start + timedelta(hours=2),
        keep_until=keep_until,
        hold=hold,
    )


def orders(*sittings: KeptSitting, before: datetime, permit: bool = True, due: datetime = NOW) -> KeepOrders:
    """What exam-web tells; `permit`: what is past its date may go."""
    order = Permit(id="p1", due=due, before=before, why="past three years", who="account:a account:b")
    return KeepOrders(sittings=list(sittings), before=before, permit=order if permit else None)


def proof_of(place: Path) -> Path:
    """The one folder in which a place keeps proof."""
    (folder,) = (place / PROOF).iterdir()
    return folder
