"""What the demo reports: a progress line per stage, and the table of what happened with its checks."""

import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from appliance.base.i18n import _
from appliance.cli.run import tell


class Check(msgspec.Struct):
    """One line of the table. `ok` decides the exit status."""

    label: str
    value: str
    ok: bool


class Report:
    """Collects checks and times stages."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self._began = time.monotonic()
        self._stage = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One stage: a line when it begins, its time when it ends."""
        self._stage += 1
        began = time.monotonic()
        tell(f"[{began - self._began:5.1f} s] {self._stage:2d}. {name} …")
        yield
        tell(f"[{time.monotonic() - self._began:5.1f} s]     ✓ {time.monotonic() - began:.1f} s")

    def check(self, label: str, value: object, ok: bool) -> None:
        """Add a line."""
        self.checks.append(Check(label, str(value), ok))

    def equal(self, label: str, value: object, expected: object) -> None:
        """Add a line that holds when both are the same."""
        shown = str(value) if value == expected else f"{value} ({_('expected')} {expected})"
        self.checks.append(Check(label, shown, value == expected))

    @property
    def ok(self) -> bool:
        """Does every check hold?"""
        return bool(self.checks) and all(check.ok for check in self.checks)

    def show(self) -> None:
        """Print the table."""
        widest = max(width(check.label) for check in self.checks)
        tell("")
        for check in self.checks:
            mark = "✓" if check.ok else "✗"
            colour = ("\x1b[32m" if check.ok else "\x1b[31m") if sys.stderr.isatty() else ""
            end = "\x1b[0m" if colour else ""
            tell(f"  {colour}{mark}{end} {check.label}{' ' * (widest - width(check.label))}  {check.value}")
        tell("")
        seconds = time.monotonic() - self._began
        verdict = _("Every check holds.") if self.ok else _("Some checks do not hold.")
        tell(f"  {verdict}  {seconds:.0f} s")


def width(text: str) -> int:
    """Columns a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
