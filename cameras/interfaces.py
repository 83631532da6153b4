"""IPv4 addresses of this machine's network interfaces (Linux)."""

import fcntl
import socket
import struct

SIOCGIFADDR = 0x8915


def addresses() -> list[tuple[int, str]]:
    """(interface index, IPv4 address) of every interface that has one, loopback included."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for index, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(asked.fileno(), SIOCGIFADDR, request)
            except OSError:
                continue  # an interface without an IPv4 address
            found.append((index, socket.inet_ntoa(answer[20:24])))
    return found


def address_towards(host: str) -> str:
    """The local address packets to `host` leave from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect((host, 9))
        return str(asked.getsockname()[0])
