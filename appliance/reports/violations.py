"""Two sheets of a violation: its record, and the receipt for what was taken."""

from appliance.base.i18n import N_
from appliance.reports.render import pdf
from appliance.wire import sheets as facts


def violation_record(sheet: facts.ViolationSheet) -> bytes:
    """违纪登记表, to be signed by the candidate and two of the staff."""
    return pdf("violation_record.html", sheet.heading, N_("Violation record"), sheet=sheet)


def taken_receipt(sheet: facts.TakenReceipt) -> bytes:
    """暂扣单, both copies on one page."""
    return pdf("taken_receipt.html", sheet.heading, N_("Receipt for things taken"), sheet=sheet)
