"""The exam computer's own file, /etc/examsite/station.toml: where the box is and what must hold here."""

import ipaddress
from pathlib import Path

import msgspec

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_

DEFAULT_PATH = Path("/etc/examsite/station.toml")


class StationFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """The whole file; unknown keys are errors."""

    box: str
    """The box's fixed IPv4 or IPv6 address."""
    box6: str = ""
    """Its IPv6 address when `box` is IPv4 and both are used."""
    name: str = ""
    """Host name of the box in its certificate; written to /etc/hosts. Empty: the address itself is used."""
    port: int = 8443
    authority: str = "/etc/examsite/authority.pem"
    """The site authority's certificate (PEM), copied from the box."""
    key_file: str = "/etc/examsite/station.key"
    """The station's key, root only: the agent proves with it which seat it is."""
    interface: str = ""
    """Wired interface, e.g. enp1s0: raw frames are locked there too. Empty: not locked."""
    kiosk_uid: int = 980
    """The user that runs the browser."""
    agent_uid: int = 981
    """The user that runs the agent: never the kiosk user."""
    policies: str = "/etc/chromium/policies/managed"
    ruleset: str = "/etc/examsite/station.nft"
    forbidden: tuple[str, ...] = ("192.0.2.1:443", "[2001:db8::1]:443")
    """ADDRESS:PORT outside the lock; the self-check tries them and must be refused. Use a controlled one."""
    browser: str = "/usr/bin/chromium"

    def __post_init__(self) -> None:
        for text in filter(None, (self.box, self.box6)):
            ipaddress.ip_address(text)
        if self.box6 and ipaddress.ip_address(self.box6).version != 6:
            raise ValueError("box6 is not an IPv6 address")
        if not 0 < self.port < 65536:
            raise ValueError("port is not between 1 and 65535")
        if not all(part.replace("-", "").isalnum() for part in self.name.split(".") if self.name):
            raise ValueError("name is not a host name")
        if not self.interface.replace("-", "").replace(".", "").replace("_", "").isalnum() and self.interface:
            raise ValueError("interface is not an interface's name")
        if not 0 < self.kiosk_uid < 2**31:
            raise ValueError("kiosk_uid must be an ordinary user's number")
        if not 0 <= self.agent_uid < 2**31 or self.agent_uid == self.kiosk_uid:
            raise ValueError("agent_uid must be another user's number than kiosk_uid")

    @property
    def host(self) -> str:
        """What stands in the page's address."""
        if self.name:
            return self.name
        return f"[{self.box}]" if ":" in self.box else self.box

    @property
    def origin(self) -> str:
        """https://host:port"""
        return f"https://{self.host}:{self.port}"

    @property
    def addresses(self) -> list[str]:
        """All addresses of the box."""
        return [self.box, *([self.box6] if self.box6 else [])]


def load(path: Path = DEFAULT_PATH) -> StationFile:
    """Read and check the file. Raises NotFound or Corrupt with the reason."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=StationFile)
    except OSError as error:
        raise NotFound(
            "no_settings",
            N_("The configuration file {path} does not exist."),
            N_("Write it as station/systemd/station.toml shows."),
            path=str(path),
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Corrupt(
            "bad_settings",
            N_("The configuration file {path} cannot be used: {detail}"),
            N_("Correct the named line and start again."),
            path=str(path),
            detail=str(error),
        ) from error
