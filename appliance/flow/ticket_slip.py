"""The queue ticket's slip: its facts, for the printer at the lane and for the PDF at the desk."""

from sqlmodel import Session

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.desk import tap_line
from appliance.flow.sheets import heading
from appliance.flow.start_sitting import sitting_of
from appliance.records.entry import Admission, Tap
from appliance.records.journal import append
from appliance.wire import sheets as wire


def ticket_slip_facts(session: Session, box: Box, tap_id: str, by: str = "") -> wire.TicketSlip:
    """候考号 of one tap. NotFound when it led to no ticket."""
    tap = session.get(Tap, tap_id)
    shown = tap_line(session, box, tap, counts=False) if tap else None
    if tap is None or not tap.sitting or shown is None or not shown.ticket:
        raise NotFound("no_ticket", N_("There is no such ticket."), N_("Reload the page."))
    return wire.TicketSlip(
        heading=heading(session, box, sitting_of(session, tap.sitting), by),
        ticket=shown.ticket,
        name=shown.masked_name,
        locker=shown.locker,
    )


def slip_of_admission(session: Session, box: Box, admission_id: str) -> tuple[str, wire.TicketSlip]:
    """The tap of an admission and its slip, for the printer at its lane. NotFound when it has none."""
    tap = session.get_one(Admission, admission_id).tap or ""
    return tap, ticket_slip_facts(session, box, tap)


def note_reprint(session: Session, box: Box, tap_id: str, who: Who) -> None:
    """Somebody orders the slip of a ticket once more. Noted before: what comes out is always on record."""
    tap = session.get_one(Tap, tap_id)
    body = {"tap": tap.id, "lane": tap.lane, "ticket": tap_line(session, box, tap, counts=False).ticket}
    append(session, "ticket.reprinted", tap.candidate or tap.id, who.actor, body, at=box.now())
