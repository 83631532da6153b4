"""A bank of the site's own: made empty by somebody who writes items."""

from sqlmodel import Session, select

from appliance.base.errors import Conflict, Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.intake.catalogue import trades
from appliance.records.journal import append
from appliance.records.questions import PURPOSES, QuestionBank

ROLE = "author"
LONGEST_NAME = 60


def add_bank(
    session: Session, box: Box, name: str, trade: str, purpose: str, who: Who, bank_id: str = ""
) -> QuestionBank:
    """Make an empty bank. `trade`: key of the catalogue, or empty for any exam; `bank_id`: chosen before."""
    require_author(who)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Corrupt(
            "bad_bank_name", N_("The name of a bank has 1 to {count} characters."), count=LONGEST_NAME
        )
    if purpose not in PURPOSES or (trade and trade not in trades()):
        raise Corrupt(
            "bad_bank_choice", N_("This trade or purpose is not known."), N_("Choose one of the list.")
        )
    if session.exec(select(QuestionBank).where(QuestionBank.name == name)).first():
        raise Conflict(
            "bank_name_taken", N_("There is a bank called {name} already."), N_("Choose another."), name=name
        )
    bank = QuestionBank(
        id=bank_id or new_id(),
        name=name,
        trade=trade,
        purpose=purpose,
        created_by=who.account,
        created_at=box.now(),
    )
    session.add(bank)
    session.flush()
    body = {"owner": bank.owner, "trade": trade, "purpose": purpose}
    append(session, "bank.added", bank.id, who.actor, body, at=box.now())
    return bank


def bank_of(session: Session, bank_id: str) -> QuestionBank:
    """A bank of this site whose items may be seen, or a clear error."""
    bank = session.get(QuestionBank, bank_id)
    if bank is None:
        raise NotFound("no_bank_here", N_("There is no such bank."), N_("Go back to the list of banks."))
    if bank.owner != "site":
        raise Refused(
            "sealed_bank",
            N_("The questions of this bank are sealed: nobody on the site may take them out."),
            N_("Ask the owner of the bank."),
        )
    return bank


def require_author(who: Who) -> None:
    """Only who writes items comes near them, on whatever way."""
    if who.role != ROLE:
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )
