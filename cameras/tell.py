"""What the camera commands print for people: tables that line up in Chinese too."""

import sys
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer

from appliance.base.errors import ExamError
from appliance.base.i18n import N_, _
from appliance.wire.cameras import CheckLine, CheckReport, in_one_line
from cameras.check import Checked, CheckedCamera
from cameras.checks import Check
from cameras.discovery import Discovered
from cameras.probe import Probe

SOFT = ("door", "unmarked", "exchanged", "unknown")
"""Kinds of holes that are no fault by themselves."""
OUTCOMES = {True: N_("passed"), False: N_("failed"), None: N_("not determined")}
SIGNS = {True: "✓", False: "✗", None: "–"}
CODES = {
    "answers": N_("answers"),
    "services": N_("ONVIF services"),
    "clock": N_("clock"),
    "events": N_("events"),
    "profile": N_("profile"),
    "stream": N_("stream"),
    "claimed_resolution": N_("resolution, claimed"),
    "measured_resolution": N_("resolution, measured"),
    "resolution_as_claimed": N_("resolution as claimed"),
    "codec": N_("codec"),
    "frame_rate": N_("frame rate"),
    "bitrate": N_("bit rate"),
    "key_interval": N_("key frames"),
    "password_asked": N_("password required"),
    "password_not_factory": N_("not a factory password"),
    "factory_password_refused": N_("factory passwords refused"),
    "reference": N_("reference still"),
    "picture_black": N_("black picture"),
    "picture_frozen": N_("frozen picture"),
    "picture_blurred": N_("blurred picture"),
    "picture_moved": N_("moved camera"),
}


def lines(found: list[Check]) -> list[CheckLine]:
    """Checks as they are kept and sent: translated where they are shown."""
    return [
        CheckLine(code=one.code, ok=one.ok, word=CODES.get(one.code, one.code), detail=one.detail)
        for one in found
    ]


def in_words(found: Probe | CheckedCamera) -> Any:
    """As it is printed as JSON: details and model are text in the current language."""
    checks = [msgspec.structs.replace(one, detail=one.text) for one in found.checks]
    if isinstance(found, CheckedCamera):
        return msgspec.structs.replace(found, checks=checks, model=in_one_line(found.model))
    return msgspec.structs.replace(found, checks=checks)


def reports(found: Checked, by: str) -> list[CheckReport]:
    """The compliance report of each camera, as it is kept. `by`: who asked."""
    now = datetime.now(UTC)
    return [
        CheckReport(
            camera=one.camera,
            name=one.name,
            room=one.room,
            address=one.address,
            model=one.model,
            at=now,
            by=by,
            checks=lines(one.checks),
        )
        for one in found.cameras
    ]


def document(found: Any) -> None:
    """One JSON document on standard output."""
    if isinstance(found, Probe):
        found = in_words(found)
    elif isinstance(found, Checked):
        found = msgspec.structs.replace(found, cameras=[in_words(one) for one in found.cameras])
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    sys.stdout.flush()


def said(error: ExamError) -> str:
    """An error, and what to do."""
    return " ".join(filter(None, (error.text(), error.next_text())))


def columns(text: str) -> int:
    """Columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines whose columns line up."""
    widths = [max(columns(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    return lines


def of_checks(found: list[Check]) -> list[str]:
    """One line for each check."""
    return table(
        [
            (
                f"  {SIGNS[check.ok]} {_(OUTCOMES[check.ok])}",
                _(CODES.get(check.code, check.code)),
                check.text,
            )
            for check in found
        ]
    )


def discovered(found: Discovered) -> None:
    """A line for each camera, and the addresses that stayed silent."""
    if found.cameras:
        for line in table([(one.address, one.name, one.hardware) for one in found.cameras]):
            typer.echo(line)
    for address in found.silent:
        typer.echo(_("{address}: no camera answers there.").format(address=address))


def probed(found: Probe) -> None:
    """One camera."""
    typer.echo(in_one_line(found.device.told))
    rows = [
        (f"  {one.token}", one.codec, f"{one.width}x{one.height}", f"{one.fps:g}/s", one.uri)
        for one in found.profiles
    ]
    for line in [*table(rows), *of_checks(found.checks)]:
        typer.echo(line)
    _sum(found.checks)


def checked(found: Checked) -> None:
    """Every camera and its checks, then the sum."""
    for camera in found.cameras:
        typer.echo("  ".join(filter(None, (camera.camera, camera.name, camera.room, camera.address))))
        for line in of_checks(camera.checks):
            typer.echo(line)
    for room in found.coverage:
        typer.echo(f"{_('Coverage')}  {room.name}  {room.room}")
        words = [hole.detail for hole in room.holes] or [room.whole]
        for number, words_ in enumerate(words):
            soft = room.holes and room.holes[number].kind in SOFT
            ok = None if soft else room.ok
            typer.echo(f"  {SIGNS[ok]} {_(OUTCOMES[ok])}  {words_}")
    _sum([check for camera in found.cameras for check in camera.checks])
    bad = [camera.camera for camera in found.cameras if not camera.ok]
    if bad:
        typer.echo(_("Not in order: {cameras}.").format(cameras=_(", ").join(bad)), err=True)
    elif open_ := [one.camera for one in found.cameras if any(check.ok is None for check in one.checks)]:
        typer.echo(
            _("Nothing fails; not everything could be answered: {cameras}.").format(
                cameras=_(", ").join(open_)
            ),
            err=True,
        )
    elif found.cameras:
        typer.echo(_("Every camera is in order ({count}).").format(count=len(found.cameras)), err=True)
    for room in found.coverage:
        if room.ok is False:
            typer.echo(_("Not everything is seen: {room}.").format(room=room.name), err=True)
        elif room.ok is None:
            typer.echo(_("Still to be marked: {room}.").format(room=room.name), err=True)


def _sum(found: list[Check]) -> None:
    counts = {ok: sum(check.ok is ok for check in found) for ok in OUTCOMES}
    typer.echo(
        _("{passed} passed, {failed} failed, {open} not determined.").format(
            passed=counts[True], failed=counts[False], open=counts[None]
        ),
        err=True,
    )
