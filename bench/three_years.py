"""An index with 25,000,000 recordings: three years of 16 cameras day and night, and what is asked of it.

`python -m bench.three_years [--recordings N] [--folder DIR]`. Rows, chain and seals are as exam-recorder makes them,
with a gap now and then; files there are none but those of the last two days (empty ones), so what is measured is
finding, not reading. Needs about 30 GB below `--folder` (default /var/tmp); they are deleted at the end.
"""

import argparse
import base64
import hashlib
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.base.clock import FakeClock
from appliance.base.crypto import Signer, new_authority, new_leaf
from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from appliance.base.storage_settings import PlaceSettings, StorageSettings
from appliance.wire.archive import KeepOrders, KeptSitting, Permit
from appliance.wire.recorder import SignedProof
from bench.record import Record, Row, ms, percentile
from cameras import integrity
from cameras.archive.locate import Locator
from cameras.archive.rounds import Rounds
from cameras.archive.status import make_status
from cameras.archive.store import Archive
from cameras.archive.terms import LEAST, keep_rooms
from cameras.chain import START, ChainFiles, GapLink, Seal, SegmentLink, chained, encode, link_line
from cameras.chain.files import PER_FILE, SEALS
from cameras.clips.find import find
from cameras.index import Index, Reader, micros, moment
from cameras.recorder.reconcile import reconcile

CAMERAS = 16
MINUTE = 60_000_000
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
TIMES = 200
SAMPLE = 200
"""As the nightly look takes it."""
SIZE = 30_000_000
"""Bytes of a minute at 4 Mb/s."""

COLUMNS = "id, run, camera, path, start, end, bytes, sha256, state, cause, n, chained"
GAP_EVERY, SEAL_EVERY = 1000, 60
"""Recordings from one gap to the next, links from one seal to the next."""


class Chain:
    """Rows, chain and seals of one camera, as exam-recorder makes them."""

    def __init__(self, media: Path, state: Path, camera: str, chance: random.Random) -> None:
        self._files, self._camera, self._chance = ChainFiles(media), camera, chance
        self._signer = Signer.load(state / "recorder.key")
        certificate = x509.load_pem_x509_certificate((state / "recorder.pem").read_bytes())
        self._certificate = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        self.n, self.head, self._number, self._previous = 0, START, 0, ""
        self._lines: list[bytes] = []
        self._seals: list[bytes] = []
        self.gaps: list[tuple[object, ...]] = []
        self.seals: list[tuple[object, ...]] = []

    def segments(self, first: int, count: int) -> Iterator[tuple[object, ...]]:
        """Rows of recordings of a minute each, one after the other; gaps and seals are collected beside."""
        for number in range(count):
            start = first + number * MINUTE
            at = moment(start)
            link = SegmentLink(
                camera=self._camera,
                n=self.n + 1,
                id=f"{self._camera}{number:028x}",
                run=f"r{self._camera}",
                path=f"{self._camera}/{at:%Y%m%d}/{at:%Y%m%dT%H%M%S.%f}Z.mp4",
                start=start,
                end=start + MINUTE,
                bytes=SIZE,
                sha256=f"{self._chance.getrandbits(256):064x}",
                state="closed",
                cause="",
            )
            self._add(link)
            yield (*(getattr(link, name) for name in COLUMNS.split(", ")[:-1]), self.head)
            if number % GAP_EVERY == GAP_EVERY - 1:
                gap = GapLink(
                    camera=self._camera,
                    n=self.n + 1,
                    id=f"g{self._camera}{number}",
                    start=link.end,
                    end=link.end,
                    cause="network",
                    detail="",
                )
                self._add(gap)
                names = ("id", "camera", "start", "end", "cause", "detail", "n")
                self.gaps.append((*(getattr(gap, name) for name in names), self.head))
        self.seal()
        self.flush()

    def _add(self, link: SegmentLink | GapLink) -> None:
        body = encode(link)
        self.head, self.n = chained(self.head, body), link.n
        self._lines.append(link_line(self.head, body))
        if self.n % SEAL_EVERY == 0:
            self.seal()
        if self.n % PER_FILE == 0:
            self.flush()

    def seal(self) -> None:
        """Sign the newest link, now: the certificate is of today."""
        at = datetime.now(UTC)
        self._number += 1
        seal = Seal(
            site="999999-01",
            camera=self._camera,
            number=self._number,
            previous=self._previous,
            n=self.n,
            head=self.head.hex(),
            at=at,
        )
        body = msgspec.json.encode(seal)
        self._previous = hashlib.sha256(body).hexdigest()
        signed = SignedProof(
            body=body.decode(), signature=self._signer.sign(body).hex(), certificate=self._certificate
        )
        line = msgspec.json.encode(signed) + b"\n"
        self._seals.append(line)
        self.seals.append((self._camera, self._number, micros(at), self.n, "", line.decode()))

    def flush(self) -> None:
        """Write the lines of one file."""
        path = self._files.holding(self._camera, self.n)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(self._lines))
        with (path.parent / SEALS).open("ab") as seals:
            seals.write(b"".join(self._seals))
        self._lines, self._seals = [], []


