"""Run inside fresh user, network and mount namespaces: seat, box and outside on one wire, then the lock.

Prints one JSON object: state ("open", "locked", "closed", "broken") -> probe -> outcome. Nothing of the machine's own
network is seen or touched. Called by test_lockdown.py.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from station import lockdown
from station.settings import StationFile

BOX, BOX6 = "10.9.0.1", "fd00:9::1"
OUTSIDE, OUTSIDE6 = "10.9.0.99", "fd00:9::99"
FAR, FAR6 = "192.0.2.1", "2001:db8::1"
SEAT, SEAT6 = "10.9.0.7", "fd00:9::7"
PORT = 8443
PROBE = Path(__file__).with_name("probe.py")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Space:
    """A network namespace, held by a process that sleeps in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        before = os.readlink("/proc/self/ns/net")
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n"]
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == before:
            time.sleep(0.01)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str) -> str:
        return run(*self.enter, *command)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.enter, sys.executable, str(PROBE), *arguments], stdout=subprocess.PIPE, text=True
        )


def wire(wall: Space, space: Space, addresses: list[str]) -> None:
    """One cable from `space` to the switch in `wall`."""
    port = f"p-{space.name}"
    run("ip", "link", "add", port, "netns", str(wall.holder.pid), "type", "veth", "peer", "name", "eth0")
    run("ip", "link", "set", "eth0", "netns", str(space.holder.pid))
    wall.run("ip", "link", "set", port, "master", "br0", "up")
    space.run("ip", "link", "set", "eth0", "up")
    for address in addresses:
        options = ["nodad"] if ":" in address else []
        space.run("ip", "address", "add", address, "dev", "eth0", *options)


def main(kiosk: int) -> None:
    station = StationFile(box=BOX, box6=BOX6, port=PORT, interface="eth0", kiosk_uid=kiosk)
    spaces = [Space(name) for name in ("wall", "seat", "box", "outside")]
    wall, seat, box, outside = spaces
    servers: list[subprocess.Popen[str]] = []
    try:
        wall.run("ip", "link", "add", "br0", "type", "bridge")
        wall.run("ip", "link", "set", "br0", "up")
        wire(wall, seat, [f"{SEAT}/24", f"{SEAT6}/64"])
        wire(wall, box, [f"{BOX}/24", f"{BOX6}/64"])
        wire(wall, outside, [f"{OUTSIDE}/24", f"{OUTSIDE6}/64", f"{FAR}/32", f"{FAR6}/128"])
        seat.run("ip", "route", "add", "default", "via", OUTSIDE)
        seat.run("ip", "-6", "route", "add", "default", "via", OUTSIDE6)
        for space, ports in (
            (box, "t8443,t22,u53,u123,u8443"),
            (outside, f"t443,t8443,u53,u123@{FAR},u443@{FAR}"),
        ):
            servers.append(space.start("serve", ports))
        servers.append(seat.start("serve", "t5900"))
        for server in servers:
            assert server.stdout and server.stdout.readline().strip() == "ready"
        print(json.dumps(scene(station, seat, box, outside, kiosk)))
    finally:
        for process in [*servers, *(space.holder for space in spaces)]:
            process.kill()
            process.wait()


def scene(
    station: StationFile, seat: Space, box: Space, outside: Space, kiosk: int
) -> dict[str, dict[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="lock-scene-"))
    rules, closed, broken = (folder / name for name in ("station.nft", "closed.nft", "broken.nft"))
    rules.write_text(lockdown.ruleset(station))
    closed.write_text(lockdown.CLOSED)
    results = {"open": probes(seat, box, outside, kiosk)}
    for file in (closed, rules):
        seat.run("nft", "-c", "-f", str(file))
    seat.run("nft", "-f", str(closed))
    results["closed"] = {"box": ask(seat, kiosk, "tcp", BOX, PORT)}
    broken.write_text(rules.read_text().replace("policy drop", "policy dorp", 1))
    with contextlib.suppress(subprocess.CalledProcessError):
        seat.run("nft", "-f", str(broken))
    results["broken"] = {"box": ask(seat, kiosk, "tcp", BOX, PORT)}
    seat.run("nft", "-f", str(rules))
    results["locked"] = probes(seat, box, outside, kiosk)
    flushed = subprocess.run([*seat.enter, *become(kiosk), "nft", "flush", "ruleset"], capture_output=True)
    results["locked"]["kiosk flushes the rules"] = "refused" if flushed.returncode else "done"
    again = ask(seat, kiosk, "tcp", OUTSIDE, 443)
    results["locked"]["after that"] = again
    listing = seat.run("nft", "list", "counter", "inet", "examsite", "refused_out")
    shutil.rmtree(folder)
    results["locked"]["counted"] = "yes" if "packets 0 " not in listing else "no"
    return results


def become(uid: int) -> list[str]:
    """Drop to the kiosk user: no capability is left, so only the rules decide."""
    bare = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    if os.getuid() == 0:
        return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *bare]
    return ["setpriv", "--ambient-caps=-all", "--no-new-privs"]


def ask(space: Space, uid: int | None, kind: str, address: str, port: int) -> str:
    dropped = become(uid) if uid is not None else []
    command = [*space.enter, *dropped, sys.executable, str(PROBE), kind, address, str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip() or "crashed"


def probes(seat: Space, box: Space, outside: Space, kiosk: int) -> dict[str, str]:
    """Every way out that is known, tried by the kiosk user and by root; and the ways in."""
    found = {}
    for who, uid in (("kiosk", kiosk), ("root", None)):
        if uid is None and os.getuid() != 0:
            continue
        for kind, address, port in (
            ("tcp", BOX, PORT),
            ("tcp", BOX6, PORT),
            ("tcp", BOX, 22),
            ("udp", BOX, 53),
            ("udp", BOX, PORT),
            ("tcp", OUTSIDE, 443),
            ("tcp", OUTSIDE, PORT),
            ("tcp", FAR, 443),
            ("tcp", OUTSIDE6, 443),
            ("tcp", FAR6, 443),
            ("udp", OUTSIDE, 53),
            ("udp", FAR, 123),
            ("udp", FAR, 443),
            ("udp", OUTSIDE6, 53),
        ):
            found[f"{who} {kind} {address} {port}"] = ask(seat, uid, kind, address, port)
    for address in (OUTSIDE, FAR, OUTSIDE6, FAR6):
        found[f"ping {address}"] = ask(seat, None, "ping", address, 0)
    listener = outside.start("listen-frames", "eth0")
    assert listener.stdout and listener.stdout.readline().strip() == "ready"
    ask(seat, None, "frame", "eth0", 0)
    found["raw frame"] = listener.stdout.readline().strip()
    listener.wait()
    found["from outside into the seat"] = ask(outside, None, "tcp", SEAT, 5900)
    found["from the box into the seat"] = ask(box, None, "tcp", SEAT6, 5900)
    return found


if __name__ == "__main__":
    socket.setdefaulttimeout(2)
    main(int(sys.argv[1]))
