"""`journal verify` and damaged seals: an altered signature is told, a lost certificate is named."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from appliance.base.crypto import Signer
from appliance.base.errors import ExamError
from appliance.flow.box import Box, keys
from appliance.flow.inspect import verify_journal
from appliance.flow.seal_journal import seal_journal
from appliance.records.journal import JournalSeal, append


@pytest.fixture
def sealed(box: Box) -> Box:
    """A journal whose entries 2 and 3 are sealed."""
    signer = Signer.load(keys(box.settings) / "web.key")
    assert box.db.write_now(seal_journal, box, signer)
    box.db.write_now(append, "sign_out.done", "a", "account:a", {}, at=box.now())
    assert box.db.write_now(seal_journal, box, signer)
    return box


def alter(box: Box, change: Callable[[str], str]) -> int:
    """Change the signature of the newest seal; returns its entry."""

    def write(session: Session) -> int:
        newest = select(JournalSeal).order_by(col(JournalSeal.seq).desc()).limit(1)
        seal = session.exec(newest).one()
        seal.signature = change(seal.signature)
        session.add(seal)
        return seal.seq

    return box.db.write_now(write)


def test_whole_seals_hold(sealed: Box) -> None:
    found = sealed.db.read_now(verify_journal, sealed)
    assert found.ok and found.sealed_until == 3


@pytest.mark.parametrize(
    "change", [lambda _: "zz", lambda text: text[:-2], lambda _: "", lambda text: "00" + text[2:]]
)
def test_an_altered_signature_is_told(sealed: Box, change: Callable[[str], str]) -> None:
    bad = alter(sealed, change)
    found = sealed.db.read_now(verify_journal, sealed)
    assert (found.ok, found.first_bad_seq) == (False, bad)
    assert found.sealed_until == bad - 1, "only a signature that holds counts"


def test_a_certificate_that_is_gone_or_damaged_is_named(sealed: Box) -> None:
    path = keys(sealed.settings) / "web.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    for code in ("bad_key", "no_key"):
        with pytest.raises(ExamError) as caught:
            sealed.db.read_now(verify_journal, sealed)
        assert caught.value.code == code and caught.value.params["path"] == str(path)
        path.unlink(missing_ok=True)
