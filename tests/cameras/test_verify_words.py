"""What `recordings verify` and `verify-clip` tell a person."""

import asyncio
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from appliance.base import crypto
from appliance.base.evidence_words import wrong
from appliance.base.settings import dump
from appliance.wire.recorder import Sealing
from cameras.archive import locate
from cameras.clips import bring
from cameras.clips.cut import cut
from cameras.clips.film import lying
from cameras.clips.links import Links
from cameras.clips.proof import Proven, verify_clip
from cameras.recorder.sealing import Sealer
from cameras.verify_cli import _tell_clip
from tests.cameras.test_proof import NOW, Store, store
from tests.cameras.test_store import opened, put
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


async def test_a_clip_tells_which_of_its_recordings_had_a_seal(store: Store, tmp_path: Path) -> None:
    file, state = tmp_path / "clip.mp4", store.settings.state

    async def told(first: int, last: int, *more: str) -> tuple[int, str, str]:
        head = await store.download(file, first, last)
        assert head.bytes == file.stat().st_size, "as long as was said before"
        line = ("recordings", "verify-clip", str(file), "--authority", str(state / "keys" / "authority.pem"))
        return await asyncio.to_thread(examsite, *line, *more)

    async def sealing(first: int, last: int) -> tuple[int, object]:
        status, out, _err = await told(first, last, "--json")
        return status, msgspec.json.decode(out)["sealing"]

    status, _out, err = await told(5, 25)
    assert (status, err.count("\n")) == (0, 2) and err.startswith("录像片段完整")
    assert "给出时尚未签封：所用 3 个录像文件中的 3 个。" in err and "一小时内签封" in err
    _status, _out, err = await told(5, 25, "--lang", "en")
    assert "not sealed yet when this was given out: 3 of 3." in err
    assert await sealing(5, 25) == (0, {"sources": 3, "unsealed": 3, "open": 0, "newest": None})
    crypto.new_leaf(state / "authority", state / "keys", "recorder")
    at = datetime.now(UTC).replace(microsecond=1)
    Sealer(store.settings, store.index).seal("C1", at)
    newest = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert await sealing(5, 25) == (0, {"sources": 3, "unsealed": 0, "open": 0, "newest": newest})
    status, _out, err = await told(5, 25)
    there = at.astimezone(timezone(timedelta(hours=8)))
    assert status == 0 and f"3 个录像文件均已由录像服务签封。最近一次签封：{there:%Y-%m-%d %H:%M}" in err
    put(store.index, store.media, NOW + timedelta(seconds=100), 10, "r2", store.path(0).read_bytes())
    assert await sealing(92, 108) == (0, {"sources": 2, "unsealed": 1, "open": 0, "newest": newest})
    store.flip(1, at=-20)
    status, out, err = await told(5, 25)
    assert status == 1 and "截取时，录像分段" in out and "完整" not in err
    assert err.startswith("本文件本身与 ") and err.count("\n") == 1 and "签封" not in err
    body = bytearray(file.read_bytes())
    body[500] ^= 1
    file.write_bytes(body)
    assert {one.code for one in verify_clip(file, store.authority).findings} == {"altered", "source_altered"}
    _status, _out, err = await asyncio.to_thread(
        examsite, "recordings", "verify-clip", str(file), "--authority", str(state / "keys" / "authority.pem")
    )
    assert "本文件本身" not in err, "it is another one itself"


def test_a_seal_that_was_taken_out_is_no_seal_to_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, file = Store(tmp_path), tmp_path / "clip.mp4"
    state = store.settings.state
    crypto.new_leaf(state / "authority", state / "keys", "recorder")
    Sealer(store.settings, store.index).seal("C1", datetime.now(UTC))
    ends = NOW + timedelta(seconds=100)
    now = opened("now", "C1/now.mp4", ends, "r2")
    (store.media / now.path).write_bytes(store.path(0).read_bytes())
    store.index.open_segment(now)

    def told(first: int, last: int) -> tuple[Sealing | None, str]:
        start, end = (NOW + timedelta(seconds=one) for one in (first, last))
        made = cut(store.index, store.media, "C1", start, end)
        links = Links(store.media, store.index, store.authority)
        reading = Proven(store.settings, made, start, end, lying(store.media), links).read()
        file.write_bytes(b"".join(reading))
        found = verify_clip(file, store.authority)
        _tell_clip(found)
        return found.sealing, capsys.readouterr().err

    sealing, err = told(92, 108)
    assert sealing and (sealing.sources, sealing.unsealed, sealing.open) == (2, 0, 1)
    assert "所用 1 个录像文件均已" in err and "正在写入的录像文件：1 个" in err and "尚未" not in err
    crypto.new_authority(tmp_path / "other", "another site")
    other = (tmp_path / "other" / "authority.pem").read_bytes()
    assert verify_clip(file, other).sealing is None, "what nobody of this site signed is not told"
    store.index.write("DELETE FROM seal")
    sealing, err = told(5, 25)
    assert sealing == Sealing(sources=3, unsealed=0)
    assert err.startswith("本文件本身与 ") and "签封" not in err
    store.index.close()


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


def test_why_a_recording_could_not_be_had_is_told_in_words() -> None:
    """Every refusal of those who look for a file may stand in a package's list."""
    text = "".join(Path(str(one.__file__)).read_text() for one in (locate, bring))
    codes = set(re.findall(r'"([a-z_]+)",\n\s+N_\(', text))
    assert {"recording_missing", "disk_wanted", "being_fetched"} <= codes
    assert not [one for one in codes if wrong(one) == one]
