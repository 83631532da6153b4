"""The parcel's format: round trip, the chain of trust, every flipped bit seen."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.base import crypto
from appliance.base.errors import Corrupt
from appliance.records.journal import GENESIS, entry_hash
from sync import envelope
from sync.messages import Clear, Released

NOW = datetime.now(UTC).replace(microsecond=0)
"""The keys of the test are certified from yesterday on."""
AT = "2026-11-21T09:00:00.000000Z"


class Site(msgspec.Struct):
    authority: bytes
    signer: crypto.Signer
    certificate: bytes
    folder: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    crypto.new_authority(folder / "authority", "test authority")
    for name in ("sync", "web"):
        crypto.new_leaf(folder / "authority", folder, name)
    yield Site(
        (folder / "authority" / "authority.pem").read_bytes(),
        crypto.Signer.load(folder / "sync.key"),
        (folder / "sync.pem").read_bytes(),
        folder,
    )


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
entry_texts = st.lists(st.tuples(text, text, text, text), min_size=1, max_size=8)


def content(
    texts: list[tuple[str, str, str, str]], first: int = 1, before: str = GENESIS
) -> envelope.Content:
    entries, previous = [], before
    for seq, (kind, subject, actor, body) in enumerate(texts, start=first):
        digest = entry_hash(previous, seq, AT, "DEMO", kind, subject, actor, body)
        entries.append(
            envelope.Entry(
                seq=seq, at=AT, mark="DEMO", kind=kind, subject=subject, actor=actor, body=body, hash=digest
            )
        )
        previous = digest
    return envelope.Content(
        site="999999-01",
        mark="DEMO",
        epoch="e1",
        number=1,
        first_seq=first,
        last_seq=first + len(texts) - 1,
        previous=GENESIS,
        before=before,
        sealed_at=NOW,
        entries=entries,
    )


def sealed(site: Site, what: envelope.Content) -> bytes:
    return envelope.seal(what, site.signer, site.certificate).file


@settings(max_examples=40, deadline=None)
@given(entry_texts)
def test_round_trip_and_the_same_bytes_each_time(site: Site, texts: list[tuple[str, str, str, str]]) -> None:
    what = content(texts)
    file = sealed(site, what)
    assert file == sealed(site, what)
    assert envelope.verify(file, site.authority) == what == envelope.read(file)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=100, deadline=None)
@given(st.data(), entry_texts)
def test_any_flipped_bit_is_seen(
    site: Site, data: st.DataObject, texts: list[tuple[str, str, str, str]]
) -> None:
    file = bytearray(sealed(site, content(texts)))
    bit = data.draw(st.integers(0, len(file) * 8 - 1))
    file[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Corrupt):
        envelope.verify(bytes(file), site.authority)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_every_flipped_bit_is_seen(site: Site) -> None:
    whole = sealed(site, content([("seat.taken", "c1", "seat:T1-01", "{}")] * 3))
    for bit in range(len(whole) * 8):
        file = bytearray(whole)
        file[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Corrupt):
            envelope.verify(bytes(file), site.authority)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_rubbish_is_called_rubbish(site: Site, rubbish: bytes, magic: bool) -> None:
    with pytest.raises(Corrupt):
        envelope.verify((envelope.MAGIC if magic else b"") + rubbish, site.authority)


def refusal(file: bytes, authority: bytes) -> str:
    with pytest.raises(Corrupt) as caught:
        envelope.verify(file, authority)
    return caught.value.code


def test_every_cut_is_seen(site: Site) -> None:
    file = sealed(site, content([("a.b", "c", "d", "{}")]))
    assert {refusal(file[:n], site.authority) for n in range(0, len(file), 7)} <= {
        "bad_format",
        "bad_certificate",
        "bad_signature",
    }
    assert refusal(file + b"\0", site.authority) == "bad_signature"


def test_another_site_or_another_process_cannot_sign(site: Site, tmp_path: Path) -> None:
    crypto.new_authority(tmp_path / "authority", "test authority")
    file = sealed(site, content([("a.b", "c", "d", "{}")]))
    assert refusal(file, (tmp_path / "authority" / "authority.pem").read_bytes()) == "bad_certificate"
    web = crypto.Signer.load(site.folder / "web.key")
    by_web = envelope.seal(
        content([("a.b", "c", "d", "{}")]), web, (site.folder / "web.pem").read_bytes()
    ).file
    assert refusal(by_web, site.authority) == "bad_certificate"
    mixed = envelope.seal(content([("a.b", "c", "d", "{}")]), web, site.certificate).file
    assert refusal(mixed, site.authority) == "bad_signature"


def test_a_signed_but_false_chain_is_seen(site: Site) -> None:
    texts = [("a.b", "c", "d", str(n)) for n in range(4)]
    for spoil in ("body", "hash", "kind", "mark"):
        what = content(texts)
        setattr(what.entries[2], spoil, "0" * 64)
        assert refusal(sealed(site, what), site.authority) == "bad_chain"
    changes: dict[str, Any]
    for changes in ({"last_seq": 5}, {"first_seq": 2}, {"before": "1" * 64}, {"entries": []}, {"number": 0}):
        what = msgspec.structs.replace(content(texts), **changes)
        assert refusal(sealed(site, what), site.authority) == "bad_chain"
    dropped = content(texts)
    del dropped.entries[1]
    assert refusal(sealed(site, dropped), site.authority) == "bad_chain"


def test_expired_certificate_and_zip_bomb(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    late = msgspec.structs.replace(
        content([("a.b", "c", "d", "{}")]), sealed_at=datetime(2040, 1, 1, tzinfo=UTC)
    )
    assert refusal(sealed(site, late), site.authority) == "bad_certificate"
    monkeypatch.setattr(envelope, "LIMIT", 1000)
    assert refusal(sealed(site, content([("a.b", "c", "d", "x" * 5000)])), site.authority) == "bad_format"


def test_parcels_join(site: Site) -> None:
    first = content([("a.b", "c", "d", "{}")] * 3)
    one = envelope.seal(first, site.signer, site.certificate)
    second = msgspec.structs.replace(
        content([("a.b", "c", "d", "{}")], first=4, before=first.last_hash), number=2, previous=one.sha256
    )
    assert envelope.verify(sealed(site, second), site.authority) == second
    assert envelope.follows(second, one.sha256, first.last_seq, first.last_hash)
    assert not envelope.follows(second, one.sha256, first.last_seq + 1, first.last_hash)
    assert not envelope.follows(second, "0" * 64, first.last_seq, first.last_hash)


def test_personal_data_opens_for_the_province_only(site: Site) -> None:
    private = x25519.X25519PrivateKey.generate()
    clear = Clear(
        released=[
            Released(
                seq=1,
                release="r",
                verdict="v",
                candidate="c",
                name="张三",
                number="999999199001010018",
                trade="low_voltage",
                day="2026-11-21",
                theory="90",
                practical="85",
                passed=True,
                code="passed",
                held=False,
            )
        ]
    )
    what = content([("results.released", "r", "account:a", "{}")])
    what.secret = envelope.encrypt(clear, private.public_key(), what.key)
    file = sealed(site, what)
    unfolded = gzip.decompress(file.split(b"\n", 3)[3])
    assert "张三".encode() not in unfolded and b"999999199001010018" not in unfolded
    assert envelope.decrypt(envelope.verify(file, site.authority), private) == clear
    with pytest.raises(Corrupt):
        envelope.decrypt(what, x25519.X25519PrivateKey.generate())
    with pytest.raises(Corrupt):
        envelope.decrypt(msgspec.structs.replace(what, number=2), private)
