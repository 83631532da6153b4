"""What the box knows of a package's recordings besides their files: legal holds over them, and what checks of before
found. It travels with the package, on its cover.
"""

import msgspec
from sqlmodel import Session

from appliance.base.evidence_words import unnamed, wrong
from appliance.base.i18n import _
from appliance.flow.bad_checks import MOST, BadCheck, earlier
from appliance.flow.box import Box
from appliance.flow.storage import holds_over
from appliance.flow.whereabouts import Stay
from appliance.wire.evidence import FoundBefore, Held
from appliance.wire.recorder import CameraSpan

NAMED = 20
"""Stretches of one check the cover names; the journal has more."""


class Known(msgspec.Struct, kw_only=True):
    """For the cover."""

    held: list[Held]
    before: list[FoundBefore]


def known_of(session: Session, box: Box, subject: str, spans: list[CameraSpan]) -> Known:
    """Of these recordings. `subject`: whom or what the package is about, as checks name it."""
    held = [
        Held(
            starts_at=one.sitting.starts_at,
            number=one.sitting.number,
            room=one.sitting.room,
            since=one.put_at,
            by=one.by,
            reason=one.reason,
            entry=one.entry,
        )
        for one in holds_over(session, box, spans)
    ]
    stays = [Stay(kind="seat", name="", start=one.start, end=one.end, cameras=[one.camera]) for one in spans]
    # Nothing is left out as found now: how each file was when the package was made stands beside it.
    found = earlier(session, box, subject, stays, [], [])
    before = [line for one in found[:MOST] for line in _lines(one)]
    for one in found[MOST:]:
        words = _("This check and perhaps older ones found more; the journal of the box has them.")
        before.append(FoundBefore(at=one.at, entry=one.seq, what=words))
    return Known(held=held, before=before)


def _lines(check: BadCheck) -> list[FoundBefore]:
    """The stretches a check names; besides, how many files or seals it did not name."""
    lines = [
        FoundBefore(
            at=check.at,
            entry=check.seq,
            what=wrong(one.what),
            camera=one.camera,
            start=one.start,
            end=one.end,
        )
        for one in check.found[:NAMED]
    ]
    words = unnamed(check.more + len(check.found[NAMED:]), check.seals)
    if not lines and not words:
        words.append(
            _("{bad} of {files} files were not as recorded").format(bad=check.bad, files=check.files)
        )
    return lines + [FoundBefore(at=check.at, entry=check.seq, what=one) for one in words]
