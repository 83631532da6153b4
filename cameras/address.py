"""Addresses of cameras: what a person types, and what a camera says of itself. Pure.

A camera's answers name hosts; nobody is believed: every address is put back to the host that was asked, so that a
password never goes to another one.
"""

from urllib.parse import quote, urlsplit, urlunsplit

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_


def split_address(address: str) -> tuple[str, int]:
    """Host and port of HOST[:PORT] or of a whole address of the ONVIF service. Raises Corrupt."""
    if address.startswith(("rtsp://", "https://")):
        raise Corrupt(
            "no_onvif_address",
            N_("{address} is no address of an ONVIF service over HTTP."),
            N_(
                "Give HOST:PORT of its HTTP port; a stream's address is only added, with examsite cameras add."
            ),
            address=address,
        )
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        port = 80 if parts.port is None else parts.port
        host = parts.hostname
    except ValueError:
        host, port = None, 0
    if not host or not port or any(character.isspace() for character in host):
        raise Corrupt(
            "bad_address", N_("{address} is no HOST:PORT."), N_("Correct the address."), address=address
        )
    return host, port


def normal(address: str) -> str:
    """The one way an address is kept: HOST:PORT, or rtsp:// with a host. Raises Corrupt."""
    if not address.startswith("rtsp://"):
        host, port = split_address(address)
        return f"{shown_host(host)}:{port}"
    if not host_of(address):
        raise Corrupt(
            "bad_address", N_("{address} is no HOST:PORT."), N_("Correct the address."), address=address
        )
    return address


def compared(address: str) -> str:
    """A camera's address as it is compared. What examsite.toml names may be none: it stops nobody from finding or
    keeping another camera, nor from putting that one right.
    """
    try:
        return normal(address)
    except Corrupt:
        return address


def shown_host(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def rewritten(uri: str, host: str) -> str:
    """The same address at the host that was asked; the port stays (cameras behind an address
    translation lie). Credentials in it are dropped. Raises ValueError when it is no address.
    """
    parts = urlsplit(uri.strip())
    if not parts.scheme:
        raise ValueError(f"no address: {uri!r}")
    netloc = shown_host(host) + (f":{parts.port}" if parts.port else "")
    return urlunsplit(parts._replace(netloc=netloc))


def stream_at(uri: str, host: str) -> str:
    """`rewritten`, for a stream: RTSP and nothing else, for what FFmpeg makes of other schemes may lead elsewhere.

    Raises ValueError.
    """
    if urlsplit(uri.strip()).scheme != "rtsp":
        raise ValueError(f"no RTSP address: {uri!r}")
    return rewritten(uri, host)


def host_of(address: str) -> str:
    """The host of a camera's address, HOST[:PORT] or whole, in small letters; empty when there is none."""
    try:
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()
    except ValueError:
        return ""


def with_credentials(uri: str, user: str, password: str) -> str:
    """The address PyAV opens. Never log it."""
    if not user:
        return uri
    parts = urlsplit(uri)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return urlunsplit(parts._replace(netloc=login + parts.netloc.rpartition("@")[2]))
