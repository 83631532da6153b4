"""The units hold what they promise: systemd's own analysis, and the house's list of processes."""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
UNITS = TOP / "systemd"
RUNNING = ["archive", "clips", "faces", "gate", "recorder", "sync", "web"]
EXPOSURE = 2.0
"""systemd's measure: 10 is a unit without any protection."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed box without its program, Debian's own units beside it."""
    folder = tmp_path_factory.mktemp("root")
    done = subprocess.run(
        [str(UNITS / "install.sh"), "--root", str(folder), "--no-program"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "apt-get install chrony" in done.stdout, "what is left to do by hand"
    shutil.copytree("/usr/lib/systemd/system", folder / "usr/lib/systemd/system", symlinks=True)
    program = folder / "opt/examsite/.venv/bin/examsite"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", f"--root={root}", *arguments], capture_output=True, text=True)


def unit(name: str) -> dict[str, dict[str, str]]:
    """A unit's sections; of a setting given twice the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name)
    return {section: dict(parser[section]) for section in parser.sections()}


def test_every_unit_is_valid(root: Path) -> None:
    names = [p.name for p in sorted(UNITS.glob("exam*")) if p.suffix in (".service", ".timer", ".target")]
    done = analyze(root, "verify", "--man=no", "--recursive-errors=no", *names)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_verify_would_notice(root: Path) -> None:
    """The check above is worth something: a wrong key is found below this root."""
    bad = root / "etc/systemd/system/exam-bad.service"
    bad.write_text("[Service]\nTyp=notify\nExecStart=/opt/examsite/.venv/bin/nothing\n")
    try:
        done = analyze(root, "verify", "--man=no", "--recursive-errors=no", "exam-bad.service")
    finally:
        bad.unlink()
    assert done.returncode != 0
    assert "Typ" in done.stderr
    assert "nothing" in done.stderr


@pytest.mark.parametrize("name", RUNNING)
def test_every_process_is_locked_in(root: Path, name: str) -> None:
    limit = str(int(EXPOSURE * 10))
    done = analyze(
        root, "security", "--offline=true", f"--threshold={limit}", "--no-pager", f"exam-{name}.service"
    )
    assert done.returncode == 0, done.stdout[-400:] + done.stderr
    assert "Overall exposure level" in done.stdout


@pytest.mark.parametrize("name", RUNNING)
def test_every_process_is_watched(name: str) -> None:
    service = unit(f"exam-{name}.service")["Service"]
    assert service["Type"] == "notify"
    assert service["ExecStart"] == f"/opt/examsite/.venv/bin/examsite run {name}"
    assert int(service["WatchdogSec"]) <= 60
    assert service["Restart"] == "always"
    common = (UNITS / "exam-.service.d/hardening.conf").read_text()
    assert "TimeoutStopSec=5" in common


def test_the_target_starts_every_process() -> None:
    wanted = (UNITS / "exam.target").read_text()
    assert all(f"exam-{name}.service" in wanted for name in [*RUNNING, "migrate"])
    assert all(path.name in wanted for path in UNITS.glob("*.timer"))


def test_units_and_program_know_the_same_processes() -> None:
    from appliance.cli.parent import names

    assert names() == RUNNING


def test_only_sync_gets_out() -> None:
    for name in RUNNING:
        assert ("IPAddressDeny" in unit(f"exam-{name}.service")["Service"]) == (name != "sync")


@pytest.mark.parametrize("name", [name for name in RUNNING if name != "archive"])
def test_no_process_reads_the_key_of_another(name: str) -> None:
    """All run as one user: what a unit does not hide, its process can sign with."""
    from appliance.flow.set_up import PROCESSES

    every = {*PROCESSES, "tls", "data", "cameras"}
    shared = {
        "recorder": {"cameras"},
        "web": {"tls", "data"},
        "gate": {"data"},
        "faces": {"data"},
        "sync": {"data"},
    }
    assert every - hidden(name) == {name} | shared.get(name, set())


def test_the_migration_reads_no_key() -> None:
    assert "InaccessiblePaths=-/var/lib/examsite/keys\n" in (UNITS / "exam-migrate.service").read_text()


def hidden(name: str) -> set[str]:
    """Keys a unit's process cannot see."""
    start = "InaccessiblePaths=-/var/lib/examsite/keys/"
    lines = (UNITS / f"exam-{name}.service").read_text().splitlines()
    return {line.removeprefix(start).removesuffix(".key") for line in lines if line.startswith(start)}


def test_only_the_gate_sees_devices() -> None:
    for name in RUNNING:
        service = unit(f"exam-{name}.service")["Service"]
        assert ("DeviceAllow" in service) == (name == "gate")
        assert (service.get("PrivateDevices") == "yes") == (name != "gate")


def test_commands_of_units_exist() -> None:
    """No timer for a command that is not there."""
    import typer

    from appliance.cli import build

    for path in UNITS.glob("*.service"):
        for line in path.read_text().splitlines():
            if not line.startswith("ExecStart="):
                continue
            words = line.split("=", 1)[1].split()[1:]
            command = typer.main.get_command(build(words))
            for word in words:
                if not hasattr(command, "commands"):
                    break
                assert word in command.commands, f"{path.name}: examsite {' '.join(words)}"
                command = command.commands[word]


def test_no_duty_of_the_night_stops_another() -> None:
    """A unit ends with its first command that fails: each duty has its own unit and timer, and each is started."""
    target = (UNITS / "exam.target").read_text()
    duties = set()
    for timer in UNITS.glob("*.timer"):
        lines = timer.with_suffix(".service").read_text().splitlines()
        (command,) = [line for line in lines if line.startswith("ExecStart=")]
        duties.add(command.split("/examsite ", 1)[1])
        assert timer.name in target
    assert duties == {"check", "faces forget --do", "recordings verify --sample 200"}


@pytest.mark.parametrize("name", ["archive", "forget", "recordings"])
def test_what_has_no_key_signs_nothing(name: str) -> None:
    service = (UNITS / f"exam-{name}.service").read_text()
    from appliance.flow.set_up import PROCESSES

    whole = "InaccessiblePaths=-/var/lib/examsite/keys\n" in service
    assert whole or hidden(name) - {"data"} == {*PROCESSES, "tls", "cameras"}


def test_installing_again_keeps_the_configuration(root: Path) -> None:
    file = root / "etc/examsite/examsite.toml"
    before = file.read_text()
    file.write_text(before + "# mine\n")
    subprocess.run(
        [str(UNITS / "install.sh"), "--root", str(root), "--no-program"], check=True, capture_output=True
    )
    assert file.read_text() == before + "# mine\n"
    file.write_text(before)
    assert file.stat().st_mode & 0o007 == 0


def test_users_and_folders(root: Path) -> None:
    assert (UNITS / "sysusers.conf").read_text().splitlines()[-1].startswith("u examsite ")
    lines = [line.split() for line in (UNITS / "tmpfiles.conf").read_text().splitlines()]
    made = {path: (mode, group) for _, path, mode, _, group, _ in lines}
    for path, (mode, group) in made.items():
        assert int(mode, 8) & 0o027 == 0 and group == "examsite", f"{path}: nobody else reads or writes it"
    assert {"/run/examsite", "/var/lib/examsite", "/var/lib/examsite-media", "/etc/examsite"} <= set(made)
    if os.geteuid() != 0:
        return  # only root makes them; what root makes of these lines is systemd's
    for folder in ("run/examsite", "var/lib/examsite", "var/lib/examsite-media", "etc/examsite"):
        assert (root / folder).stat().st_mode & 0o007 == 0
    assert "examsite:" in (root / "etc/passwd").read_text()
