"""Whose page a sitting's candidates answer on: the box's own exam page, or the province's in the locked browser.

With the province's, entry, seats, calling, cameras and captures stay the box's; no paper is made and none is marked
here: the station is told which page to show while the exam runs, and results come from the province.
"""

from typing import Literal

from sqlmodel import Session, col, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.seating import SeatTaking
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper

ROLES = ("office", "chief")
LONGEST = 400
"""Characters of an address."""
OWN_PAGE = "/station/"


def set_delivery(
    session: Session, box: Box, sitting_id: str, delivery: Literal["own", "province"], page: str, who: Who
) -> Sitting:
    """Say whose page it is, before anybody is ready. The same again changes nothing."""
    if who.role not in ROLES:
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )
    sitting = sitting_of(session, sitting_id)
    page = page.strip() if delivery == "province" else ""
    if (sitting.delivery, sitting.page) == (delivery, page):
        return sitting
    _require_free(session, sitting)
    if delivery == "province" and not _sound(page):
        raise Refused(
            "bad_page",
            N_("The address of the province's page begins with https:// and has no spaces."),
            N_("Copy it from the province's notice."),
        )
    papers = session.exec(select(Paper).where(Paper.sitting == sitting.id)).all()
    for paper in papers if delivery == "province" else []:
        session.delete(paper)
    sitting.delivery, sitting.page = delivery, page
    session.add(sitting)
    session.flush()
    body = {"delivery": delivery, "page": page, "papers_withdrawn": len(papers)}
    append(session, "sitting.delivery_set", sitting.id, who.actor, body, at=box.now())
    return sitting


def _require_free(session: Session, sitting: Sitting) -> None:
    ready = session.exec(
        select(Attempt.id).where(Attempt.sitting == sitting.id, Attempt.state != "seated").limit(1)
    ).first()
    if sitting.subject != "theory" or sitting.state != "planned" or ready:
        raise Refused(
            "delivery_fixed",
            N_("This sitting has begun: whose page it is answered on stays as it is."),
            N_("Choose another sitting."),
        )
    if sitting.sealed:
        raise Refused(
            "delivery_sealed",
            N_("The province sends sealed papers for this sitting."),
            N_("Call the province, if it is to be answered on the province's page."),
        )


def _sound(page: str) -> bool:
    plain = page.isascii() and page.isprintable() and " " not in page
    return plain and page.startswith("https://") and len("https://") < len(page) <= LONGEST


def page_of_seat(session: Session, seat: str) -> str:
    """What the station at a seat shows: the province's page while its candidate's exam runs there, else our own."""
    page = session.exec(
        select(Sitting.page)
        .join(SeatTaking, col(SeatTaking.sitting) == col(Sitting.id))
        .join(
            Attempt,
            (col(Attempt.sitting) == col(Sitting.id)) & (col(Attempt.candidate) == col(SeatTaking.candidate)),
        )
        .where(
            SeatTaking.seat == seat,
            col(SeatTaking.released_at).is_(None),
            Sitting.delivery == "province",
            Attempt.state == "running",
        )
    ).first()
    return page or OWN_PAGE
