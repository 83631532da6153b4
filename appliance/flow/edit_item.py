"""An edit of an item is a new version, a draft; the old one stays and, when approved, stays in use."""

from sqlmodel import Session, select

from appliance.base.errors import Conflict, Corrupt
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of, require_author
from appliance.flow.box import Box
from appliance.flow.import_questions import known_fingerprints
from appliance.flow.review_item import require_act
from appliance.flow.sealed_item import fingerprint, pictures, row_of, version_of
from appliance.intake.questions.check import checked
from appliance.intake.questions.question import Draft, Question
from appliance.intake.questions.sentences import SENTENCES
from appliance.records.journal import append
from appliance.records.questions import BankItem, BankPicture


def question_of(draft: Draft) -> Question:
    """A typed question, held to what every imported one has to hold to. Raises Corrupt with the first fault."""
    accepted, rejected = checked([draft], ids_once=False)
    if rejected:
        raise Corrupt(
            rejected[0].code,
            SENTENCES[rejected[0].code],
            N_("Correct the item and save it again."),
            detail=rejected[0].detail,
        )
    return accepted[0]


def add_item(session: Session, box: Box, bank_id: str, question: Question, who: Who) -> BankItem:
    """A new item, written by hand: a draft."""
    require_author(who)
    bank = bank_of(session, bank_id)
    if fingerprint(box, question) in known_fingerprints(session, bank.id):
        raise Conflict("item_known", N_("The bank holds this question already."), N_("Search for it."))
    _require_pictures(session, bank.id, question)
    row = row_of(box, new_id(), 1, bank.id, question, who.account, "")
    session.add(row)
    session.flush()
    append(session, "item.added", row.id, who.actor, {"bank": bank.id, "version": 1}, at=box.now())
    return row


def edit_item(session: Session, box: Box, item: str, version: int, question: Question, who: Who) -> BankItem:
    """The next version of an item. `version`: the one the person saw; Refused when there is a newer one."""
    require_author(who)
    old = version_of(session, item, version)
    bank = bank_of(session, old.bank)
    require_act("edit", old, who)
    if fingerprint(box, question) in known_fingerprints(session, bank.id) - _own(session, item):
        raise Conflict("item_known", N_("The bank holds this question already."), N_("Search for it."))
    _require_pictures(session, bank.id, question)
    old.newest = False
    if old.state == "draft":  # nobody can approve it any more
        old.state, old.retired_by, old.retired_at, old.reason = "retired", who.account, box.now(), "edited"
    session.add(old)
    row = row_of(box, item, old.version + 1, bank.id, question, who.account, old.label)
    session.add(row)
    session.flush()
    append(session, "item.edited", item, who.actor, {"bank": bank.id, "version": row.version}, at=box.now())
    return row


def _own(session: Session, item: str) -> set[bytes]:
    return set(session.exec(select(BankItem.fingerprint).where(BankItem.id == item)).all())


def _require_pictures(session: Session, bank: str, question: Question) -> None:
    there = session.exec(select(BankPicture.sha256).where(BankPicture.bank == bank)).all()
    missing = pictures(question) - set(there)
    if missing:
        raise Corrupt(
            "picture_unknown", N_("A picture of the item is not in this bank."), N_("Reload the page.")
        )
