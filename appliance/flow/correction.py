"""The correction form's facts: a card whose name is another than the roster's, held by the same number."""

from sqlmodel import Session

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.desk import tap_line
from appliance.flow.sheets import expected, heading
from appliance.flow.start_sitting import sitting_of
from appliance.records.entry import Tap
from appliance.wire import sheets as wire


def correction_form_facts(session: Session, box: Box, tap_id: str, by: str = "") -> wire.CorrectionForm:
    """更正登记表 of one tap. NotFound when the names are the same, or the tap meant no sitting."""
    tap = session.get(Tap, tap_id)
    shown = tap_line(session, box, tap, counts=False) if tap else None
    if tap is None or not tap.sitting or shown is None or not shown.roster_name:
        raise NotFound("no_difference", N_("These names do not differ."), N_("Reload the page."))
    row = next((row for row, one in expected(session, tap.sitting) if one.id == tap.candidate), None)
    return wire.CorrectionForm(
        heading=heading(session, box, sitting_of(session, tap.sitting), by),
        number=tap.number_masked,
        ticket_number=row.ticket_number if row else "",
        employer=row.employer if row else "",
        on_roster=shown.roster_name,
        on_card=tap.name,
        card_at=tap.happened_at,
        decision=shown.decision,
        reason=shown.reason,
    )
