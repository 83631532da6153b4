"""`recordings verify --sample` among 25,000,000 recordings: what it follows, and what it still does not miss."""

import pytest

from appliance.wire.seals import Remembered, SealedHead
from cameras import integrity
from tests.cameras.sealed_store import LATER, World, newest_seals


@pytest.fixture
def long_chain(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """18 links in files of three, sealed after every third; a sample is the tenth recording (link 11, fourth file)."""
    monkeypatch.setattr("cameras.chain.files.PER_FILE", 3)
    lines = world.links.read_bytes().splitlines(keepends=True)
    world.links.write_bytes(b"".join(lines[:3]))
    world.links.with_name("0000000004.links").write_bytes(b"".join(lines[3:]))
    for number in range(7, 19):
        world.put(number)
        if number % 3 == 0:
            world.sealer.seal("C1", world.now)
    world.files = list(world.index.every())
    monkeypatch.setattr("cameras.integrity.random.sample", lambda _numbers, _count: [10])
    return world


def sampled(world: World, heads: list[SealedHead] | None = None) -> integrity.Verified:
    known = None if heads is None else Remembered(heads=heads, deletions=[])
    return integrity.verify(world.media, 1, world.authority, LATER, known=known)


def test_a_sample_follows_the_links_around_it(long_chain: World) -> None:
    found = sampled(long_chain, newest_seals(long_chain.index))
    assert found.ok and (found.checked, found.links, found.journaled) == (1, 6, 1), "its file and the newest"
    links = long_chain.index.chain.files("C1")
    assert [path.name[8:10] for path in links] == ["01", "04", "07", "10", "13", "16"]
    for path, number, code, where in (
        (links[3], 0, "link_missing", "chain.d/C1/0000000010.links#10"),
        (links[3], 1, "row_added", long_chain.files[9].path),
        (links[5], 2, "link_missing", "chain.d/C1#18"),
    ):
        kept = path.read_bytes()
        long_chain.cut(path, number)
        found = sampled(long_chain)
        assert (code, where) in {(one.code, one.path) for one in found.findings}, found.findings
        path.write_bytes(kept)
    links[3].write_bytes(links[3].read_bytes().replace(b'"bytes":30', b'"bytes":31'))
    assert "chain_altered" in {one.code for one in sampled(long_chain).findings}


def test_a_sample_misses_no_file_of_the_chain_and_no_cut(long_chain: World) -> None:
    links = long_chain.index.chain.files("C1")
    heads = newest_seals(long_chain.index)
    kept = links[1].read_bytes()
    links[1].unlink()
    assert [(one.code, one.path) for one in sampled(long_chain).findings] == [
        ("link_missing", "chain.d/C1/0000000004.links")
    ]
    links[1].write_bytes(kept)
    for segment in long_chain.files[14:]:
        (long_chain.media / segment.path).unlink()
    long_chain.index.write("DELETE FROM segment WHERE n > 15")
    long_chain.index.write("DELETE FROM seal WHERE n > 15")
    long_chain.index.write("UPDATE chain SET n = 15, head = (SELECT chained FROM segment WHERE n = 15)")
    links[5].unlink()
    long_chain.cut(long_chain.seals, -1)
    assert sampled(long_chain).ok
    assert [one.code for one in sampled(long_chain, heads).findings] == ["cut_off"]


def test_a_sample_looks_for_foreign_files_beside_it_only(long_chain: World) -> None:
    """1,100 folders of each camera hold 1,440 files each."""
    beside, elsewhere = (
        long_chain.media / long_chain.files[9].path,
        long_chain.media / "C1" / "20200101" / "x.mp4",
    )
    elsewhere.parent.mkdir()
    for path in (beside.with_name("x.mp4"), elsewhere, long_chain.media / "C1" / "y.mp4"):
        path.write_bytes(b"")
    found = {one.path for one in sampled(long_chain).findings}
    assert found == {"C1/y.mp4", str(beside.with_name("x.mp4").relative_to(long_chain.media))}
    assert len(long_chain.verify().findings) == 3
