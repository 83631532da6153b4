"""The sheets of an evidence package: its cover, and what the journal says of the time."""

from appliance.base.i18n import N_
from appliance.reports.render import pdf
from appliance.wire.evidence import EvidenceSheet


def evidence_cover(sheet: EvidenceSheet) -> bytes:
    """What lies in the package, what is missing, and how to check it."""
    return pdf("evidence_cover.html", sheet.heading, N_("Evidence package"), sheet=sheet)


def evidence_records(sheet: EvidenceSheet) -> bytes:
    """Every journal entry of the time, with its number and hash."""
    return pdf("evidence_records.html", sheet.heading, N_("Extract of the journal"), sheet=sheet)
