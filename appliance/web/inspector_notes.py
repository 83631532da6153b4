"""What an inspector is told before asking: recordings that do not hold, cameras that do not record now."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request

from appliance.base.evidence_words import unnamed, wrong
from appliance.base.i18n import _
from appliance.flow.accounts import Who
from appliance.flow.bad_checks import MOST, BadCheck, BadStretch, bad_checks
from appliance.flow.box import Box
from appliance.flow.cameras import names_of
from appliance.flow.delete_recordings import midnight
from appliance.flow.seen import LONGEST
from appliance.web.home import of_cameras
from appliance.web.ops import sources_of
from appliance.wire.archive import Storage

OPEN = 3
"""Checks that stand unfolded: the search below them stays in sight."""
NAMED = 3
"""Stretches named in one line."""
AROUND = timedelta(minutes=1)


class Note(msgspec.Struct):
    """`kind` of signal, what is the matter, where to look and what that page is called; `more`: the files, in words."""

    kind: str
    text: str
    path: str
    page: str
    more: str = ""
    folded: bool = False
    """One of many checks of the day: it opens below the newest ones."""


async def inspector_notes(request: Request[Who, Any, Any], box: Box) -> list[Note]:
    """Worst first."""
    cameras = await of_cameras(request, box)
    archive = sources_of(request, box).archive
    storage: Storage | None = archive.answer if archive.silent_since is None else None
    checks = await box.db.read(bad_checks, box, midnight(box, box.today()))
    return notes(box, checks, storage, cameras)


def notes(
    box: Box, checks: Sequence[BadCheck], storage: Storage | None, cameras: Sequence[tuple[str, str]]
) -> list[Note]:
    """In words. `cameras`: what the head of the site sees on the first page."""
    found = [_check(box, one) for one in checks[:MOST]] + [Note("stop", "…", "", "")] * (len(checks) > MOST)
    for one in found[OPEN:]:
        one.folded = True
    if storage and storage.found:
        text = _("Found by the regular check of the storage, counted apart: {count} files.").format(
            count=storage.found
        )
        found.append(Note("stop", text, "/storage", _("Storage of recordings")))
    report = _("Compliance report of the cameras")
    return found + [Note(kind, text, "/cameras/report", report) for kind, text in cameras]


def _check(box: Box, one: BadCheck) -> Note:
    """With the page where its files are named: the record of a candidate, else the films of the place and time."""
    text = _("Files of {whose} checked today at {time}: {bad} of {files} were not as recorded.")
    # Files newer checks told are not told again; seals are, and nothing of theirs is a file.
    if one.seals and not one.found and not one.more:
        text = _("Recordings of {whose} checked today at {time}: they were cut off or exchanged.")
    time = f"{box.local(one.at):%H:%M:%S}"
    named = [_stretch(box, found) for found in one.found[:NAMED]] + ["…"] * (len(one.found) > NAMED)
    named += unnamed(one.more, one.seals)
    told = text.format(whose=one.name, time=time, bad=one.bad, files=one.files)
    if one.of == "candidate":
        path, page = f"/inspection/{one.subject}#recordings", _("Record, and is it whole?")
    else:
        # A place at no time known would be shown at its last sitting.
        known = one.of and one.found
        path, page = (
            f"/timeline/{one.of}/{quote(one.subject)}{_span(one.found)}" if known else "",
            _("Recordings"),
        )
    return Note("stop", told, path, page, _("; ").join(named))


def _stretch(box: Box, found: BadStretch) -> str:
    start, end = box.local(found.start), box.local(found.end)
    camera = names_of(box.settings)[found.camera]
    return f"{camera} {start:%Y-%m-%d %H:%M:%S} – {end:%H:%M:%S} {wrong(found.what)}"


def _span(found: list[BadStretch]) -> str:
    """The time of what was found, as its films are asked for; of the first of it where that is too long."""
    start, end = min(one.start for one in found) - AROUND, max(one.end for one in found) + AROUND
    if end - start >= LONGEST:
        end = min(min(found, key=lambda one: one.start).end + AROUND, start + LONGEST - AROUND)
    return f"?{urlencode({'from': start.isoformat(), 'to': end.isoformat()})}"
