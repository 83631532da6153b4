"""What the papers of an evidence package say of its entries and its files."""

from datetime import datetime

import msgspec

from appliance.base.i18n import _
from appliance.flow.package_facts import Facts
from appliance.web.entry_words import sentence
from appliance.wire.evidence import PackageFile, RecordLine


def told(facts: Facts) -> list[RecordLine]:
    """Each entry with its sentence, as the inspector's page has it, with its seat and what was seen."""
    lines = []
    for line, mark in zip(facts.lines, facts.marks, strict=True):
        says = line.more or sentence(mark.kind, mark.body, facts.names)
        says = "" if says == mark.seat else says
        seat = _("Seat {seat}").format(seat=mark.seat) if mark.seat else ""
        seen = _("Seen: {words}").format(words=mark.words) if mark.words else ""
        lines.append(msgspec.structs.replace(line, more=" · ".join(filter(None, (seat, says, seen)))))
    return lines


def showing(files: list[PackageFile], at: datetime) -> list[str]:
    """Films of a moment, and the pictures that were kept: the paths of them."""
    return [
        one.path
        for one in files
        if (one.kind in ("clip", "copy") and one.start and one.end and one.start <= at <= one.end)
        or (one.kind in ("still", "screen") and not one.photo)
    ]
