"""Which settings name a simulator: a production site has none, and the simulators themselves refuse to run there."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from appliance.base.settings import Settings


def simulated(settings: Settings) -> list[tuple[str, str]]:
    """Setting and value of everything that is a simulator by its address."""
    named = []
    for lane in settings.lanes:
        ports = [("reader", lane.reader.port), ("gate", lane.gate.port)]
        if lane.second_reader:
            ports.append(("second_reader", lane.second_reader.port))
        if lane.printer:
            ports.append(("printer", lane.printer.port))
        named += [(f"lanes.{lane.code}.{part}", port) for part, port in ports if _terminal(port)]
        if lane.camera.startswith("sim:"):
            named.append((f"lanes.{lane.code}.camera", lane.camera))
    if any("demo_photo" in word for word in settings.faces.photo_decoder):
        named.append(("faces.photo_decoder", " ".join(settings.faces.photo_decoder)))
    named += [(f"cameras.{one.code}", one.address) for one in settings.cameras if _here(f"//{one.address}")]
    if _here(settings.province.url):
        named.append(("province.url", settings.province.url))
    return named


def _terminal(port: str) -> bool:
    """A pseudo-terminal, or a device in the network that is this machine."""
    if "://" in port:
        return _here(port)
    return Path(port).resolve().is_relative_to("/dev/pts")


def _here(url: str) -> bool:
    """Does an address name this machine itself?"""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
