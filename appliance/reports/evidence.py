"""The sheets of an evidence package: its cover, and what the journal says of the time."""

from appliance.base.evidence_words import gap_cause, unended, unsealed, wrong
from appliance.base.i18n import N_, _
from appliance.reports.render import pdf
from appliance.wire.evidence import EvidenceSheet, PackageFile
from appliance.wire.recorder import Gap

KEPT = {
    "filled": N_("put into a gap later, not recorded here"),
    "recovered": N_("ended by a crash, hashed at the restart"),
    "adopted": N_("unknown to the index, hashed when it was found"),
    "missing": N_("its file was missing"),
}
"""How recordings came into the store that were not simply recorded: what their hash proves nothing about."""


def evidence_cover(sheet: EvidenceSheet) -> bytes:
    """What lies in the package, what is missing, and how to check it."""
    return pdf(
        "evidence_cover.html",
        sheet.heading,
        N_("Evidence package"),
        sheet=sheet,
        lost=_lost,
        kept=_kept,
        wrong=wrong,
        unsealed=unsealed,
        unended=unended,
        what=_what,
        inside=list(dict.fromkeys(one.camera for one in sheet.files if one.kind in ("clip", "copy"))),
    )


def evidence_records(sheet: EvidenceSheet) -> bytes:
    """Every journal entry of the time, with its number and hash."""
    return pdf("evidence_records.html", sheet.heading, N_("Extract of the journal"), sheet=sheet)


WHAT = {
    "clip": N_("Original recording"),
    "copy": N_("Copy for looking at"),
    "still": N_("Picture"),
    "screen": N_("What the screen showed"),
    "record": N_("Record"),
    "live": N_("Live photo"),
    "chip": N_("Photo on the card's chip"),
    "roster": N_("Roster photo"),
}
"""What a file of a package is: of a photograph which."""


def _what(file: PackageFile) -> str:
    name = file.photo or file.kind
    return _(WHAT[name]) if name in WHAT else name


def _kept(way: str) -> str:
    return _(KEPT[way]) if way in KEPT else way


def _lost(gap: Gap) -> str:
    """Why nothing was recorded, and that something was put there later."""
    why = gap_cause(gap.cause)
    if not gap.filled:
        return why
    words = (
        _("{cause}; filled later from the camera's own card")
        if gap.origin == "card"
        else _("{cause}; filled later from elsewhere")
    )
    return words.format(cause=why)
