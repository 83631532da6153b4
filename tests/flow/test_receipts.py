"""A receipt is called wrong only when the province's key says so: a key that cannot be used proves nothing."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from appliance.base import crypto
from appliance.flow.box import Box
from appliance.flow.receipts import Holds, carried
from appliance.records.sync import Parcel

RSA = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf
9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----
"""


@pytest.fixture
def province(tmp_path: Path) -> Path:
    """The folder of a province's signing key."""
    folder = tmp_path / "province"
    crypto.new_authority(folder, "province")
    crypto.new_leaf(folder, folder, "signing")
    return folder


def acknowledged(box: Box, province: Path, **other: Any) -> Holds:
    """What the page says of the receipt of parcel 1 (entries 1 and 2); `other`: fields that name another parcel."""
    facts = {"site": box.site.code, "epoch": box.site.epoch, "number": 1, "parcel": "a" * 64, "last_seq": 2}
    body = msgspec.json.encode(facts | {"received_at": box.now()} | other)
    signature = crypto.Signer.load(province / "signing.key").sign(body).hex()
    parcel = Parcel(
        id="p1",
        epoch=box.site.epoch,
        number=1,
        first_seq=1,
        last_seq=2,
        body="a" * 64,
        signature="",
        state="acknowledged",
        sealed_at=box.now(),
        acknowledged_at=box.now(),
        receipt=msgspec.json.encode({"body": body.decode(), "signature": signature}).decode(),
    )
    box.db.write_now(lambda session: session.add(parcel))
    key = str(province / "signing.pem")
    box.settings = msgspec.structs.replace(
        box.settings, province=msgspec.structs.replace(box.settings.province, key=key)
    )
    return box.db.read_now(carried, box, [1])[0].holds


def test_the_receipt_of_this_parcel_fits(box: Box, province: Path) -> None:
    assert acknowledged(box, province) == "fits"


@pytest.mark.parametrize(
    "other", [{"last_seq": 3}, {"number": 2}, {"parcel": "b" * 64}, {"site": "999999-02"}]
)
def test_the_receipt_of_another_parcel_is_wrong(box: Box, province: Path, other: dict[str, Any]) -> None:
    assert acknowledged(box, province, **other) == "wrong"


@pytest.mark.parametrize("key", ["", "no key at all", "-----BEGIN CERTIFICATE-----\nAAAA\n", RSA])
def test_a_key_that_cannot_be_used_proves_nothing(box: Box, province: Path, key: str) -> None:
    (province / "signing.pem").write_text(key)
    assert acknowledged(box, province) == "unproven"


def test_a_key_of_an_unknown_algorithm_proves_nothing(
    box: Box, province: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_pem: bytes) -> None:
        raise UnsupportedAlgorithm("a curve of tomorrow")

    monkeypatch.setattr("cryptography.x509.load_pem_x509_certificate", unknown)
    assert acknowledged(box, province) == "unproven"
