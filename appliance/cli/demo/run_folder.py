"""The demo's run folder: sockets, simulated ports, pictures. Made anew for each run, and gone with it.

A UNIX socket's path has 107 characters at most, so it lies in the system's folder for temporary files and not below the
demo's own. A demo that is killed leaves it behind; the next one clears it. A running one is told by the lock its
process holds on the folder, and by the processes it started, which may outlive it.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "examsite-demo-"
DEVICES = "dev"
"""Folder of the simulated ports: every run folder has it from its first moment on."""

_held: dict[Path, int] = {}
"""Run folders of this process -> descriptor that holds the lock."""


def make() -> Path:
    """A new run folder, locked while this process lives or until `drop`."""
    run = Path(tempfile.mkdtemp(prefix=PREFIX))
    _held[run] = _locked(run)
    (run / DEVICES).mkdir()
    return run


def drop(run: Path) -> None:
    """Remove a run folder of this process."""
    shutil.rmtree(run, ignore_errors=True)
    if (lock := _held.pop(run, None)) is not None:
        os.close(lock)


def clear_leftovers() -> list[Path]:
    """Remove what killed demos of this user left; returns those that stay because something still uses them."""
    stay = []
    for run in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        if run in _held or not _ours(run):
            continue
        try:
            lock = _locked(run)
        except OSError:  # its demo runs, or another one is clearing it
            stay.append(run)
            continue
        try:
            if in_use(run):
                stay.append(run)
            else:
                shutil.rmtree(run, ignore_errors=True)
        finally:
            os.close(lock)
    return stay


def in_use(run: Path) -> bool:
    """Does a process of this machine listen in the folder, name it in its command line, or hold a file of it?"""
    inside = f"{run}/"
    if any(inside in line for line in Path("/proc/net/unix").read_text(errors="replace").splitlines()):
        return True
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or is somebody else's
            if inside.encode() in (process / "cmdline").read_bytes():
                return True
            if any(os.readlink(one).startswith(inside) for one in (process / "fd").iterdir()):
                return True
    return False


def _locked(run: Path) -> int:
    """A descriptor that holds the folder's lock. Raises OSError when another process holds it."""
    folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        raise
    return folder


def _ours(run: Path) -> bool:
    """A folder a demo of this user made, as far as it can be told: no link, private, with the simulated ports."""
    with suppress(OSError):
        found = run.lstat()
        private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == stat.S_IRWXU
        return private and found.st_uid == os.geteuid() and (run / DEVICES).is_dir()
    return False
