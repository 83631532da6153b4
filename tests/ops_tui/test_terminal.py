"""The program as it is started, in a real terminal (tmux), at both sizes and without colour."""

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from rich.cells import cell_len

from tests.ops_site import PASSWORD, OpsSite

pytestmark = pytest.mark.long

START = (
    f"{sys.executable} -c 'import sys; from appliance.cli import main; "
    'sys.argv[0] = "examsite"; main()\' tui --login ops'
)


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, site: OpsSite, size: tuple[int, int], arguments: str = "", **environment: str) -> None:
        self._socket = f"examsite-{uuid.uuid4().hex[:8]}"
        told = {
            "EXAMSITE_CONFIG": str(site.folder / "examsite.toml"),
            "LANG": "zh_CN.UTF-8",
            "LC_ALL": "C.UTF-8",
            "EXAMSITE_LANG": "zh_CN",
            "TERM": "xterm-256color",
            **environment,
        }
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in told.items())
        width, height = size
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "sh")
        self._tmux("set-option", "-g", "status", "off")
        self._tmux("resize-window", "-x", str(width), "-y", str(height))
        self._tmux("send-keys", f"clear; env {settings} {START} {arguments}; echo ended:$?", "Enter")

    def _tmux(self, *arguments: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        call = ["tmux", "-u", "-L", self._socket, *arguments]
        return subprocess.run(call, check=True, capture_output=True, text=True, env=environment).stdout

    def text(self, colours: bool = False) -> str:
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def keys(self, *names: str) -> None:
        for name in names:
            self._tmux(
                "send-keys", *(["-l"] if len(name) > 1 and name[0] == "=" else []), name.removeprefix("=")
            )

    def until(self, holds: Callable[[str], object], seconds: float = 60.0) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if holds(shown := self.text()):
                return shown
            time.sleep(0.1)
        raise AssertionError(f"the terminal shows:\n{self.text()}")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.close()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_program_in_a_terminal(
    site: OpsSite, terminals: list[Terminal], size: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    terminal = Terminal(site, size)
    terminals.append(terminal)
    terminal.until(lambda text: "登录主机" in text)
    terminal.keys(f"={PASSWORD}", "Enter")
    shown = terminal.until(lambda text: "60/60" in text and "!!" in text)
    lines = shown.splitlines()
    assert "[演示] 示范考点" in lines[0] and PASSWORD not in shown
    assert max(cell_len(line) for line in lines) <= size[0]
    terminal.keys("3")
    shown = terminal.until(  # a slow machine draws the footer last
        lambda text: "12 L?" in text and "61*F." in text and "q 退出" in text
    )
    rows = [line for line in shown.splitlines() if "R>" in line and "作答中" not in line]
    assert len(rows) >= 4 and "9系统" in shown.splitlines()[2]
    assert "q 退出" in shown.rstrip().splitlines()[-1]
    for key, word in zip(
        "2456789", ("闸机", "摄像机", "待传", "录像盘", "操作者", "角色", "exam-web"), strict=True
    ):
        terminal.keys(key)
        terminal.until(lambda text, word=word: word in text)  # type: ignore[misc]
    terminal.keys("q")
    terminal.until(lambda text: "ended:0" in text)


def test_without_colour_and_in_english(site: OpsSite, terminals: list[Terminal]) -> None:
    terminal = Terminal(site, (80, 24), "--lang en", NO_COLOR="1")
    terminals.append(terminal)
    terminal.until(lambda text: "Sign in to the box" in text)
    terminal.keys(f"={PASSWORD}", "Enter")
    terminal.until(lambda text: "60/60" in text and "No alarm" not in text)
    coloured = terminal.text(colours=True)
    codes = {part.split("m")[0] for part in coloured.split("\x1b[")[1:]}
    hues = [
        code for code in codes if code.startswith(("38;2;", "48;2;")) and len(set(code.split(";")[2:])) > 1
    ]
    assert not hues, f"only greys without colour, not {hues}"
    terminal.keys("3", "n")
    shown = terminal.until(lambda text: "[12 L?]" in text)
    assert "L?silent 2" in shown and "m move" in shown
    terminal.keys("?")
    terminal.until(lambda text: "L does not answer" in text)
    terminal.keys("Escape")
    terminal.until(lambda text: "L does not answer" not in text)
    terminal.keys("q")
    terminal.until(lambda text: "ended:0" in text)


def test_a_wrong_authority_is_told_in_the_dialog(site: OpsSite, terminals: list[Terminal]) -> None:
    terminal = Terminal(site, (80, 24), f"--url {site.url}")
    terminals.append(terminal)
    terminal.until(lambda text: "登录主机" in text)
    terminal.keys(f"={PASSWORD}", "Enter")
    terminal.until(lambda text: "证书" in text and "--ca" in text)
    terminal.keys("Escape")
    terminal.until(lambda text: "ended:0" in text)


def test_a_missing_authority_file_ends_with_a_sentence(site: OpsSite, terminals: list[Terminal]) -> None:
    terminal = Terminal(site, (80, 24), "--ca /none.pem")
    terminals.append(terminal)
    shown = terminal.until(lambda text: "ended:2" in text)
    assert "/none.pem" in shown and "Traceback" not in shown
