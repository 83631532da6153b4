"""How commands end: statuses of the contract, sentences in the chosen language, JSON when asked."""

import json
from pathlib import Path

import pytest

from appliance.base.settings import dump
from appliance.cli import check
from tests.command import examsite
from tests.conftest import START, site_settings

WRONG = [
    (("check", "--nope"), "There is no option --nope.", "没有选项 --nope。"),
    (("nothing",), "There is no command nothing.", "没有命令 nothing。"),
    (("faces", "nothing"), "There is no command nothing.", "没有命令 nothing。"),
    (("backup",), "FOLDER is missing.", "缺少 FOLDER。"),
    (("backup", "a", "b"), "There is an argument too many: b", "多出一个参数：b"),
    (("faces", "compare", "a"), "B is missing.", "缺少 B。"),
    (("recordings", "find", "--seat"), "The option --seat needs a value.", "选项 --seat 需要一个取值。"),
    (("recordings", "find", "--from", "x"), "The value of --from cannot be used", "--from 的取值无法使用：x"),
    (
        ("recordings", "find", "--from", "20:55"),
        "like 2026-11-21T09:00:00.",
        "时间请写成 2026-11-21T09:00:00",
    ),
    (("recordings", "verify", "--sample", "x"), "Write a whole number.", "请写整数。"),
    (("recordings", "verify", "--sample", "-1"), "It must be at least 0.", "不能小于 0。"),
    (("simulate", "camera", "--fps", "99"), "It must be at most 30.", "不能大于 30。"),
    (("check", "--lang", "xx"), "There is no language xx.", "没有语言 xx。"),
    (("--lang=xx", "check"), "There is no language xx.", "没有语言 xx。"),
]


@pytest.mark.parametrize(("line", "english", "chinese"), WRONG, ids=lambda one: str(one)[:40])
def test_a_wrong_command_line(line: tuple[str, ...], english: str, chinese: str) -> None:
    status, out, err = examsite(*line)
    assert (status, out) == (2, "") and chinese in err and "Usage" not in err
    if "xx" not in " ".join(line):
        status, out, err = examsite("--lang", "en", *line)
        assert (status, out) == (2, "") and english in err
        assert (2, "", err) == examsite(*line, "--lang=en"), "the language counts wherever it is named"
        if "needs" in english or "simulate" in line:
            return  # --json would be the value, or there is none
    status, out, err = examsite(*line, "--json")
    told = json.loads(out)["error"]
    assert status == 2 and chinese in told["message"] + told["next"] and err
    assert "does not" not in out and "should be" not in out, "no English in a Chinese sentence"


def test_a_fault_of_our_own_is_not_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(site_settings(tmp_path)))

    def broken(_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(check, "findings", broken)
    status, out, err = examsite("check", "--json")
    assert status == 3 and json.loads(out)["error"]["code"] == "internal" and "RuntimeError" in err
    assert "a bug" in caplog.text, "the trace is kept for whoever mends it"


def test_what_names_nothing_or_no_picture_is_unusable_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.flow.set_up import set_up

    settings = site_settings(tmp_path)
    set_up(settings, demo=True, now=START)
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "x.toml"))
    (tmp_path / "x.toml").write_bytes(dump(settings))
    status, out, _ = examsite("recordings", "find", "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "nothing_named"
    other = tmp_path / "rubbish.jpg"
    other.write_bytes(b"rubbish")
    status, out, err = examsite("faces", "compare", str(other), str(other), "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "bad_picture"
    assert str(other) in err and "BytesIO" not in err + out
