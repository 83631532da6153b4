"""The queue ticket on paper: from the lane's printer, or as PDF where the lane has none or it does not print."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.base.errors import NotFound, Unavailable
from appliance.base.i18n import N_, _
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.desk import tap_by_id
from appliance.flow.ticket_slip import note_reprint, ticket_slip_facts
from appliance.web.ops import sources_of
from appliance.web.pages import done
from appliance.web.sheets import pdf_response
from appliance.wire.gate import PrintTicket, TicketPrinted

Asked = Request[Who, Any, Any]
PATIENCE = 20.0
"""Seconds for a slip, and for one before it; the entry process says before then why it does not come out."""


@get("/ticket/{tap:str}/ticket.pdf")
async def ticket_pdf(request: Asked, box: NamedDependency[Box], tap: FromPath[str]) -> Response[bytes]:
    """The ticket, 80 mm wide."""
    facts = await box.db.read(ticket_slip_facts, box, tap, request.user.name)
    return await pdf_response("ticket_slip", facts, f"ticket-{facts.ticket}")


@post("/ticket/{tap:str}/print", status_code=200)
async def ticket_print(request: Asked, box: NamedDependency[Box], tap: FromPath[str]) -> Template:
    """Print the ticket once more on the printer of the lane its card was put down at; says what came of it."""
    found = await box.db.read(tap_by_id, box, tap)
    if found is None or not found.ticket:
        raise NotFound("no_ticket", N_("There is no such ticket."), N_("Reload the page."))
    await box.db.write(note_reprint, box, tap, request.user)
    try:
        order = PrintTicket(lane=found.lane, tap=tap)
        await ask(box.settings.socket("gate"), order, TicketPrinted, PATIENCE)
    except Unavailable as error:
        raise Unavailable(
            "printer_unknown",
            N_("The entry process is silent: the ticket was not printed."),
            N_("Open the ticket as PDF."),
        ) from error
    sources_of(request, box).forget()
    return done(request, _("Ticket {ticket} is printed.").format(ticket=found.ticket))
