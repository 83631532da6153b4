"""The lock on real parts: nftables in network namespaces; generators; the command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.base.crypto import new_authority
from appliance.base.errors import Corrupt, NotFound
from station import lockdown
from station.settings import StationFile, load
from tests.command import examsite

TOP = Path(__file__).parents[2]
ALLOWED = {
    "kiosk tcp 10.9.0.1 8443",
    "kiosk tcp fd00:9::1 8443",
    "root tcp 10.9.0.1 8443",
    "root tcp fd00:9::1 8443",
    "root udp 10.9.0.1 53",
}


@pytest.fixture(scope="module")
def scene() -> dict[str, dict[str, str]]:
    """What got through before and after the lock. Without root, in a user namespace of one's own."""
    if os.getuid() == 0:
        enter, kiosk = ["unshare", "-n", "-m"], 980
    else:
        enter, kiosk = ["unshare", "--map-current-user", "--keep-caps", "-n", "-m"], os.getuid()
    command = [*enter, sys.executable, "-m", "tests.station.lock_scene", str(kiosk)]
    path = f"/usr/sbin:/sbin:{os.environ['PATH']}"
    run = subprocess.run(
        command, cwd=TOP, capture_output=True, text=True, timeout=100, env={**os.environ, "PATH": path}
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, dict[str, str]] = json.loads(run.stdout)
    return found


def test_without_the_lock_every_probe_gets_through(scene: dict[str, dict[str, str]]) -> None:
    """Or the next test would prove nothing."""
    assert {name: how for name, how in scene["open"].items() if how != "open"} == {}


def test_from_a_locked_seat_only_the_box_answers(scene: dict[str, dict[str, str]]) -> None:
    locked = scene["locked"]
    through = {name for name, how in locked.items() if how == "open"}
    assert through == ALLOWED & set(locked)
    said = {how for name, how in locked.items() if name.startswith("kiosk ") and how != "open"}
    assert all(how.startswith("refused") for how in said), "refused at once, not left hanging"
    assert locked["kiosk flushes the rules"] == "refused"
    assert locked["raw frame"] == "silent"
    assert locked["counted"] == "yes"


def test_it_fails_closed(scene: dict[str, dict[str, str]]) -> None:
    assert scene["closed"]["box"] != "open"
    assert scene["broken"]["box"] != "open", "a ruleset that does not load must leave the network shut"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    new_authority(tmp_path, "示范考点")
    return tmp_path / "authority.pem"


def station_file(tmp_path: Path, **values: object) -> Path:
    path = tmp_path / "station.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    path.write_text("\n".join(lines))
    return path


def test_the_command_writes_checked_files(tmp_path: Path, authority: Path) -> None:
    config = station_file(tmp_path, box="192.0.2.10", name="box.exam.test", authority=str(authority))
    out = tmp_path / "out"
    status, shown, _ = examsite("station", "lockdown", "--config", str(config), "--out", str(out), "--json")
    assert status == 0
    assert sorted(Path(p).name for p in json.loads(shown)["files"]) == sorted(
        ["examsite.json", "station.nft", "closed.nft", "hosts"]
    )
    policies = json.loads((out / "examsite.json").read_text())
    assert policies["URLAllowlist"] == ["https://box.exam.test:8443"]
    assert policies["RemoteDebuggingAllowed"] is False
    assert "ForceEphemeralProfiles" not in policies
    assert "192.0.2.10 box.exam.test" in (out / "hosts").read_text()
    lockdown.check(out / "station.nft")
    lockdown.check(out / "closed.nft")


def test_only_one_policy_may_differ_in_tests() -> None:
    station = StationFile(box="192.0.2.10")
    real, tested = lockdown.policies(station, b"x"), lockdown.policies(station, b"x", remote_debugging=True)
    assert {name for name in real if real[name] != tested[name]} == {"RemoteDebuggingAllowed"}


def test_a_wrong_ruleset_writes_nothing(
    tmp_path: Path, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockdown, "ruleset", lambda station: "table inet x { chain fwd { policy dorp; } }")
    with pytest.raises(Corrupt, match="bad_rules"):
        lockdown.write(StationFile(box="192.0.2.10"), lockdown.read_authority(authority), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "values",
    [
        {"box": "box.example"},
        {"box": "192.0.2.10", "port": 0},
        {"box": "192.0.2.10", "interface": 'eth0" ; flush ruleset'},
        {"box": "192.0.2.10", "name": "a b"},
        {"box": "192.0.2.10", "kiosk_uid": 0},
        {"box": "192.0.2.10", "nothing": 1},
        {},
    ],
)
def test_bad_settings_are_named(tmp_path: Path, values: dict[str, object]) -> None:
    with pytest.raises(Corrupt, match="bad_settings"):
        load(station_file(tmp_path, **values))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load(tmp_path / "none.toml")
    with pytest.raises(NotFound):
        lockdown.read_authority(tmp_path / "none.pem")
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(Corrupt):
        lockdown.read_authority(tmp_path / "bad.pem")
