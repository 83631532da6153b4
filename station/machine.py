"""What this computer is, read from /proc, /sys and the devices themselves. Root sees the rules, others do not."""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"
VIDIOC_ENUM_FMT = 0xC0405602
VIDIOC_ENUM_FRAMESIZES = 0xC02C564A
CAPTURE = 1


def _run(*command: str) -> str:
    """Output of a small program; empty when it is missing or fails."""
    program = shutil.which(command[0], path=SBIN)
    if program is None:
        return ""
    try:
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def processor() -> tuple[str, float, int]:
    """Model, highest known frequency in GHz (0 when unknown), threads."""
    text = Path("/proc/cpuinfo").read_text()
    names = re.findall(r"^model name\s*:\s*(.+)$", text, re.M)
    speeds = [float(mhz) / 1000 for mhz in re.findall(r"^cpu MHz\s*:\s*([\d.]+)$", text, re.M)]
    speeds += [float(ghz) for ghz in re.findall(r"@ ([\d.]+)GHz", " ".join(names))]
    for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/cpuinfo_max_freq"):
        speeds.append(int(path.read_text()) / 1_000_000)
    return (names or [platform.machine()])[0], round(max(speeds, default=0.0), 2), os.cpu_count() or 1


def memory_mb() -> int:
    """Installed memory as the kernel sees it, MiB."""
    found = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    return int(found[1]) // 1024 if found else 0


def disk_gb() -> float:
    """Size of the largest fixed disk in 10^9 bytes; else of the root file system."""
    sizes = []
    for path in Path("/sys/block").glob("*"):
        if path.name.startswith(("loop", "ram", "zram", "sr", "dm-", "md")):
            continue
        if (path / "removable").exists() and (path / "removable").read_text().strip() == "1":
            continue
        sizes.append(int((path / "size").read_text()) * 512 / 1e9)
    return round(max(sizes, default=shutil.disk_usage("/").total / 1e9), 1)


def addresses() -> list[dict[str, Any]]:
    """Addresses outside the machine itself: address, interface, dynamic (by DHCP or router advertisement)."""
    try:
        links = json.loads(_run("ip", "-j", "address") or "[]")
    except json.JSONDecodeError:
        return []
    return [
        {"address": entry["local"], "interface": link["ifname"], "dynamic": bool(entry.get("dynamic"))}
        for link in links
        for entry in link.get("addr_info", [])
        if entry.get("scope") == "global" and "local" in entry
    ]


def link_mbit(interface: str) -> int:
    """Speed of a cabled interface; 0 when unknown or down."""
    try:
        return max(0, int(Path(f"/sys/class/net/{interface}/speed").read_text()))
    except (OSError, ValueError):
        return 0


def _camera_size(device: Path) -> tuple[int, int]:
    """The largest picture a camera offers, by V4L2 (struct v4l2_fmtdesc, struct v4l2_frmsizeenum)."""
    best = (0, 0)
    with device.open("rb", buffering=0) as camera:
        for index in range(32):
            wanted = bytearray(struct.pack("=III32sII3I", index, CAPTURE, 0, b"", 0, 0, 0, 0, 0))
            try:
                fcntl.ioctl(camera, VIDIOC_ENUM_FMT, wanted)
            except OSError:
                break
            pixels = struct.unpack("=III32sII3I", wanted)[4]
            for number in range(64):
                size = bytearray(struct.pack("=III6I2I", number, pixels, 0, *(0,) * 8))
                try:
                    fcntl.ioctl(camera, VIDIOC_ENUM_FRAMESIZES, size)
                except OSError:
                    break
                _, _, kind, *sizes = struct.unpack("=III6I2I", size)
                # discrete: width, height; stepwise: min, max, step of the width, then of the height
                width, height = (sizes[0], sizes[1]) if kind == 1 else (sizes[1], sizes[4])
                best = max(best, (width, height), key=lambda wh: wh[0] * wh[1])
    return best


def cameras() -> dict[str, tuple[int, int]]:
    """Device -> largest picture (width, height); only what captures."""
    found = {}
    for device in sorted(Path("/dev").glob("video*")):
        try:
            size = _camera_size(device)
        except OSError:
            continue
        if size != (0, 0):
            found[str(device)] = size
    return found


def system() -> str:
    """Name and version of the operating system."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    except OSError:
        return platform.platform()


def browser_version(browser: str) -> str:
    """What the browser calls itself."""
    try:
        run = subprocess.run([browser, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip()


def browser_running(kiosk_uid: int) -> bool:
    """Whether the kiosk user has a browser open."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == kiosk_uid and "chrom" in (process / "comm").read_text():
                return True
        except OSError:
            continue
    return False


def folder_sha256(folder: Path) -> str:
    """One hash over names and contents of a folder's files; empty when there is none."""
    files = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
    if not files:
        return ""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def ruleset_sha256() -> str:
    """Hash of the rules the kernel holds now, counters left out; empty without rights or rules."""
    listing = _run("nft", "-s", "list", "ruleset")
    return hashlib.sha256(listing.encode()).hexdigest() if listing.strip() else ""


def uptime_s() -> float:
    """Seconds since this computer started."""
    return float(Path("/proc/uptime").read_text().split()[0])


def hostname() -> str:
    """The computer's name."""
    return socket.gethostname()
