"""examsite check names devices by a path that another may have tomorrow."""

import msgspec

from appliance.base.settings import GateSettings, LaneSettings, ReaderSettings, Settings, SiteSettings
from appliance.cli.check import _ports


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
