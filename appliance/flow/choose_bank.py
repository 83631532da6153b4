"""The head of the site says that a sitting's papers come from an own bank, and by which blueprint.

The bank is frozen at that moment: papers made later for the same sitting come from the same items. Papers that were
made before from another bank are withdrawn, as long as nobody has accepted the rules.
"""

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, Refused
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of
from appliance.flow.box import Box
from appliance.flow.freeze_bank import Frozen, note_frozen
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.questions import BankItem, QuestionBank
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.rules.paper import KINDS, THEORY, Blueprint, Kind
from appliance.rules.questions import blueprint_fault

FAULTS = {
    "nothing_asked": N_("The paper has no items."),
    "bank_too_small": N_("The bank has too few approved items of the kind {kind} that can be drawn."),
    "bad_points": N_("Items of the kind {kind} are worth no points."),
    "not_full": N_("The paper adds up to {total} points, not to 100."),
    "bad_pass_mark": N_("The pass mark lies between 80 and 100."),
    "bad_minutes": N_("The length of this sitting is not usable."),
}
KIND_WORDS: dict[Kind, str] = {
    "true_false": N_("True or false"),
    "single_choice": N_("Single choice"),
    "multiple_choice": N_("Multiple choice"),
}


def blueprint_of(sitting: Sitting) -> Blueprint:
    """How the papers of a sitting are put together and marked."""
    return msgspec.json.decode(sitting.blueprint, type=Blueprint) if sitting.blueprint else THEORY


def counts(frozen: Frozen) -> dict[Kind, int]:
    """Drawable items by kind."""
    return {kind: sum(one.question.kind == kind for one in frozen.items) for kind in KINDS}


def require_blueprint(blueprint: Blueprint, there: dict[Kind, int]) -> None:
    """Raise what keeps a blueprint from being drawn."""
    code, kind = blueprint_fault(blueprint, there)
    if code:
        raise Refused(
            code,
            FAULTS[code],
            N_("Correct the numbers, or have more items approved."),
            kind=_(KIND_WORDS[kind]) if kind else "",
            total=f"{blueprint.total:f}",
        )


def choosable(session: Session, box: Box, bank: QuestionBank) -> list[Sitting]:
    """Theory sittings that have not begun and may take this bank, in order of their start."""
    found = session.exec(
        select(Sitting)
        .where(Sitting.subject == "theory", Sitting.state == "planned", Sitting.delivery == "own")
        .order_by(col(Sitting.starts_at))
    ).all()
    return [one for one in found if _fault(session, box, bank, one) == ""]


def _fault(session: Session, box: Box, bank: QuestionBank, sitting: Sitting) -> str:
    if sitting.subject != "theory" or sitting.delivery != "own" or sitting.state != "planned":
        return "not_planned"
    if bank.trade and bank.trade != sitting.trade:
        return "other_trade"
    if bank.purpose == "rehearsal" and not box.site.demo:
        return "rehearsal_bank"
    ready = session.exec(
        select(Attempt.id).where(Attempt.sitting == sitting.id, Attempt.state != "seated").limit(1)
    ).first()
    return "somebody_ready" if ready else ""


def _require_approved(session: Session, frozen: Frozen) -> None:
    """Between reading the bank and this transaction somebody may have retired an item."""
    rows = session.exec(
        select(BankItem.id, BankItem.version).where(
            BankItem.bank == frozen.bank, BankItem.state == "approved"
        )
    ).all()
    if not {(one.item, one.version) for one in frozen.items} <= set(rows):
        raise Conflict("bank_changed", N_("The bank has just been changed."), N_("Press the button again."))


REFUSALS = {
    "not_planned": N_("This sitting has begun, or its papers are not drawn here."),
    "other_trade": N_("The bank is for another trade than the sitting."),
    "rehearsal_bank": N_("A bank for rehearsals is used on a demonstration site only."),
    "somebody_ready": N_("Somebody has accepted the rules of this sitting already."),
}


def choose_bank(
    session: Session, box: Box, sitting_id: str, frozen: Frozen, name: str, blueprint: Blueprint, who: Who
) -> Sitting:
    """Draw a sitting's papers from `frozen`, kept as the file `name`. The same choice again changes nothing."""
    if who.role != "chief":
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )
    sitting, bank = sitting_of(session, sitting_id), bank_of(session, frozen.bank)
    text = msgspec.json.encode(blueprint, order="deterministic").decode()
    if (sitting.bank_sha256, sitting.blueprint) == (name, text):
        return sitting
    if code := _fault(session, box, bank, sitting):
        raise Refused(code, REFUSALS[code], N_("Choose another sitting or another bank."))
    require_blueprint(blueprint, counts(frozen))
    _require_approved(session, frozen)
    note_frozen(session, box, name, frozen)
    withdrawn = session.exec(select(Paper).where(Paper.sitting == sitting.id)).all()
    for paper in withdrawn:
        session.delete(paper)
    sitting.bank, sitting.bank_sha256, sitting.blueprint = bank.id, name, text
    session.add(sitting)
    session.flush()
    body = {
        "bank": bank.id,
        "bank_sha256": name,
        "items": len(frozen.items),
        "blueprint": msgspec.json.decode(text),
        "papers_withdrawn": len(withdrawn),
    }
    append(session, "sitting.bank_chosen", sitting.id, who.actor, body, at=box.now())
    return sitting
