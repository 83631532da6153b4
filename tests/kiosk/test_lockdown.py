"""The lock of a display: policies name the box alone, the ruleset loads, the unit is closed."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from appliance.base.crypto import new_authority
from appliance.base.errors import Corrupt, NotFound
from kiosk import lockdown
from kiosk.cli import app

BOX = "https://192.0.2.10:8443"
UNITS = Path(__file__).parents[2] / "kiosk" / "systemd"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    new_authority(tmp_path, "test authority")
    return tmp_path / "authority.pem"


def test_only_the_box_is_allowed(authority: Path) -> None:
    found = lockdown.policies(BOX + "/", authority)
    assert found["URLBlocklist"][0] == "*" and found["URLAllowlist"] == [BOX]
    assert found["AutoplayAllowlist"] == [BOX] and found["RemoteDebuggingAllowed"] is False
    assert len(found["CACertificates"]) == 1


@pytest.mark.parametrize("box", ["http://192.0.2.10", "https://box.example", "192.0.2.10:8443", "https://"])
def test_an_address_that_is_none_is_refused(box: str, authority: Path) -> None:
    with pytest.raises(Corrupt):
        lockdown.policies(box, authority)


def test_a_missing_authority_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        lockdown.policies(BOX, tmp_path / "no.pem")


@pytest.mark.parametrize("box", [BOX, "https://[2001:db8::10]:8443"])
def test_the_ruleset_loads(box: str, tmp_path: Path) -> None:
    rules = tmp_path / "display.nft"
    rules.write_text(lockdown.ruleset(box, "nobody"))
    run = subprocess.run(["unshare", "-n", "nft", "-c", "-f", rules], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_command_writes_both_files(authority: Path, tmp_path: Path) -> None:
    policies, rules = tmp_path / "p" / "exam-display.json", tmp_path / "r" / "display.nft"
    arguments = ["lock", "--box", BOX, "--authority", str(authority), "--policies", str(policies)]
    result = CliRunner().invoke(app, [*arguments, "--rules", str(rules), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(policies.read_text())["URLAllowlist"] == [BOX]
    assert "192.0.2.10" in rules.read_text()


def test_the_session_shows_one_page() -> None:
    command = lockdown.command(BOX, "/entry/L1")
    assert command[-1] == f"{BOX}/entry/L1" and "--kiosk" in command


def test_the_unit_is_closed() -> None:
    """Not 2.0 as the box's own units: a browser needs user namespaces for its own sandbox, and devices."""
    unit = UNITS / "exam-display.service"
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=23", "--no-pager", unit],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-200:]
