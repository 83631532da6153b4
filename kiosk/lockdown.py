"""What locks a display: Chromium policies and an egress lock. Tried and explained in docs/hardware.md.

URL policies do not stop subresources, so the nftables ruleset carries the weight. A display keeps nothing: its
profile may be ephemeral, unlike an exam station's.
"""

import base64
import ipaddress
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_


def origin(box: str) -> tuple[str, int]:
    """Address and port of `https://ADDRESS[:PORT]`. An IP address: a display asks no name server."""
    parts = urlsplit(box)
    try:
        port = parts.port or 443
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        address = None
        port = 0
    if parts.scheme != "https" or address is None:
        raise Corrupt(
            "bad_box",
            N_("{box} is not an address of the box."),
            N_("Write it as https://192.0.2.10:8443, with the IP address."),
            box=box,
        )
    return str(address), port


def policies(box: str, authority: Path) -> dict[str, Any]:
    """The managed policies of a display's Chromium."""
    origin(box)
    try:
        der = ssl.PEM_cert_to_DER_cert(authority.read_text())
    except (OSError, ValueError) as error:
        raise NotFound(
            "no_authority",
            N_("The certificate {path} cannot be read."),
            N_("Copy authority.pem from the box."),
            path=str(authority),
        ) from error
    site = box.rstrip("/")
    return {
        "URLBlocklist": ["*", "chrome://*", "file://*", "data:*", "devtools://*", "view-source:*"],
        "URLAllowlist": [site],
        "CACertificates": [base64.b64encode(der).decode()],
        "CAPlatformIntegrationEnabled": False,
        "SSLErrorOverrideAllowed": False,
        "DeveloperToolsAvailability": 2,
        "RemoteDebuggingAllowed": False,
        "ForceEphemeralProfiles": True,
        "DownloadRestrictions": 3,
        "PrintingEnabled": False,
        "ScreenCaptureAllowed": False,
        "VideoCaptureAllowed": False,
        "AudioCaptureAllowed": False,
        "AutoplayAllowed": True,
        "AutoplayAllowlist": [site],
        "BrowserSignin": 0,
        "SyncDisabled": True,
        "PasswordManagerEnabled": False,
        "TranslateEnabled": False,
        "BookmarkBarEnabled": False,
        "ExtensionInstallBlocklist": ["*"],
        "DefaultPopupsSetting": 2,
        "DefaultNotificationsSetting": 2,
        "DefaultGeolocationSetting": 2,
        "BackgroundModeEnabled": False,
        "MetricsReportingEnabled": False,
        "ComponentUpdatesEnabled": False,
        "NetworkPredictionOptions": 2,
        "DnsOverHttpsMode": "off",
    }


def ruleset(box: str, user: str) -> str:
    """nftables: the display's user reaches the box's address and port and nothing else; nobody reaches the display."""
    address, port = origin(box)
    family = "ip6" if ":" in address else "ip"
    if not user.replace("-", "").replace("_", "").isalnum():
        raise Corrupt("bad_user", N_("{user} is not a user's name."), user=user)
    return f"""# Written by examsite kiosk lock. Check with nft -c -f before loading: a wrong ruleset loads nothing.
table inet exam_display {{
    chain input {{
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        meta nfproto ipv6 icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} ip6 hoplimit 255 accept
    }}
    chain output {{
        type filter hook output priority 0; policy drop;
        oif lo accept
        meta skuid "{user}" {family} daddr {address} tcp dport {port} accept
        meta skuid "{user}" counter reject with icmpx admin-prohibited
        ct state established,related accept
        {family} daddr {address} tcp dport {port} accept
        {family} daddr {address} udp dport {{ 53, 123 }} accept
        meta nfproto ipv6 icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} ip6 hoplimit 255 accept
        counter reject with icmpx admin-prohibited
    }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
    }}
}}
"""


def command(box: str, page: str) -> list[str]:
    """What the display's session runs inside cage."""
    origin(box)
    return [
        "/usr/bin/chromium",
        "--kiosk",
        "--ozone-platform=wayland",
        "--no-first-run",
        "--noerrdialogs",
        "--disable-pinch",
        "--overscroll-history-navigation=0",
        "--autoplay-policy=no-user-gesture-required",
        "--user-data-dir=/run/exam-display/profile",
        box.rstrip("/") + page,
    ]
