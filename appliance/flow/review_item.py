"""The second person looks at a draft: approved it may be drawn. Retired it is never drawn again, and never deleted."""

from sqlmodel import Session, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of, require_author
from appliance.flow.box import Box
from appliance.flow.sealed_item import version_of
from appliance.records.journal import append
from appliance.records.questions import BankItem
from appliance.rules import questions as rule

REFUSALS = {
    "newer_version": N_("There is a newer version of this item."),
    "wrong_state": N_("This item was decided already."),
    "own_item": N_("You wrote this version: a second person has to approve it."),
    "no_reason": N_("A reason is needed."),
}
NEXT = {
    "newer_version": N_("Reload the page."),
    "wrong_state": N_("Reload the page."),
    "own_item": N_("Ask a colleague to sign in and approve it."),
    "no_reason": N_("Write why."),
}


def require_act(act: rule.Act, row: BankItem, who: Who, reason: str = "") -> None:
    """Raise what the rule says against it."""
    code = rule.refusal(act, row.state, row.newest, row.author, who.account, reason)
    if code:
        raise Refused(code, REFUSALS[code], NEXT[code])


def approve_item(session: Session, box: Box, item: str, version: int, who: Who) -> BankItem:
    """Put a draft in use, in the place of the version that was in use before. Twice by one person: nothing more."""
    require_author(who)
    row = version_of(session, item, version)
    bank_of(session, row.bank)
    if row.state == "approved" and row.reviewer == who.account:
        return row
    require_act("approve", row, who)
    now = box.now()
    before = session.exec(select(BankItem).where(BankItem.id == item, BankItem.state == "approved")).first()
    if before is not None:
        before.state, before.retired_by, before.retired_at = "retired", who.account, now
        before.reason = "replaced"
        session.add(before)
    row.state, row.reviewer, row.reviewed_at = "approved", who.account, now
    session.add(row)
    session.flush()
    body = {"bank": row.bank, "version": version, "replaces": before.version if before else None}
    append(session, "item.approved", item, who.actor, body, at=now)
    return row


def retire_item(session: Session, box: Box, item: str, version: int, reason: str, who: Who) -> BankItem:
    """Take a version out of use, or turn a draft down, with a reason. What it was used for stays readable."""
    require_author(who)
    row = version_of(session, item, version)
    bank_of(session, row.bank)
    require_act("retire", row, who, reason)
    now, before = box.now(), row.state
    row.state, row.retired_by, row.retired_at, row.reason = "retired", who.account, now, reason.strip()[:200]
    session.add(row)
    session.flush()
    body = {"bank": row.bank, "version": version, "before": before, "reason": row.reason}
    append(session, "item.retired", item, who.actor, body, at=now)
    return row
