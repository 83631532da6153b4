"""examsite check names devices by a path that another may have tomorrow, and what the box needs beside them."""

import socket
import threading
from pathlib import Path

import msgspec
import pytest

from appliance.base.settings import (
    GateSettings,
    LaneSettings,
    PrinterSettings,
    ReaderSettings,
    Settings,
    SiteSettings,
)
from appliance.cli.check import _font, _ports, _time_server
from appliance.cli.simulated import simulated
from appliance.devices.printer import slip
from tests.conftest import site_settings


def test_counted_ports_are_findings_and_paths_that_stay_are_none() -> None:
    stays = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
    lane = LaneSettings(
        code="L1",
        name="一号通道",
        reader=ReaderSettings(port=stays),
        second_reader=ReaderSettings(port="/dev/ttyUSB1"),
        gate=GateSettings(port="tcp://192.168.10.40"),
        camera="usb:0",
    )
    settings = Settings(site=SiteSettings(code="999999-01", name="演示"), lanes=[lane])
    (found,) = _ports(settings)
    assert found.code == "unstable_port" and "/dev/ttyUSB1" in found.message
    sound = msgspec.structs.replace(lane, second_reader=None)
    assert _ports(msgspec.structs.replace(settings, lanes=[sound])) == []


def test_a_printer_is_looked_at_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = site_settings(tmp_path)
    printer = PrinterSettings(port="/dev/ttyUSB2")
    settings = msgspec.structs.replace(base, lanes=[msgspec.structs.replace(base.lanes[0], printer=printer)])
    [port] = _ports(settings)
    assert "/dev/ttyUSB2" in port.message and _font(settings) == []
    monkeypatch.setattr(slip, "FOLDERS", (tmp_path,))
    slip.font_file.cache_clear()
    try:
        assert [one.code for one in _font(settings)] == ["no_font"]
    finally:
        slip.font_file.cache_clear()
    local = msgspec.structs.replace(printer, port="tcp://127.0.0.1:9100")
    lane = msgspec.structs.replace(settings.lanes[0], printer=local)
    named = dict(simulated(msgspec.structs.replace(settings, lanes=[lane])))
    assert named["lanes.L1.printer"] == "tcp://127.0.0.1:9100"


@pytest.mark.parametrize(("stratum", "served"), [(10, True), (16, False), (0, False), (None, False)])
def test_a_box_that_serves_no_time_is_told(stratum: int | None, served: bool) -> None:
    """`stratum` None: nobody answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        port = far.getsockname()[1]
        if stratum is None:
            far.close()
            assert [(one.code, one.look) for one in _time_server(port)] == [("no_time_server", True)]
            return

        def answer() -> None:
            asked, whence = far.recvfrom(512)
            assert len(asked) == 48 and asked[0] & 7 == 3, "a client's question"
            far.sendto(bytes([0x24, stratum or 0]) + bytes(46), whence)

        there = threading.Thread(target=answer)
        there.start()
        assert (_time_server(port) == []) == served
        there.join()
