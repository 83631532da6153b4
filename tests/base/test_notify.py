"""sd_notify over a real datagram socket."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.base import notify


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd's end of the socket."""
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(place))
        end.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(place))
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        monkeypatch.setenv("WATCHDOG_USEC", "60000")
        yield end


def heard(end: socket.socket) -> list[str]:
    lines = []
    while True:
        try:
            lines.append(end.recv(4096).decode())
        except BlockingIOError:
            return lines


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not notify.ready()


def test_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"examsite-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0" + name)
        end.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        assert notify.status("7 cameras")
        assert heard(end) == ["STATUS=7 cameras"]


async def test_ready_pings_stopping(supervisor: socket.socket) -> None:
    async with notify.supervised(text="open"):
        await asyncio.sleep(0.15)
    lines = heard(supervisor)
    assert lines[0] == "READY=1\nSTATUS=open"
    assert lines[-1] == "STOPPING=1"
    assert lines.count("WATCHDOG=1") >= 3


async def test_a_dead_part_stops_the_pings(supervisor: socket.socket) -> None:
    alive = True
    async with notify.supervised(lambda: alive):
        await asyncio.sleep(0.05)
        alive = False
        await asyncio.sleep(0.03)
        heard(supervisor)
        await asyncio.sleep(0.1)
        assert heard(supervisor) == []
        alive = True
        await asyncio.sleep(0.05)
        assert "WATCHDOG=1" in heard(supervisor)


async def test_another_process_is_watched(supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert notify.watchdog_seconds() == 0
    await asyncio.wait_for(notify.watchdog(), 1)


@pytest.mark.parametrize("value", ["", "soon"])
def test_unreadable_interval(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", value or "0")
    assert notify.watchdog_seconds() == 0
