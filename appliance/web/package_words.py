"""What the papers of an evidence package say of its entries and its files."""

from datetime import datetime

import msgspec

from appliance.base.i18n import _
from appliance.flow.marks import Mark
from appliance.flow.package_facts import Facts
from appliance.web.entry_words import sentence
from appliance.web.words import word
from appliance.wire.evidence import PackageFile, RecordLine

LET_IN = ("face.compared", "case.decided", "admission.granted")
"""Who somebody is, by a machine or by people: on the cover one never stands without the other."""


def told(facts: Facts, files: list[PackageFile]) -> list[RecordLine]:
    """Each entry with its sentence, as the inspector's page has it, with its seat and what was seen; whose it is, where
    several are concerned; of a face check the photographs it was made of.
    """
    lines = []
    for line, mark in zip(facts.lines, facts.marks, strict=True):
        says = line.more or sentence(mark.kind, mark.body, facts.names)
        says = "" if says == mark.seat else says
        seat = _("Seat {seat}").format(seat=mark.seat) if mark.seat else ""
        seen = _("Seen: {words}").format(words=mark.words) if mark.words else ""
        who = facts.people.get(mark.subject) or facts.people.get(str(mark.body.get("tap", "")), "")
        parts = (who, seat, says, seen, *_photographs(mark, files))
        cover = says if mark.kind in LET_IN and not facts.people else ""
        lines.append(msgspec.structs.replace(line, more=" · ".join(filter(None, parts)), cover=cover))
    return lines


def _photographs(mark: Mark, files: list[PackageFile]) -> list[str]:
    """The photographs an entry names by their hash, and as which files they lie in the package."""
    held, told = str(mark.body.get("reference", "")), []
    for key, name in (
        ("reference_photo", word(f"reference.{held}") if held else ""),
        ("live_photo", _("Live photo")),
    ):
        if digest := str(mark.body.get(key, "")):
            path = next((one.path for one in files if one.photo and one.sha256 == digest), "")
            told.append(f"{name} {path or _('(not in this package)')} SHA-256 {digest}".strip())
    return told


def showing(files: list[PackageFile], at: datetime) -> list[str]:
    """Films of a moment, and the pictures that were kept: the paths of them."""
    return [
        one.path
        for one in files
        if (one.kind in ("clip", "copy") and one.start and one.end and one.start <= at <= one.end)
        or (one.kind in ("still", "screen") and not one.photo)
    ]
