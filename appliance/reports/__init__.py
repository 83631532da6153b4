"""PDF sheets: facts (appliance/wire/sheets.py) to bytes. Same facts and language, same bytes."""

from appliance.reports.evidence import evidence_cover, evidence_records
from appliance.reports.sheets import (
    correction_form,
    room_record,
    score_sheet,
    seat_plan,
    sign_in_sheet,
    ticket_slip,
)
from appliance.reports.violations import taken_receipt, violation_record

__all__ = [
    "correction_form",
    "evidence_cover",
    "evidence_records",
    "room_record",
    "score_sheet",
    "seat_plan",
    "sign_in_sheet",
    "taken_receipt",
    "ticket_slip",
    "violation_record",
]
