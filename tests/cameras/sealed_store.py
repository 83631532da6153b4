"""A store with a chain and seals, as the recorder leaves it, for tests that do something to it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from appliance.base import crypto
from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.base.site import Site
from appliance.wire.seals import Remembered, SealedHead
from cameras import integrity
from cameras.clips.seals import NewSeals
from cameras.index import Index, Reader, Segment
from cameras.recorder.sealing import Sealer
from tests.cameras.test_store import put

NOW = datetime(2026, 11, 21, 1, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=20)


def newest_seals(index: Reader) -> list[SealedHead]:
    """What the journal of a box would be told of the newest seal of each camera."""
    return NewSeals(index.path.parent, index, None).after({})


class World:
    """Five recordings and a gap of camera C1, a seal after the third link and one after the last."""

    def __init__(self, folder: Path) -> None:
        self.media = folder / "media"
        self.settings = Settings(
            site=SiteSettings(
                code="999999-01", name="示范考点", state=str(folder / "state"), run=str(folder / "run")
            ),
            cameras=[CameraSettings(code="C1", name="前部", address="127.0.0.1:1", room="T1")],
            recorder=RecorderSettings(media=str(self.media)),
        )
        state = self.settings.state
        self.now = datetime.now(UTC)
        """Certificates count from today."""
        new = not state.exists()
        if new:
            crypto.new_authority(state / "authority", "test authority")
            (state / "keys").mkdir(parents=True)
            crypto.new_leaf(state / "authority", state / "keys", "recorder")
            site = Site(code="999999-01", name="示范考点", mode="demo", epoch="e" * 32, created=NOW)
            (state / "site.json").write_bytes(msgspec.json.encode(site))
        self.authority = (state / "authority" / "authority.pem").read_bytes()
        self.index = Index(self.media)
        self.sealer = Sealer(self.settings, self.index)
        if new:
            self.fill()
        self.files: list[Segment] = list(self.index.every())

    def fill(self) -> None:
        for number in range(3):
            self.put(number)
        self.sealer.seal("C1", self.now)
        self.index.open_gap_row("g1", "C1", NOW + timedelta(minutes=3), "network", "test")
        self.index.close_gap("g1", NOW + timedelta(minutes=5))
        for number in (5, 6):
            self.put(number)
        self.sealer.seal("C1", self.now)

    def put(self, minute: int) -> Segment:
        return put(self.index, self.media, NOW + timedelta(minutes=minute), 60, body=b"abc" * (1000 + minute))

    @property
    def links(self) -> Path:
        return self.media / "chain.d" / "C1" / "0000000001.links"

    @property
    def seals(self) -> Path:
        return self.media / "chain.d" / "C1" / "seals"

    def cut(self, path: Path, number: int) -> None:
        """Take a line out of a file."""
        lines = path.read_bytes().splitlines(keepends=True)
        del lines[number]
        path.write_bytes(b"".join(lines))

    def verify(
        self, now: datetime | None = None, heads: list[SealedHead] | None = None
    ) -> integrity.Verified:
        return integrity.verify(
            self.media,
            None,
            self.authority,
            now or LATER,
            known=None if heads is None else Remembered(heads=heads, deletions=[]),
        )
