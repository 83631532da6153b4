"""Agent, self-check, units and catalogue of an exam computer."""

import ast
import asyncio
import json
import shutil
import socket
import subprocess
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Corrupt, NotFound, Unavailable
from appliance.base.i18n import catalogue
from appliance.wire.station import Heartbeat, Inventory, Orders
from station import agent, machine, selfcheck
from station.settings import StationFile, load
from tests.command import examsite
from tests.station.mock_box import MockBox

UNITS = Path(__file__).parents[2] / "station/systemd"


def test_inventory_says_what_this_machine_is() -> None:
    facts = agent.inventory(StationFile(box="127.0.0.1", port=1, forbidden=()))
    assert facts.cores >= 1
    assert facts.memory_mb > 100
    assert facts.disk_gb > 1
    assert "Chromium" in facts.browser
    assert facts.locked is False, "nothing listens on port 1, so the box does not answer"
    assert {"code": "box_answers", "detail": "127.0.0.1:1 ECONNREFUSED"} in facts.detail["failed"]


def test_policies_are_told_apart_by_their_hash(tmp_path: Path) -> None:
    assert machine.folder_sha256(tmp_path) == ""
    (tmp_path / "a.json").write_text("{}")
    one = machine.folder_sha256(tmp_path)
    (tmp_path / "a.json").write_text("{ }")
    assert len(one) == 64
    assert machine.folder_sha256(tmp_path) != one


def test_an_answering_forbidden_address_fails_the_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        station = StationFile(box="127.0.0.1", port=port, forbidden=(f"127.0.0.1:{port}",))
        assert all(check.ok for check in selfcheck.box_answers(station))
        assert not all(check.ok for check in selfcheck.nothing_else_answers(station))
        assert not selfcheck.locked(station)


@pytest.mark.parametrize(("text", "wanted"), [("192.0.2.1:443", ("192.0.2.1", 443)), ("[::1]:5", ("::1", 5))])
def test_places(text: str, wanted: tuple[str, int]) -> None:
    assert selfcheck.place(text) == wanted


def test_the_check_command_ends_with_1_when_something_does_not_hold(
    tmp_path: Path, mock_box: MockBox
) -> None:
    config = tmp_path / "station.toml"
    config.write_text(
        f'box = "127.0.0.1"\nport = {mock_box.port}\nforbidden = ["127.0.0.1:{mock_box.port}"]\n'
    )
    status, shown, _ = examsite("station", "check", "--config", str(config), "--json")
    found = json.loads(shown)
    assert status == 1
    assert found["ok"] is False
    assert {"code": "box_answers", "ok": True, "detail": f"127.0.0.1:{mock_box.port} open"} in found["checks"]
    assert {check["code"] for check in found["checks"]} >= {
        "processor",
        "memory",
        "disk",
        "camera",
        "network",
    }


def test_the_key_is_for_the_agent_alone(tmp_path: Path) -> None:
    key = tmp_path / "station.key"
    with pytest.raises(NotFound):
        agent.read_key(key)
    key.write_text("secret\n")
    key.chmod(0o644)
    with pytest.raises(Corrupt):
        agent.read_key(key)
    key.chmod(0o600)
    assert agent.read_key(key) == "secret"


class QuietBox:
    """A box that is away for the first questions."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.heard: list[str] = []
        self.beaten = asyncio.Event()

    async def _answer(self, kind: str) -> Orders:
        if self.away:
            self.away -= 1
            raise Unavailable("box_silent", "away")
        self.heard.append(kind)
        return msgspec.json.decode(
            b'{"seat": "T1-07", "now": "2026-11-21T00:00:00Z", "heartbeat_s": 0, "page": "https://p.example/"}',
            type=Orders,
        )

    async def inventory(self, facts: Inventory) -> Orders:
        return await self._answer("inventory")

    async def heartbeat(self, beat: Heartbeat) -> Orders:
        orders = await self._answer("heartbeat")
        self.beaten.set()
        return orders


async def test_the_agent_outlives_an_outage_and_reports_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(agent, "FIRST_WAIT", 0.05)
    caplog.set_level("INFO", logger="examsite.agent")
    box = QuietBox(away=3)
    station = StationFile(box="127.0.0.1", port=1, forbidden=())
    running = agent.Agent(station, box)  # type: ignore[arg-type]
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(30):
        await box.beaten.wait()
    running.stop()
    await task
    assert box.heard[0] == "inventory"
    assert len([r for r in caplog.records if "does not answer" in r.message]) == 1, "an outage is logged once"
    assert len([r for r in caplog.records if "https://p.example/" in r.message]) == 1, (
        "an order for another page, too"
    )


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_units_are_sound(unit: Path, tmp_path: Path) -> None:
    """Programs are replaced by one that exists; everything else must verify."""
    text = unit.read_text()
    for program in ("/opt/examsite/.venv/bin/examsite", "/usr/bin/cage", "/usr/sbin/nft"):
        text = text.replace(program, shutil.which("true") or "/bin/true")
    copy = tmp_path / unit.name
    copy.write_text(text)
    for other in UNITS.glob("*.service"):
        if other != unit:
            stub = "[Service]\nType=oneshot\nExecStart=/bin/true\n"
            (tmp_path / other.name).write_text(stub)
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(("unit", "limit"), [("exam-station-agent", 20), ("exam-station", 23)])
def test_units_take_away_what_is_not_needed(unit: str, limit: int) -> None:
    """The browser's own sandbox needs user namespaces, which the score counts against it."""
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={limit}", "--no-pager"]
    run = subprocess.run([*command, str(UNITS / f"{unit}.service")], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_the_lock_has_no_way_to_be_stopped_open() -> None:
    text = (UNITS / "exam-station-lock.service").read_text()
    assert "ExecStop" not in text.replace("Without ExecStop", "")
    order = [text.index(part) for part in ("nft -f /etc/examsite/closed.nft", "nft -c -f", "ExecStart=")]
    assert order == sorted(order)
    assert "RequiredBy=systemd-networkd.service networking.service" in text


def test_the_example_file_is_readable_and_complete(tmp_path: Path) -> None:
    text = (UNITS / "station.toml").read_text()
    assert load(UNITS / "station.toml").box == "192.168.10.1"
    whole = tmp_path / "station.toml"
    lines = [
        line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in text.splitlines()
    ]
    whole.write_text("\n".join(lines))
    shown = load(whole)
    assert shown == StationFile(box="192.168.10.1")
    assert all(f"{name} = " in text for name in StationFile.__struct_fields__)


def test_every_sentence_is_in_the_catalogue() -> None:
    marked = [
        node.args[0].value
        for file in (Path(__file__).parents[2] / "station").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_")
        if isinstance(node.args[0], ast.Constant)
    ]
    assert [sentence for sentence in marked if sentence not in catalogue("zh_CN")] == []
    assert len(marked) > 20
