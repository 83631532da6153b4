"""A wrong value of a simulator's option: our own sentence in the chosen language and exit status 2."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import examsite

HAN = re.compile(r"[\u3400-\u9fff]")
CASES = [
    ("camera --auth x", "--auth", "token, digest, both, none"),
    ("camera --scene moon", "--scene", "theory, practical, entrance"),
    ("camera --port 99999", "--port", "65535"),
    ("camera --rtsp-port -1", "--rtsp-port", "0"),
    ("camera --skew much", "--skew", ""),
    ("printer --folder f --listen 127.0.0.1:5020 --mode sad", "--mode", "normal, silent"),
    ("printer --folder f --listen here", "--listen", "127.0.0.1:5020"),
    ("printer --folder f", "--link", "--listen"),
    ("gate", "--link", "--listen"),
    ("gate --link a --listen 127.0.0.1:5020", "--link", "--listen"),
    ("gate --listen 127.0.0.1:99999", "--listen", "127.0.0.1:5020"),
    ("province --port 0 --dir d", "--port", "1"),
]


@pytest.mark.parametrize(("line", "name", "advice"), CASES, ids=[line for line, _, _ in CASES])
def test_a_wrong_value_is_told_in_the_chosen_language(line: str, name: str, advice: str) -> None:
    status, _, told = examsite("simulate", *line.split())
    assert status == 2 and name in told and advice in told
    assert not re.search(r"[A-Za-z]{3,} [a-z]{3,}", told.replace("examsite simulate", "")), told
    status, _, told = examsite("--lang", "en", "simulate", *line.split())
    assert status == 2 and name in told and advice in told and not HAN.search(told)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holds:
        holds.bind(("127.0.0.1", 0))
        holds.listen()
        yield int(holds.getsockname()[1])


@pytest.mark.parametrize("what", ["gate --listen 127.0.0.1:{port}", "camera --port {port}"])
def test_an_address_that_is_taken_is_no_fault_of_the_program(
    what: str, taken: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "none.toml"))
    status, _, told = examsite("simulate", *what.format(port=taken).split())
    assert status == 2 and "模拟设备无法启动" in told
    assert "Traceback" not in told


def test_a_closed_list_of_values_is_told_in_json() -> None:
    status, out, _ = examsite("--lang", "en", "card", "read", "--port", "/dev/x", "--baud", "3", "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"]) == (2, "bad_usage") and "115200" in error["next"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [("rostr", "是否想写 roster"), ("simulate camra", "是否想写 camera"), ("zzz", "没有命令 zzz。")],
)
def test_a_command_that_is_not_there_is_told_with_those_alike(line: str, answer: str) -> None:
    status, _, told = examsite(*line.split())
    assert status == 2 and answer in told and "Did you" not in told and "'" not in told
