"""Certificates of the box's keys: they live as long as the authority, and a signature is held against its own time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.base import crypto
from appliance.base.errors import Corrupt

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    crypto.new_authority(folder, "test authority")
    crypto.new_leaf(folder, folder, "recorder")
    crypto.new_leaf(folder, folder, "tls", ["box.example", "192.0.2.1"], server=True)
    return folder


def certificate(keys: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((keys / f"{name}.pem").read_bytes())


def test_they_outlive_the_recordings(keys: Path) -> None:
    end = crypto.certificate_end(keys / "authority.pem")
    assert end > NOW + timedelta(days=3650)
    assert {crypto.certificate_end(keys / f"{name}.pem") for name in ("recorder", "tls")} == {end}


def test_a_signature_is_held_against_its_own_time(keys: Path) -> None:
    authority = (keys / "authority.pem").read_bytes()
    der = x509.load_pem_x509_certificate((keys / "recorder.pem").read_bytes()).public_bytes(Encoding.DER)
    signer = crypto.Signer.load(keys / "recorder.key")
    for at in (NOW, NOW + timedelta(days=1096), NOW + timedelta(days=3650)):
        assert crypto.verify(crypto.certified_key(der, authority, "recorder", at), signer.sign(b"x"), b"x")
    for at in (NOW - timedelta(days=2), NOW + timedelta(days=3653)):
        with pytest.raises(Corrupt):
            crypto.certified_key(der, authority, "recorder", at)


def test_a_certificate_made_anew_is_of_the_same_key(keys: Path) -> None:
    for name in ("recorder", "tls"):
        before, mode = certificate(keys, name), (keys / f"{name}.pem").stat().st_mode
        crypto.renew_leaf(keys, keys, name)
        after = certificate(keys, name)
        assert (keys / f"{name}.pem").stat().st_mode == mode
        assert after.public_key() == before.public_key() and after.subject == before.subject
        assert after.serial_number != before.serial_number
        assert [one.oid for one in after.extensions] == [one.oid for one in before.extensions]
    assert certificate(keys, "tls").extensions.get_extension_for_class(x509.SubjectAlternativeName).value == (
        x509.SubjectAlternativeName([crypto._general_name(one) for one in ("box.example", "192.0.2.1")])
    )
