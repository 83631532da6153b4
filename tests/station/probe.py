"""One attempt to get out (or a server to reach), inside a network namespace. Prints one word.

open: an answer came. refused:NAME: the kernel said no. silent: nothing within two seconds.
"""

import errno
import select
import socket
import struct
import sys
import time

WAIT = 1.5
MARK = b"examsite-lock-probe"


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def outcome(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "silent"
    return f"refused:{errno.errorcode.get(error.errno or 0, '?')}"


def serve(ports: str) -> None:
    tcp, udp = [], []
    for port in ports.split(","):
        kind = socket.SOCK_STREAM if port[0] == "t" else socket.SOCK_DGRAM
        number, _, address = port[1:].partition("@")
        server = socket.socket(family(address or "::"), kind)
        if not address:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address or "::", int(number)))
        if port[0] == "t":
            server.listen()
            tcp.append(server)
        else:
            udp.append(server)
    print("ready", flush=True)
    while True:
        for server in select.select([*tcp, *udp], [], [])[0]:
            if server in tcp:
                connection, _ = server.accept()
                connection.sendall(b"hello")
                connection.close()
            else:
                body, peer = server.recvfrom(100)
                server.sendto(body, peer)


def listen_frames(interface: str) -> None:
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    receiver.bind((interface, 0))
    print("ready", flush=True)
    end = time.monotonic() + WAIT
    while (left := end - time.monotonic()) > 0:
        if select.select([receiver], [], [], left)[0] and MARK in receiver.recv(2000):
            print("open", flush=True)
            return
    print("silent", flush=True)


def attempt(kind: str, address: str, port: int) -> str:
    if kind == "frame":
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind((address, 0))
        header = b"\xff" * 6 + sender.getsockname()[4] + struct.pack("!H", 0x88B5)
        sender.send(header + MARK + bytes(40))
        return "sent"
    if kind == "ping":
        v6 = ":" in address
        protocol = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
        sender = socket.socket(family(address), socket.SOCK_RAW, protocol)
        sender.settimeout(WAIT)
        packet = struct.pack("!BBHHH", *((128, 0, 0) if v6 else (8, 0, 0xF7F7)), 7, 1)
        sender.sendto(packet, (address, 0))
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            body, peer = sender.recvfrom(200)
            kind_of = body[0] if v6 else body[20]
            if peer[0] == address and kind_of == (129 if v6 else 0):
                return "open"
        return "silent"
    if kind == "tcp":
        with socket.socket(family(address)) as stream:
            stream.settimeout(WAIT)
            stream.connect((address, port))
            return "open" if stream.recv(10) else "silent"
    with socket.socket(family(address), socket.SOCK_DGRAM) as datagram:
        datagram.settimeout(WAIT)
        datagram.connect((address, port))
        datagram.send(MARK)
        return "open" if datagram.recv(100) == MARK else "silent"


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    elif sys.argv[1] == "listen-frames":
        listen_frames(sys.argv[2])
    else:
        try:
            print(attempt(sys.argv[1], sys.argv[2], int(sys.argv[3])))
        except OSError as error:
            print(outcome(error))
