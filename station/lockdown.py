"""What locks an exam computer: Chromium policies and nftables rules, as text; tried, see docs/hardware.md.

URL policies filter navigations and frames only: a page's fetch reaches a forbidden server in spite of them. So
the egress rules carry the weight, and the policies take away what the browser itself offers.

Nothing here touches the machine: the generators are pure, `write` fills a folder, `check` asks nft whether the
rules would load. An exam computer never has an ephemeral profile: answers are kept there.
"""

import base64
import ipaddress
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from appliance.base.errors import Corrupt, DeviceFault, NotFound
from appliance.base.i18n import N_
from station.settings import StationFile

POLICY_FILE = "examsite.json"
RULES_FILE = "station.nft"
CLOSED_FILE = "closed.nft"

CLOSED = """\
# Nothing in, nothing out. Loaded first, so that a ruleset that fails to load leaves the network shut.
table inet examsite_closed
delete table inet examsite_closed
table inet examsite_closed {
    chain input { type filter hook input priority 10; policy drop; iifname "lo" accept; }
    chain output { type filter hook output priority 10; policy drop; oifname "lo" accept; }
    chain forward { type filter hook forward priority 10; policy drop; }
}
"""


def policies(station: StationFile, authority: bytes, *, remote_debugging: bool = False) -> dict[str, Any]:
    """Managed policies of an exam computer's Chromium. `authority`: the site authority's certificate, DER.

    `remote_debugging` exists for automated tests alone: without a debugging pipe no test can look into the
    browser. It is the only policy that may differ; a debugging port lets cookies be read, so it is never set
    by `examsite station lockdown`.
    """
    site = station.origin
    return {
        # Where the browser may go. chrome:// pages stay open under `*` alone.
        "URLBlocklist": [
            "*",
            "chrome://*",
            "chrome-untrusted://*",
            "devtools://*",
            "file://*",
            "javascript://*",
        ],
        "URLAllowlist": [site],
        "ProxySettings": {"ProxyMode": "direct"},
        "DnsOverHttpsMode": "off",
        "QuicAllowed": False,
        "NetworkPredictionOptions": 2,
        # Whom it trusts: the site's authority, not a user's own store, no way past an error.
        "CACertificates": [base64.b64encode(authority).decode()],
        "CAPlatformIntegrationEnabled": False,
        "SSLErrorOverrideAllowed": False,
        # What it offers.
        "DeveloperToolsAvailability": 2,
        "RemoteDebuggingAllowed": remote_debugging,
        "DownloadRestrictions": 3,
        "AllowFileSelectionDialogs": False,
        "PrintingEnabled": False,
        "ScreenCaptureAllowed": False,
        "DefaultPopupsSetting": 2,
        "DefaultClipboardSetting": 2,
        "DefaultNotificationsSetting": 2,
        "DefaultGeolocationSetting": 2,
        "DefaultWebUsbGuardSetting": 2,
        "DefaultWebHidGuardSetting": 2,
        "DefaultWebBluetoothGuardSetting": 2,
        "DefaultSerialGuardSetting": 2,
        "DefaultFileSystemReadGuardSetting": 2,
        "DefaultFileSystemWriteGuardSetting": 2,
        "VideoCaptureAllowed": False,
        "VideoCaptureAllowedUrls": [site],
        "AudioCaptureAllowed": False,
        "AudioCaptureAllowedUrls": [site],
        "AutoplayAllowlist": [site],
        "EnableMediaRouter": False,
        "IncognitoModeAvailability": 1,
        "BrowserGuestModeEnabled": False,
        "BrowserAddPersonEnabled": False,
        "BrowserSignin": 0,
        "SyncDisabled": True,
        "ExtensionInstallBlocklist": ["*"],
        "BlockExternalExtensions": True,
        "PasswordManagerEnabled": False,
        "AutofillAddressEnabled": False,
        "AutofillCreditCardEnabled": False,
        "TranslateEnabled": False,
        "SpellcheckEnabled": False,
        "SearchSuggestEnabled": False,
        "GenAiDefaultSettings": 2,
        "LensOverlaySettings": 1,
        "TaskManagerEndProcessEnabled": False,
        "BookmarkBarEnabled": False,
        "EditBookmarksEnabled": False,
        "DefaultBrowserSettingEnabled": False,
        "BackgroundModeEnabled": False,
        "UserFeedbackAllowed": False,
        # What it would do by itself on the network.
        "ComponentUpdatesEnabled": False,
        "MetricsReportingEnabled": False,
        "SafeBrowsingProtectionLevel": 0,
        # Where it starts.
        "RestoreOnStartup": 4,
        "RestoreOnStartupURLs": [f"{site}/station/"],
        "HomepageIsNewTabPage": False,
        "HomepageLocation": f"{site}/station/",
        "NewTabPageLocation": f"{site}/station/",
    }


def _families(station: StationFile) -> list[tuple[str, str]]:
    return [("ip6" if ipaddress.ip_address(a).version == 6 else "ip", a) for a in station.addresses]