def build(media: Path, state: Path, count: int) -> float:
    """Index, chain, seals and list of copies; seconds it took."""
    began, each = time.monotonic(), count // CAMERAS
    Index(media).close()
    Archive(media).close()
    link = sqlite3.connect(media / "index.db", isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
        link.execute(f"PRAGMA {pragma}")
    first, chance = micros(NOW) - each * MINUTE, random.Random(7)
    marks = ", ".join("?" * 12)
    for number in range(1, CAMERAS + 1):
        camera = f"C{number:02d}"
        link.execute("BEGIN")
        link.execute(
            "INSERT INTO run VALUES (?, ?, ?, NULL, '', 'H264', 1920, 1080)", (f"r{camera}", camera, first)
        )
        chain = Chain(media, state, camera, chance)
        link.executemany(f"INSERT INTO segment({COLUMNS}) VALUES ({marks})", chain.segments(first, each))
        link.executemany(
            "INSERT INTO gap(id, camera, start, end, cause, detail, n, chained) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            chain.gaps,
        )
        link.executemany(
            "INSERT INTO seal(camera, number, at, n, sitting, line) VALUES (?, ?, ?, ?, ?, ?)", chain.seals
        )
        link.execute("INSERT INTO chain(camera, n, head) VALUES (?, ?, ?)", (camera, chain.n, chain.head))
        link.execute("COMMIT")
    link.execute("ATTACH ? AS archive", (str(media / "archive.db"),))
    for pragma in ("archive.journal_mode = OFF", "archive.synchronous = OFF"):
        link.execute(f"PRAGMA {pragma}")
    link.execute("BEGIN")
    link.execute(
        "INSERT INTO archive.place(name, kind, bytes, copies) VALUES ('nas', 'nas', ?, ?)", (0, count)
    )
    link.execute(
        "INSERT INTO archive.copy SELECT 'nas', path, bytes, sha256, start FROM segment WHERE start < ? ORDER BY rowid",
        (micros(NOW - timedelta(days=30)),),
    )
    link.execute(
        "INSERT INTO archive.day SELECT camera, strftime('%Y%m%d', start / 1000000, 'unixepoch'), sum(bytes),"
        " sum(end - start), count(*) FROM segment GROUP BY 1, 2"
    )
    last = link.execute("SELECT rowid, path FROM segment ORDER BY rowid DESC LIMIT 1").fetchone()
    for name in ("days", "copy:nas"):
        link.execute("INSERT INTO archive.bookmark VALUES (?, ?, ?)", (name, *last))
    link.execute("COMMIT")
    recent = link.execute(
        "SELECT path FROM segment WHERE start > ?", (micros(NOW - timedelta(days=2)),)
    ).fetchall()
    link.close()
    for (path,) in recent:
        (media / path).parent.mkdir(parents=True, exist_ok=True)
        (media / path).touch()
    return time.monotonic() - began


def orders(each: int) -> KeepOrders:
    """Six sittings on each of 250 days a year, one of them on hold; what is older than three years may go."""
    first, before = NOW - timedelta(minutes=each), NOW - timedelta(minutes=each) + timedelta(days=1)
    sittings = [
        KeptSitting(
            id=f"s{day}-{number}",
            name=f"s{day}-{number}",
            rooms=[f"T{number % 3 + 1}"],
            start=first + timedelta(days=day, hours=number * 2),
            end=first + timedelta(days=day, hours=number * 2 + 2),
            keep_until=NOW + timedelta(days=day) - timedelta(days=1),
            hold=(day, number) == (0, 2),
        )
        for day in range(0, each // 1440 + 14, 1)
        if day % 7 < 5
        for number in range(6)
    ]
    permit = Permit(id="p", due=NOW, before=before, why="three years", who="policy")
    return KeepOrders(sittings=sittings, before=before, permit=permit)


def timed(call: Callable[[int], object], times: int = TIMES) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    taken = []
    for number in range(times):
        began = time.perf_counter()
        call(number)
        taken.append(time.perf_counter() - began)
    return {"p50_ms": ms(percentile(taken, 0.5)), "p99_ms": ms(percentile(taken, 0.99))}


def sampled(media: Path, state: Path) -> dict[str, object]:
    """What the nightly look takes: some files read, and the links of the chain's files in which theirs lie followed."""
    authority = (state / "authority.pem").read_bytes()
    began = time.perf_counter()
    checked = integrity.verify(media, SAMPLE, authority, NOW)
    wrong = {one.code for one in checked.findings} - {"missing", "altered"}
    if wrong:  # files are not there, or empty; everything else has to hold
        raise RuntimeError(f"the store does not hold: {wrong}")
    return {"verify_sample_s": round(time.perf_counter() - began, 1), "verify_links": checked.links}


def run(folder: Path, count: int, sample: bool) -> dict[str, object]:
    """All measurements. `sample`: with the nightly look, the longest of them."""
    media, state = folder / "media", folder / "state"
    new_authority(state, "bench authority")
    new_leaf(state, state, "recorder")
    building, each, chance = build(media, state, count), count // CAMERAS, random.Random(3)
    places = [PlaceSettings(name="nas", kind="nas", folder=str(folder / "nas"))]
    settings = Settings(
        site=SiteSettings(code="999999-01", name="示范考点", state=str(state), run=str(folder)),
        cameras=[
            CameraSettings(code=f"C{n:02d}", name=f"C{n:02d}", address="127.0.0.1:1", room=f"T{n % 4}")
            for n in range(1, CAMERAS + 1)
        ],
        recorder=RecorderSettings(media=str(media)),
        storage=StorageSettings(places=places),
    )
    index, locator = Reader(media), Locator(settings)
    span = each - 200

    def candidate(_number: int) -> None:
        """Two cameras of a room for two hours, the entrance for ten minutes."""
        start = NOW - timedelta(minutes=chance.randrange(150, span))
        room = chance.randrange(1, CAMERAS - 2)
        for camera, minutes in ((room, 120), (room + 1, 120), (CAMERAS, 10)):
            find(index, media, f"C{camera:02d}", start, start + timedelta(minutes=minutes), NOW)

    def playback(_number: int) -> None:
        """The file of one moment, and where it lies."""
        at = NOW - timedelta(minutes=chance.randrange(150, span), seconds=30)
        found = index.between(f"C{chance.randrange(1, CAMERAS + 1):02d}", at, at + timedelta(seconds=1))
        locator.where(found[0])

    found: dict[str, object] = {"find": timed(candidate), "playback": timed(playback)}
    began = time.perf_counter()
    recorder = Index(media)
    reconcile(media, recorder, NOW)
    found["recorder_start_ms"] = ms(time.perf_counter() - began)
    recorder.close()
    rounds = Rounds(settings, FakeClock(NOW))
    rounds.take_orders(orders(each))
    found["forecast"] = timed(lambda _number: make_status(rounds), 10)
    # The first day's recordings, on the day on which the law lets them go.
    keep_rooms(rounds.archive, {one.code: one.room for one in settings.cameras}, moment(0))
    due = orders(each).before + LEAST
    permit = Permit(id="p", due=due, before=orders(each).before, why="three years", who="policy")
    began, deleted = time.perf_counter(), 0
    while rounds.deleter.delete_some(permit, due):
        pass
    taken = time.perf_counter() - began
    deleted = rounds.archive.rows("SELECT count(*) FROM removal")[0][0]
    found |= {"deleted": deleted, "deleted_per_s": round(deleted / taken) if taken else 0}
    found["nothing_due"] = timed(lambda _number: rounds.deleter.delete_some(permit, due), 20)
    rounds.close()
    if sample:
        found |= sampled(media, state)
    size = sum(path.stat().st_size for path in [*media.glob("*.db"), *media.glob("chain.d/*/*")])
    return found | {"recordings": count, "build_s": round(building, 1), "databases_gb": round(size / 1e9, 2)}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=25_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    parser.add_argument("--no-sample", dest="sample", action="store_false", help="without the nightly look")
    chosen = parser.parse_args()
    record = Record("three_years")
    folder = Path(tempfile.mkdtemp(prefix="three-years-", dir=chosen.folder))
    try:
        found = run(folder, chosen.recordings, chosen.sample)
    finally:
        shutil.rmtree(folder)
    rows: list[Row] = [
        (name, f"p50 {one['p50_ms']:8.1f} ms   p99 {one['p99_ms']:8.1f} ms")
        for name, one in found.items()
        if isinstance(one, dict)
    ]
    rows += [
        ("recorder_start", f"    {found['recorder_start_ms']:8.1f} ms"),
        ("deletion by order", f"{found['deleted']:,} recordings, {found['deleted_per_s']:,} a second"),
        ("databases", f"{found['databases_gb']} GB, made in {found['build_s']} s"),
    ]
    if chosen.sample:
        links = f"{found['verify_links']:,} links followed"
        rows.append((f"verify --sample {SAMPLE}", f"{found['verify_sample_s']} s, {links}"))
    record.close(f"An index with {found['recordings']:,} recordings", found, rows)


if __name__ == "__main__":
    main()
