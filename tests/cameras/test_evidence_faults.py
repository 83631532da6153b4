"""What goes wrong with evidence, and what is given out then: never another film, never less without a word."""

import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Corrupt, NotFound
from appliance.base.storage_settings import PlaceSettings, StorageSettings
from cameras.archive.locate import Locator
from cameras.archive.places import MARK, Mark
from cameras.archive.store import DISK, EVERYWHERE, Archive
from cameras.clips.cut import cut
from cameras.clips.find import find
from cameras.clips.package_proof import is_package, verify_package
from cameras.clips.proof import Proven, verify_clip
from cameras.clips.reel import reel_of
from cameras.index import micros
from cameras.integrity import checked
from tests.cameras.test_proof import NOW, Store, film
from tests.cameras.test_store import put


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Store(tmp_path)
    yield made
    made.index.close()


def span(store: Store, first: float, last: float, run: str = "") -> tuple[float, float]:
    """What a clip asked for so covers, in seconds from NOW."""
    head = cut(store.index, store.media, "C1", at(first), at(last), None, run).head
    return (head.start - NOW).total_seconds(), (head.end - NOW).total_seconds()


def test_a_file_that_is_gone_or_wiped_ends_a_clip_and_not_the_request(store: Store) -> None:
    assert span(store, 0, 40) == (0, 40)
    store.path(1).unlink()
    assert span(store, 0, 40) == (0, 10)
    assert span(store, 10, 40) == (20, 40), "the rest is asked for from where the first part ends"
    store.path(2).write_bytes(bytes(store.path(2).stat().st_size))
    assert span(store, 10, 40) == (30, 40)
    with pytest.raises(Corrupt) as told:
        span(store, 12, 28)
    assert told.value.code == "segment_unreadable"


def test_two_connections_over_one_another_are_two_films(store: Store) -> None:
    body = film(10)
    for start in (35, 45):  # the clock was set back by five seconds
        put(store.index, store.media, at(start), 10, "r9", body)
    assert span(store, 35, 55, "r9") == (35, 55) and span(store, 0, 55, "r1") == (0, 40)
    found = find(store.index, store.media, "C1", at(0), at(80), at(80))
    assert [(one.run, one.start, one.end) for one in found.clips] == [
        ("r1", at(0), at(40)),
        ("r9", at(35), at(55)),
    ]
    assert [(one.start, one.end) for one in found.gaps] == [(at(55), at(80))]
    reel = reel_of(store.index, store.media, "C1", at(0), at(80), at(80), Locator(store.settings))
    assert [(one.run, one.start, one.end) for one in reel.pieces] == [
        ("r1", micros(at(0)), micros(at(40))),
        ("r9", micros(at(35)), micros(at(55))),
    ]


def archived(store: Store, *numbers: int, everywhere: bool = False) -> Locator:
    """These recordings have left the disk: to a NAS, or for good."""
    nas = store.media.parent / "nas"
    nas.mkdir(exist_ok=True)
    (nas / MARK).write_bytes(msgspec.json.encode(Mark(name="nas", kind="nas", site="999999-01")))
    storage = StorageSettings(places=[PlaceSettings(name="nas", kind="nas", folder=str(nas))])
    archive = Archive(store.media)
    archive.rows("INSERT OR IGNORE INTO place(name, kind) VALUES ('nas', 'nas')")
    for number in numbers:
        path = store.files[number].path
        if not everywhere:
            (nas / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(store.media / path, nas / path)
            archive.keep_copy("nas", path, 1, "0", NOW)
        archive.remove(path, EVERYWHERE if everywhere else DISK, at(0) + timedelta(days=2000), "due", "test")
        (store.media / path).unlink()
    archive.close()
    return Locator(msgspec.structs.replace(store.settings, storage=storage))


def test_what_lawfully_left_the_disk_is_not_missing(store: Store) -> None:
    locator = archived(store, 1)
    found = {
        one.path: checked(locator, one).found
        for one in store.index.between("C1", at(0), at(100))
        if one.end is not None
    }
    assert [found[one.path] for one in store.files] == ["whole"] * 5, "read where it lies now"
    shutil.rmtree(store.media.parent / "nas")
    (segment,) = store.index.between("C1", at(12), at(18))
    assert checked(locator, segment).found == "elsewhere"
    store.path(2).unlink()
    (segment,) = store.index.between("C1", at(22), at(28))
    assert checked(locator, segment).found == "missing"


def test_what_the_archive_moves_while_a_clip_is_read_is_read_where_it_is(
    store: Store, tmp_path: Path
) -> None:
    locator = Locator(store.settings)
    made = cut(store.index, store.media, "C1", at(5), at(25), locator.locate)
    proven = Proven(store.settings, made, at(5), at(25), archived(store, 1).locate)
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"".join(proven.read()))
    assert verify_clip(file, store.authority).ok
    again = cut(store.index, store.media, "C1", at(25), at(40), locator.locate)
    store.path(3).unlink()
    with pytest.raises((NotFound, Corrupt)):
        b"".join(Proven(store.settings, again, at(25), at(40), locator.locate).read())


def test_a_film_before_a_package_is_no_package(store: Store, tmp_path: Path) -> None:
    package = tmp_path / "genuine.zip"
    with zipfile.ZipFile(package, "w") as made:
        made.writestr("manifest.json", "{}")
    assert is_package(package)
    forged = tmp_path / "forged.mp4"
    forged.write_bytes(film(2) + package.read_bytes())
    assert zipfile.is_zipfile(forged) and not is_package(forged)
    with pytest.raises(Corrupt) as told:
        verify_package(forged, store.authority)
    assert told.value.code == "not_a_package"
    begun = tmp_path / "begun.zip"
    begun.write_bytes(b"PK\x03\x04" + film(2) + package.read_bytes())
    with pytest.raises(Corrupt):
        verify_package(begun, store.authority)
    assert [one.code for one in verify_clip(forged, store.authority).findings] == ["no_proof"]