def ruleset(station: StationFile) -> str:
    """nftables rules: the kiosk user and the agent reach the box's port, root also its DNS and NTP; nobody more.

    The kiosk user's chain stands before the established rule: what is not the box never becomes a connection.
    Replaced in one transaction; the closed table goes away only together with a successful load.
    """
    port = station.port
    kiosk = [f"{family} daddr {box} tcp dport {port} accept" for family, box in _families(station)]
    root = [
        line
        for family, box in _families(station)
        for line in (
            f"meta skuid {{ 0, {station.agent_uid} }} {family} daddr {box} tcp dport {port} accept",
            f"meta skuid 0 {family} daddr {box} udp dport {{ 53, 123 }} accept",
        )
    ]
    neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept"
    errors = [
        "icmp type { destination-unreachable, time-exceeded, parameter-problem } ct state related accept",
        "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }"
        " ct state related accept",
    ]

    def chain(name: str, lines: list[str]) -> str:
        return f"    chain {name} {{\n" + "".join(f"        {line}\n" for line in lines) + "    }\n"

    tables = [
        "table inet examsite\ndelete table inet examsite\n",
        "table inet examsite {\n",
        "    counter refused_out { }\n    counter refused_in { }\n",
        chain(
            "refuse",
            [
                'limit rate 10/minute burst 20 packets log prefix "examsite refused: "',
                'counter name "refused_out" reject with icmpx type admin-prohibited',
            ],
        ),
        chain("kiosk", [*kiosk, "goto refuse"]),
        chain(
            "input",
            [
                "type filter hook input priority 0; policy drop;",
                'iifname "lo" accept',
                "ct state established accept",
                neighbours,
                *errors,
                'counter name "refused_in"',
            ],
        ),
        chain(
            "output",
            [
                "type filter hook output priority 0; policy drop;",
                'oifname "lo" accept',
                neighbours,
                f"meta skuid {station.kiosk_uid} goto kiosk",
                "ct state established accept",
                *root,
                "goto refuse",
            ],
        ),
        chain("forward", ["type filter hook forward priority 0; policy drop;"]),
        "}\n",
        _frames(station),
        "table inet examsite_closed\ndelete table inet examsite_closed\n",
    ]
    return "# Written by examsite station lockdown. Load only through exam-station-lock.service.\n" + "".join(
        tables
    )


def _frames(station: StationFile) -> str:
    """Raw frames (AF_PACKET) pass by inet tables; a netdev egress chain sees them too."""
    if not station.interface:
        return ""
    allowed = "".join(f"        {family} daddr {box} accept\n" for family, box in _families(station))
    return (
        "table netdev examsite\ndelete table netdev examsite\n"
        "table netdev examsite {\n"
        "    chain egress {\n"
        f'        type filter hook egress device "{station.interface}" priority 0; policy drop;\n'
        "        ether type arp accept\n"
        f"{allowed}"
        "        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept\n"
        "    }\n}\n"
    )


def hosts(station: StationFile) -> str:
    """/etc/hosts: the box's name without a name server, which would be a way out."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    if station.name:
        lines += [f"{address} {station.name}" for address in station.addresses]
    return "\n".join(lines) + "\n"


def read_authority(path: Path) -> bytes:
    """The authority's certificate as DER. Raises NotFound or Corrupt."""
    try:
        return ssl.PEM_cert_to_DER_cert(path.read_text())
    except OSError as error:
        raise NotFound(
            "no_authority",
            N_("The site authority's certificate {path} does not exist."),
            N_("Copy it from the box to this computer."),
            path=str(path),
        ) from error
    except ValueError as error:
        raise Corrupt(
            "bad_authority",
            N_("{path} is not a certificate."),
            N_("Copy the site authority's certificate from the box again."),
            path=str(path),
        ) from error


def write(station: StationFile, authority: bytes, out: Path) -> list[Path]:
    """Write policies, rules, the closed rules and hosts into `out`; nothing is written when a rule is wrong."""
    rules = ruleset(station)
    files = {
        out / POLICY_FILE: msgspec.json.format(
            msgspec.json.encode(policies(station, authority)), indent=2
        ).decode()
        + "\n",
        out / RULES_FILE: rules,
        out / CLOSED_FILE: CLOSED,
        out / "hosts": hosts(station),
    }
    out.mkdir(parents=True, exist_ok=True)
    trial = out / f".{RULES_FILE}.new"
    trial.write_text(rules)
    try:
        check(trial)
    finally:
        trial.unlink()
    for path, text in files.items():
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text)
        fresh.replace(path)
    return list(files)


def check(path: Path) -> None:
    """Ask nft whether the file would load. It fails open otherwise: one syntax error loads nothing.

    Raises Corrupt with nft's words, DeviceFault when nft is missing or may not look (needs root).
    """
    nft = shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if nft is None:
        raise DeviceFault(
            "no_nft",
            N_("nftables is not installed."),
            N_("Install the Debian package nftables."),
            permanent=True,
        )
    run = subprocess.run([nft, "-c", "-f", str(path)], capture_output=True, text=True, timeout=30)
    if run.returncode == 0:
        return
    detail = run.stderr.strip().splitlines()[0] if run.stderr.strip() else f"status {run.returncode}"
    if "Operation not permitted" in run.stderr:
        raise DeviceFault(
            "no_rights",
            N_("The rules cannot be checked without root rights."),
            N_("Run the command as root."),
            permanent=True,
        )
    raise Corrupt(
        "bad_rules",
        N_("nftables refuses the rules: {detail}"),
        N_("Nothing was written. Correct station.toml."),
        detail=detail,
    )
