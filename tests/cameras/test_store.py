"""The store without cameras: index against disk, coverage and holes, verification."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.base.errors import NotFound
from cameras import integrity
from cameras.archive.store import FILE as ARCHIVE
from cameras.archive.store import Archive, ArchiveReader
from cameras.clips.cut import timed
from cameras.clips.film import lying, recorded
from cameras.clips.find import find
from cameras.index import FILE, Index, Reader, Segment
from cameras.recorder.reconcile import reconcile
from cameras.recorder.segment import SegmentFile

NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


def opened(name: str, path: str, start: datetime, run: str = "r1") -> Segment:
    """The row of a segment as it is before its file is written."""
    return Segment(
        id=name, run=run, camera="C1", path=path, start=start, end=None, bytes=0, sha256="", state="open"
    )


def put(
    index: Index, media: Path, start: datetime, seconds: float, run: str = "r1", body: bytes = b"x"
) -> Segment:
    """A finished segment with any content."""
    path = f"C1/{start:%Y%m%d}/{start:%Y%m%dT%H%M%S.%f}Z.mp4"
    segment = opened(f"{start:%H%M%S%f}{run}", path, start, run)
    if not index.rows("SELECT 1 FROM run WHERE id = ?", run):
        index.open_run(run, "C1", start, "H264", 1920, 1080)
    index.open_segment(segment)
    file = SegmentFile(media / path)
    file.write(body)
    end = start + timedelta(seconds=seconds)
    index.close_segment(segment.id, start, end, file.size, file.finish(), "closed", "")
    return segment


def test_verify_names_what_is_missing_altered_and_added(tmp_path: Path) -> None:
    index = Index(tmp_path)
    kept, altered, gone, longer = (
        put(index, tmp_path, NOW + timedelta(minutes=number), 60, body=b"abc" * 1000) for number in range(4)
    )
    assert integrity.verify(tmp_path).ok and integrity.verify(tmp_path).checked == 4
    body = bytearray((tmp_path / altered.path).read_bytes())
    body[1500] ^= 1
    (tmp_path / altered.path).write_bytes(body)
    (tmp_path / gone.path).unlink()
    with open(tmp_path / longer.path, "ab") as file:
        file.write(b"!")
    (tmp_path / "C1" / "foreign.mp4").write_bytes(b"?")
    found = integrity.verify(tmp_path)
    assert not found.ok and found.checked == 4
    assert {(one.code, one.path) for one in found.findings} == {
        ("altered", altered.path),
        ("missing", gone.path),
        ("altered", longer.path),
        ("added", "C1/foreign.mp4"),
    }
    assert integrity.verify(tmp_path, sample=2).checked == 2
    without = msgspec.structs.replace(kept, state="closed", bytes=3000)
    assert integrity.check(tmp_path, without) == "altered", "a row without its hash proves nothing"
    index.close()


def test_no_store_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as nothing:
        integrity.verify(tmp_path)
    assert nothing.value.code == "no_recordings"


def test_reconcile_adopts_and_names_and_deletes_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path)
    gone = put(index, tmp_path, NOW - timedelta(minutes=5), 60)
    lost = put(index, tmp_path, NOW - timedelta(minutes=4), 60, body=b"not a film")
    foreign = (tmp_path / lost.path).with_name(f"{NOW:%Y%m%dT%H%M%S.%f}Z.mp4")
    foreign.write_bytes(b"?")
    (tmp_path / gone.path).unlink()
    index.write("DELETE FROM segment WHERE id = ?", lost.id)
    (tmp_path / lost.path).with_name("note.txt").write_text("?")
    half = opened("half", f"C1/{NOW:%Y%m%d}/half.mp4", NOW)
    index.open_segment(half)
    never = opened("never", f"C1/{NOW:%Y%m%d}/never.mp4", NOW)
    index.open_segment(never)
    (tmp_path / half.path).write_bytes(b"")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    for _again in range(2):
        reconcile(tmp_path, index, NOW)
    assert before <= {path for path in tmp_path.rglob("*") if path.is_file()}
    states = {segment.path: segment.state for segment in index.every()}
    assert states[half.path] == "recovered" and states[never.path] == "missing"
    assert states[lost.path] == "closed", "the chain has what the row said"
    assert states[str(foreign.relative_to(tmp_path))] == "adopted"
    found = index.rows("SELECT code, path FROM finding")
    assert sorted(found) == sorted(
        [
            ("missing", gone.path),
            ("missing", never.path),
            ("restored", lost.path),
            ("adopted", str(foreign.relative_to(tmp_path))),
            ("recovered", half.path),
            ("unknown_file", str(Path(lost.path).with_name("note.txt"))),
        ]
    )
    # A row whose file never came is a gap, said once; nobody has to see it as missing for three years.
    verified = integrity.verify(tmp_path)
    assert verified.never == 1
    assert [one.path for one in verified.findings if one.code == "missing"] == [gone.path]
    index.close()


def test_the_newest_recording_is_the_one_being_written(tmp_path: Path) -> None:
    index = Index(tmp_path)
    before = put(index, tmp_path, NOW, 60)
    assert index.newest("C1") == index.between("C1", NOW, NOW + timedelta(hours=1))[0]
    index.open_run("r2", "C1", NOW - timedelta(hours=1), "H264", 1920, 1080)
    written = opened("later", "C1/later.mp4", NOW - timedelta(hours=1), "r2")
    index.open_segment(written)  # the clock was set back by an hour
    index.open_segment(opened("fill", "C1/x.filled.mp4", NOW - timedelta(hours=5), "r2"))
    found = index.newest("C1")
    assert found is not None and found.id == "later" != before.id
    index.close()


def test_a_reader_sees_the_file_that_lies_there_now(tmp_path: Path) -> None:
    media, other = tmp_path / "media", tmp_path / "other"
    for folder, count in ((media, 1), (other, 3)):
        index = Index(folder)
        for number in range(count):
            put(index, folder, NOW + timedelta(minutes=number), 60)
        index.close()
    reader, archive = Reader(media), ArchiveReader(media)
    Archive(media).close()
    assert len(list(reader.every())) == 1 and archive.copies("C1/x.mp4") == []
    for name in (FILE, ARCHIVE):  # set aside and built anew
        (media / name).rename(media / f"{name}.damaged")
    kept = Archive(media)
    kept.rows("INSERT INTO place(name, kind) VALUES ('nas', 'nas')")
    kept.keep_copy("nas", "C1/x.mp4", 1, "0", NOW)
    kept.close()
    (other / FILE).rename(media / FILE)
    assert len(list(reader.every())) == 3
    assert [one.place for one in archive.copies("C1/x.mp4")] == ["nas"]
    (media / FILE).rename(other / FILE)
    with pytest.raises(NotFound):
        reader.newest("C1")


def test_a_file_that_has_only_been_begun_has_no_pictures_yet(tmp_path: Path) -> None:
    index = Index(tmp_path)
    segment = opened("s", "C1/new.mp4", NOW)
    (tmp_path / "C1").mkdir()
    torn = b"\0\0\0\x01mdat\0"
    for body in (b"", torn):
        (tmp_path / segment.path).write_bytes(body)
        assert list(timed(tmp_path, segment)) == []
        assert recorded(lying(tmp_path), segment) is None
    index.close()


parts = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.3, 5.0, 40.0]), st.floats(1.0, 60.0)), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=30)
@given(parts, st.integers(-50, 200), st.integers(1, 300))
def test_clips_and_gaps_cover_the_whole_time_once(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[float, float]], first: int, length: int
) -> None:
    media = tmp_path_factory.mktemp("media")
    index = Index(media)
    index._writer.execute("PRAGMA synchronous = OFF")  # hundreds of rows, and no power cut
    at, run = NOW, 0
    for hole, seconds in made:
        if hole:
            run += 1
            index.open_gap_row(f"g{run}", "C1", at, "network", "")
            index.close_gap(f"g{run}", at + timedelta(seconds=hole))
        at += timedelta(seconds=hole)
        put(index, media, at, seconds, f"r{run}")
        at += timedelta(seconds=seconds)
    start = NOW + timedelta(seconds=first)
    end = start + timedelta(seconds=length)
    found = find(Reader(media), media, "C1", start, end, at)
    pieces = sorted([(c.start, c.end) for c in found.clips] + [(g.start, g.end) for g in found.gaps])
    until = max(start, min(end, at))
    covered = sum(((b - a) for a, b in pieces), timedelta())
    assert abs(covered - (until - start)) < timedelta(milliseconds=10)
    assert all(b[0] - a[1] < timedelta(milliseconds=1) for a, b in pairwise(pieces))
    inside = [gap for gap in found.gaps if gap.start >= NOW]
    assert all(gap.cause == "network" for gap in inside)
    index.close()
