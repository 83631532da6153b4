"""examsite check: does this box hold together? Schema, database, journal, keys, folders, devices' paths; what no camera
sees, and what is wrong with each camera right now.
"""

import asyncio
import contextlib
import shutil
import socket
from datetime import datetime
from pathlib import Path

import msgspec
import typer

from appliance.base.errors import ExamError
from appliance.base.i18n import _
from appliance.base.settings import Settings, load
from appliance.base.sockets import ask
from appliance.cli.renew import AUTHORITY, FOREIGN, ending, own
from appliance.cli.run import show, tell
from appliance.cli.simulated import simulated
from appliance.devices.cardreader.link import UNSTABLE, stable
from appliance.devices.printer.slip import font_file
from appliance.faces.devices import DeviceDetector
from appliance.flow.box import Box, keys
from appliance.flow.coverage import coverage
from appliance.flow.inspect import verify_journal
from appliance.records import migrate
from appliance.web.camera_alarms import camera_alarms
from appliance.wire.recorder import GetStatus, Status

ALMOST_FULL = 0.9


class Finding(msgspec.Struct):
    """Something that does not hold."""

    code: str
    message: str
    look: bool = False
    """The box holds all the same: a person has to see to it before the next sitting."""


def findings(settings: Settings) -> list[Finding]:
    """Everything that does not hold; empty when the box is sound."""
    try:
        box = Box.open(settings)
    except ExamError as error:
        return [Finding(error.code, error.text())]
    found: list[Finding] = []
    try:
        if migrate.current(box.db) != migrate.newest():
            found.append(Finding("old_schema", _("The database has an old schema: run examsite migrate.")))
            return found
        found += [Finding("database_damaged", line) for line in migrate.quick_check(box.db)]
        journal = box.db.read_now(verify_journal, box)
        if not journal.ok:
            text = _("The journal was changed at entry {seq}.").format(seq=journal.first_bad_seq)
            found.append(Finding("journal_broken", text))
        found += _coverage(box) + _certificates(settings, box.now())
    except ExamError as error:
        found.append(Finding(error.code, error.text()))
    finally:
        box.db.stop()
    found += _keys(settings) + _disks(settings) + _ports(settings) + _font(settings) + _devices(settings)
    found += _cameras(settings)
    if not box.site.demo:
        found += _own_disk(settings) + _time_server()
        sentence = _("This is a production site, but {setting} names a simulator: {value}")
        found += [
            Finding("simulator_configured", sentence.format(setting=setting, value=value))
            for setting, value in simulated(settings)
        ]
    return found


def _coverage(box: Box) -> list[Finding]:
    """What no camera sees, room by room. What is only not marked yet is told by `examsite cameras check`."""
    return [
        Finding("not_covered", f"{seen.name} {seen.code}: {sentence}", look=True)
        for seen in box.db.read_now(coverage, box)
        for sentence in seen.unseen
    ]


def _cameras(settings: Settings) -> list[Finding]:
    """Cameras that do not record, or not well, as the recorder knows them."""
    if not settings.cameras:
        return []
    try:
        status = asyncio.run(ask(settings.socket("recorder"), GetStatus(), Status))
    except ExamError:
        text = (
            _("The recorder is silent.")
            + " "
            + _("Exams go on. The system administrator restarts exam-recorder.")
        )
        return [Finding("recorder_silent", text, look=True)]
    return [Finding(one.code, f"{one.text} {one.next}", look=True) for one in camera_alarms(status.cameras)]


def _keys(settings: Settings) -> list[Finding]:
    found = []
    for path in sorted(keys(settings).glob("*.key")):
        if path.stat().st_mode & 0o007:
            text = _("The key {path} can be read by everybody.").format(path=path)
            found.append(Finding("key_open", text))
    return found


def _certificates(settings: Settings, now: datetime) -> list[Finding]:
    """Certificates that have ended, or soon will: what is signed after that is nobody's."""
    found = []
    for path, end in ending(settings, now):
        if path.stem == AUTHORITY:
            sentence = _("The site authority ends on {day}: with it the box has to be set up anew.")
        elif not own(path):
            sentence = _(FOREIGN)
        else:
            sentence = _("The certificate {name} ends on {day}: run examsite renew as root.")
        text = sentence.format(name=path.name, day=f"{end:%Y-%m-%d}")
        found.append(Finding("certificate_ends", text, look=end > now))
    return found


def _disks(settings: Settings) -> list[Finding]:
    found = []
    for folder in (settings.state, Path(settings.recorder.media)):
        if not folder.exists():
            continue
        usage = shutil.disk_usage(folder)
        if usage.used / usage.total > ALMOST_FULL:
            text = _("The disk of {folder} is almost full.").format(folder=folder)
            found.append(Finding("disk_almost_full", text))
    return found


def _own_disk(settings: Settings) -> list[Finding]:
    """Without the setting a disk that is not mounted fills the box's own, and nobody is told."""
    media = Path(settings.recorder.media)
    if settings.recorder.own_disk or not media.exists():
        return []
    if media.stat().st_dev == settings.state.stat().st_dev:
        text = _(
            "Recordings go onto the box's own disk: mount one for them at {folder}, then set own_disk = true."
        )
    else:
        text = _(
            "The recordings' disk at {folder} is not required: set own_disk = true, or they fill the box's own."
        )
    return [Finding("own_disk_not_set", text.format(folder=media), look=True)]


def _time_server(port: int = 123) -> list[Finding]:
    """Cameras and exam computers take their time from this box (NTP): without an answer their clocks drift."""
    answer = b""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1.0)
        asking.connect(("127.0.0.1", port))
        asking.send(bytes([0x23]) + bytes(47))  # version 4, client
        answer = asking.recv(512)
    if len(answer) >= 48 and 1 <= answer[1] <= 15:  # its stratum; one that knows no time says 0 or 16
        return []
    text = _(
        "This box serves no time: the clocks of cameras and exam computers drift. Install chrony; where it runs,"
        " restart it."
    )
    return [Finding("no_time_server", text, look=True)]


def _ports(settings: Settings) -> list[Finding]:
    """Readers and boards whose path another device may have after the next start."""
    found = []
    for lane in settings.lanes:
        for part in (lane.reader, lane.second_reader, lane.gate, lane.printer):
            if part and not stable(part.port):
                found.append(Finding("unstable_port", _(UNSTABLE).format(port=part.port)))
    return found


def _font(settings: Settings) -> list[Finding]:
    """Ticket printers get pictures: the box draws them with a font that has to be there."""
    if any(lane.printer for lane in settings.lanes):
        try:
            font_file(bold=True)
        except ExamError as error:
            return [Finding(error.code, error.text())]
    return []


def _devices(settings: Settings) -> list[Finding]:
    """The site's detector of phones and other devices: named files have to be there and of the right shape."""
    if not any(settings.captures.models):
        return []
    try:
        DeviceDetector(*settings.captures.models)
    except ExamError as error:
        return [Finding(error.code, error.text())]
    return []


def check(json: bool = typer.Option(False, "--json")) -> None:
    """Look the whole box over; exit status 1 when something does not hold."""
    found = findings(load())
    ok = all(one.look for one in found)
    if json:
        show({"ok": ok, "findings": found})
    else:
        for one in found:
            tell(f"{'△' if one.look else '✗'} {one.message} ({one.code})")
        if ok:
            tell(_("✓ The box is sound; see to what is marked △.") if found else _("✓ The box is sound."))
    if not ok:
        raise typer.Exit(1)
