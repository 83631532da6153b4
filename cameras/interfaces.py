"""IPv4 addresses of this machine's network interfaces (Linux, getifaddrs(3))."""

import ctypes
import ctypes.util
import socket

IFF_UP = 1


class _Address(ctypes.Structure):
    """struct sockaddr_in."""

    _fields_ = [
        ("family", ctypes.c_uint16),
        ("port", ctypes.c_uint16),
        ("host", ctypes.c_ubyte * 4),
    ]


class _Entry(ctypes.Structure):
    """struct ifaddrs."""


_Entry._fields_ = [
    ("next", ctypes.POINTER(_Entry)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.POINTER(_Address)),
]


def addresses() -> list[tuple[int, str]]:
    """(interface index, IPv4 address) of every address of every interface that is up, loopback included.

    An interface can have several: a technician adds one in the network of the cameras' factory addresses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    first = ctypes.POINTER(_Entry)()
    if libc.getifaddrs(ctypes.byref(first)):
        raise OSError(ctypes.get_errno(), "getifaddrs")
    found: list[tuple[int, str]] = []
    try:
        entry = first
        while entry:
            told = entry.contents
            if told.flags & IFF_UP and told.address and told.address.contents.family == socket.AF_INET:
                pair = _index(told.name), socket.inet_ntoa(bytes(told.address.contents.host))
                if pair not in found:
                    found.append(pair)
            entry = told.next
    finally:
        libc.freeifaddrs(first)
    return found


def _index(name: bytes) -> int:
    try:
        return socket.if_nametoindex(name.split(b":")[0].decode())
    except (OSError, UnicodeDecodeError):
        return 0  # it has just gone; 0 leaves the choice to the system


def address_towards(host: str) -> str:
    """The local address packets to `host` leave from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect((host, 9))
        return str(asked.getsockname()[0])
