"""Whether the province answers: an outage is written down once, and its end once."""

import logging
from datetime import timedelta

from sqlmodel import Session

from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.sync import Contact

ACTOR = "process:sync"
FRESH = timedelta(seconds=20)
"""How old `last_contact` may be on disk while all goes well."""

log = logging.getLogger("examsite.sync")


def reached(session: Session, box: Box) -> bool:
    """The province answered; True when that ends an outage."""
    contact = session.get(Contact, 1) or Contact(id=1)
    since, now = contact.failing_since, box.now()
    if since is None and contact.last_contact and abs(now - contact.last_contact) < FRESH:
        return False
    contact.last_contact, contact.failing_since, contact.last_error = now, None, ""
    session.add(contact)
    session.flush()
    if since is None:
        return False
    seconds = round((now - since).total_seconds())
    append(session, "contact.restored", "province", ACTOR, {"seconds": seconds}, at=now)
    return True


def lost(session: Session, box: Box, code: str, error: str) -> bool:
    """The province did not answer; True when that begins an outage."""
    contact = session.get(Contact, 1) or Contact(id=1)
    began = contact.failing_since is None
    contact.last_error = error
    if began:
        contact.failing_since = box.now()
    session.add(contact)
    session.flush()
    if began:
        append(session, "contact.lost", "province", ACTOR, {"code": code}, at=box.now())
    return began


async def note_reached(box: Box) -> None:
    """`reached`, with a line in the log at the end of an outage."""
    if await box.db.write(reached, box):
        log.info("the province answers again")


async def note_lost(box: Box, code: str, error: str) -> None:
    """`lost`, with a line in the log at the beginning of an outage."""
    if await box.db.write(lost, box, code, error):
        log.warning("the province does not answer: %s", error)
