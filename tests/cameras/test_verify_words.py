"""What `recordings verify` and `verify-clip` tell a person."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.base import crypto
from appliance.base.settings import dump
from cameras.clips.proof import verify_clip
from cameras.recorder.sealing import Sealer
from tests.cameras.test_proof import NOW, Store, store
from tests.command import examsite

__all__ = ["store"]


def test_a_clean_check_says_that_all_is_well(tmp_path: Path) -> None:
    made = Store(tmp_path)
    state = made.settings.state
    crypto.new_leaf(state / "authority", state / "keys", "recorder")
    Sealer(made.settings, made.index).seal("C1", datetime.now(UTC))
    made.index.close()
    media, authority = str(made.media), ("--authority", str(tmp_path / "state" / "keys" / "authority.pem"))
    status, _, err = examsite("recordings", "verify", "--media", media, *authority)
    assert (
        status == 0
        and "已检查 5 个录像分段。\n已检查 6 个链环。\n没有服务器的日志" in err
        and "全部与录制时一致，没有缺失，没有多出。" in err
    )
    made.flip(1)
    status, out, err = examsite("recordings", "verify", "--media", media, *authority)
    assert status == 1 and made.files[1].path in out and "一致" not in err


async def test_a_clip_is_told_in_the_time_of_its_site(store: Store, tmp_path: Path) -> None:
    file, authority = tmp_path / "clip.mp4", tmp_path / "authority.pem"
    authority.write_bytes(store.authority)
    head = await store.download(file)
    line = ("recordings", "verify-clip", str(file), "--authority", str(authority))
    status, out, _ = await asyncio.to_thread(examsite, *line)
    assert status == 0 and "2026-11-21 09:00:05 – 09:00:25 +0800" in out, (out, head, NOW)
    stated = verify_clip(file, store.authority).clip
    assert stated is not None and stated.zone == "Asia/Shanghai"


def test_a_foreign_computer_is_told_to_name_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "clip.mp4").write_bytes(b"x" * 20)
    line = ["recordings", "verify-clip", str(tmp_path / "clip.mp4")]
    for more, code, words in (
        ([], "no_authority", "请用 --authority 指定考点根证书"),
        (["--authority", str(tmp_path / "gone.pem")], "no_such_file", "gone.pem"),
    ):
        status, out, err = examsite(*line, *more, "--json")
        assert status == 2 and msgspec.json.decode(out)["error"]["code"] == code
        assert words in err and "examsite init" not in err
    made = Store(tmp_path)
    (made.settings.state / "keys" / "authority.pem").unlink()
    (tmp_path / "x.toml").write_bytes(dump(made.settings))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    assert "请用 --authority 指定考点根证书" in examsite(*line)[2]
