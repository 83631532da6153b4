"""Chromium under a station's policies, in a mount namespace of its own: the machine's own files stay untouched."""

import os
import shlex
from pathlib import Path
from typing import Any

import msgspec

CHROMIUM = "/usr/bin/chromium"


def wrapper(folder: Path, policies: dict[str, Any]) -> Path:
    """An executable that starts Chromium with `policies` mounted over /etc/chromium/policies."""
    managed = folder / "policies" / "managed"
    managed.mkdir(parents=True)
    (managed / "examsite.json").write_bytes(msgspec.json.encode(policies))
    script = folder / "chromium-locked"
    place = shlex.quote(str(folder / "policies"))
    enter = "unshare -m" if os.getuid() == 0 else "unshare -r -m"
    mount = (
        "mount --make-rprivate /; "
        "[ -d /etc/chromium/policies ] || { mount -t tmpfs none /etc/chromium && mkdir /etc/chromium/policies; }; "
        f'mount --bind {place} /etc/chromium/policies; exec {CHROMIUM} "$@"'
    )
    script.write_text(f'#!/bin/sh\nexec {enter} -- sh -ec {shlex.quote(mount)} chromium "$@"\n')
    script.chmod(0o755)
    return script
