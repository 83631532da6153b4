"""Help speaks the chosen language: every text of every command, whoever brought it, on a terminal 80 wide."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from rich.cells import cell_len

from appliance.base.i18n import catalogue
from appliance.cli import build
from appliance.cli.help import said_of, words, wrapped
from appliance.records.accounts import ROLES
from tests.command import examsite

HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
ENGLISH = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
"""Two words in a row. Single ones are names of options, formats and programs."""
GIVEN = re.compile(r"examsite [a-z -]*|JSON：.*|\[可选：[^]]*\]|--[a-z-]+")
"""What is typed as it stands in either language."""


def _commands() -> dict[tuple[str, ...], Any]:
    """The words of every command and group -> the command."""

    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield path, command
        for name, one in getattr(command, "commands", {}).items():
            yield from below(one, (*path, name))

    return dict(below(typer.main.get_command(build([])), ()))


COMMANDS = _commands()
NAMES = [" ".join(path) for path in COMMANDS]


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_the_commands_of_every_package_are_looked_at() -> None:
    wanted = {"", "roster check", "simulate printer", "simulate stations", "recordings verify-clip", "tui"}
    assert wanted | {"kiosk lock", "sync export", "cameras probe", "questions import"} <= set(NAMES)


@pytest.mark.parametrize("path", COMMANDS, ids=NAMES)
def test_every_text_is_english_and_has_its_chinese(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    said = {"the command": words(command.help)} | {one.opts[0]: said_of(one) for one in command.params}
    assert all(said.values()), f"nothing is said of {[name for name, text in said.items() if not text]}"
    assert not [text for text in said.values() if HAN.search(text)]
    assert not [text for text in said.values() if not HAN.search(catalogue("zh_CN").get(text, ""))]


@pytest.mark.parametrize("path", COMMANDS, ids=NAMES)
def test_help_is_in_one_language_and_fits(path: tuple[str, ...]) -> None:
    status, chinese, _ = examsite(*path, "--help")
    assert status == 0
    assert "用法：" in chinese and "显示本说明。" in chinese
    text = " ".join(line.strip("│ ") for line in chinese.splitlines())
    listed = [line[2:].split(" ")[0] for line in chinese.splitlines() if line.startswith("│ ")]
    assert not [found for found in ENGLISH.findall(GIVEN.sub("", text)) if found.split(" ")[0] not in listed]
    status, english, _ = examsite("--lang", "en", *path, "--help")
    assert status == 0 and "Usage: examsite" in english and not HAN.search(english)
    for page in (chinese, english):
        assert max(cell_len(line.rstrip()) for line in page.splitlines()) <= 80
        if len(path) < 2 and hasattr(COMMANDS[path], "commands"):
            assert all(f"│ {name} " in page for name in COMMANDS[path].commands)


def test_nothing_is_cut_off() -> None:
    """Every character of every text stands on the page, whatever lines it was broken into."""
    for path, command in COMMANDS.items():
        _, page, _ = examsite(*path, "--help")
        shown = re.sub(r"[\s│]", "", page)
        for one in command.params:
            assert catalogue("zh_CN")[said_of(one)].replace(" ", "") in shown, (path, one.opts)


@pytest.mark.parametrize(
    "line",
    [
        "--lang en roster check --help",
        "roster --lang en check --help",
        "roster check --lang en --help",
        "roster check --help --lang=en",
    ],
)
def test_the_language_may_stand_anywhere(line: str) -> None:
    _, page, _ = examsite(*line.split())
    assert "Usage: examsite roster check" in page


@pytest.mark.parametrize("line", [[], ["--lang", "en"], ["roster"], ["roster", "--lang", "en"]])
def test_nothing_at_all_is_a_wish_for_help(line: list[str]) -> None:
    status, page, _ = examsite(*line)
    assert status == 2 and ("Usage:" if "en" in line else "用法：") in page


def test_every_role_is_named() -> None:
    (role,) = [one for one in COMMANDS["account", "add"].params if one.opts == ["--role"]]
    assert all(name in role.help for name in ROLES)


@pytest.mark.parametrize("width", [8, 20, 33, 74])
def test_lines_are_broken_where_they_may_be(width: int) -> None:
    text = "画面内容：theory 理论考场（一楼），practical 实操考室。 [默认：theory]"
    lines = wrapped(text, width).split("\n")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not [line for line in lines if line[0] in "，。：）" or line[-1] == "（"]
    assert all(cell_len(line) <= max(width, 15) for line in lines)
