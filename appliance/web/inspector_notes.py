"""What an inspector is told before asking: recordings that do not hold, cameras that do not record now."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request

from appliance.base.i18n import _
from appliance.flow.accounts import Who
from appliance.flow.bad_checks import BadCheck, bad_checks
from appliance.flow.box import Box
from appliance.flow.delete_recordings import midnight
from appliance.web.home import of_cameras
from appliance.web.ops import sources_of
from appliance.wire.archive import Storage


class Note(msgspec.Struct):
    """`kind` of signal, what is the matter, where to look and what that page is called."""

    kind: str
    text: str
    path: str
    page: str


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
    found = [_check(box, one) for one in checks]
    if storage and storage.found:
        text = _("Recordings that do not hold: {count}.").format(count=storage.found)
        found.append(Note("stop", text, "/storage", _("Storage of recordings")))
    report = _("Compliance report of the cameras")
    return found + [Note(kind, text, "/cameras/report", report) for kind, text in cameras]


def _check(box: Box, one: BadCheck) -> Note:
    text = _("Files checked today at {time}: {bad} of {files} were not as recorded.")
    if not one.bad:
        text = _("Recordings checked today at {time}: they were cut off or exchanged.")
    told = text.format(time=f"{box.local(one.at):%H:%M:%S}", bad=one.bad, files=one.files)
    path = f"/inspection/{one.subject}" if one.name else ""
    return Note("stop", told, path, one.name)
