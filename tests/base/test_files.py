"""Kept files: whole or absent, also on a full disk."""

import errno
import os
from pathlib import Path

import pytest

from appliance.base.crypto import DataKey
from appliance.base.errors import Unavailable
from appliance.base.files import Files


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EIO, "disk_fault")])
def test_a_disk_that_takes_nothing_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    files = Files(tmp_path / "files", DataKey(b"k" * 32))

    def broken(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("appliance.base.files.os.fsync", broken)
        with pytest.raises(Unavailable) as told:
            files.put(b"a paper", secret=True)
    assert told.value.code == code
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    name = files.put(b"a paper", secret=True)
    assert files.get(name, secret=True) == b"a paper"


def test_every_new_folder_is_synced_with_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("appliance.base.files._sync", synced.append)
    files = Files(tmp_path / "files", DataKey(b"k" * 32))
    name = files.put(b"a paper")
    kept = tmp_path / "files" / "open" / name[:2]
    assert synced == [tmp_path, tmp_path / "files", tmp_path / "files" / "open", kept]
    synced.clear()
    files.put(b"a paper")
    assert synced == []
