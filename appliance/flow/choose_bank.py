"""The head of the site says, and a second person confirms, that a sitting's papers come from an own bank.

The bank is frozen at that moment, with its blueprints: papers made later for the same sitting come from the same
items. Papers that were made before from another bank are withdrawn, as long as nobody has accepted the rules. The
blueprints' time becomes the sitting's.
"""

from datetime import timedelta

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, second_person
from appliance.flow.add_bank import bank_of
from appliance.flow.blueprints import (
    Plans,
    cells_of,
    give_time,
    require_chief,
    require_items,
    require_sound,
    text_of,
)
from appliance.flow.box import Box
from appliance.flow.freeze_bank import Frozen, note_frozen
from appliance.flow.start_sitting import sitting_of
from appliance.records.journal import append
from appliance.records.questions import BankItem, QuestionBank
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper

SECONDS = ("chief", "office", "author")
"""Who may be the second of two who put a bank to use."""


def choosable(session: Session, box: Box, bank: QuestionBank) -> list[Sitting]:
    """Theory sittings that have not begun and may take this bank, in order of their start."""
    found = session.exec(
        select(Sitting)
        .where(Sitting.subject == "theory", Sitting.state == "planned", Sitting.delivery == "own")
        .order_by(col(Sitting.starts_at))
    ).all()
    return [one for one in found if _fault(session, box, bank, one) == ""]


def _fault(session: Session, box: Box, bank: QuestionBank, sitting: Sitting) -> str:
    drawn_here = sitting.subject == "theory" and sitting.delivery == "own" and not sitting.sealed
    if not drawn_here or sitting.state != "planned":
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
    session: Session,
    box: Box,
    sitting_id: str,
    frozen: Frozen,
    name: str,
    plans: Plans,
    who: Who,
    second_login: str,
) -> Sitting:
    """Draw a sitting's papers from `frozen`, kept as the file `name`. The same choice again changes nothing."""
    require_chief(who)
    sitting = sitting_of(session, sitting_id)
    if (sitting.bank_sha256, sitting.blueprint) == (name, text_of(plans)):
        return sitting
    second = second_person(session, who, second_login, SECONDS)
    return put_to_use(session, box, sitting, frozen, name, plans, who, second.id)


def require_choosable(session: Session, box: Box, bank: QuestionBank, sitting: Sitting) -> None:
    """Raise what keeps a sitting from taking a bank."""
    if code := _fault(session, box, bank, sitting):
        raise Refused(code, REFUSALS[code], N_("Choose another sitting or another bank."))


def put_to_use(
    session: Session,
    box: Box,
    sitting: Sitting,
    frozen: Frozen,
    name: str,
    plans: Plans,
    who: Who,
    second: str,
    composed: str = "",
) -> Sitting:
    """What two people have decided: `second` is the other account; `composed`: the paper put together by hand."""
    bank = bank_of(session, frozen.bank)
    require_choosable(session, box, bank, sitting)
    for blueprint in plans.values():
        require_sound(blueprint)
    require_items(plans, cells_of(frozen))
    _require_approved(session, frozen)
    give_time(sitting, plans)
    _require_room_free(session, sitting)
    note_frozen(session, box, name, frozen)
    withdrawn = session.exec(select(Paper).where(Paper.sitting == sitting.id)).all()
    for paper in withdrawn:
        session.delete(paper)
    sitting.bank, sitting.bank_sha256, sitting.blueprint = bank.id, name, text_of(plans)
    session.add(sitting)
    session.flush()
    body = {
        "bank": bank.id,
        "bank_sha256": name,
        "items": len(frozen.items),
        "blueprint": msgspec.json.decode(sitting.blueprint),
        "duration_s": sitting.duration_s,
        "papers_withdrawn": len(withdrawn),
        "second": second,
    }
    if composed:
        body["composed"] = composed
    append(session, "sitting.bank_chosen", sitting.id, who.actor, body, at=box.now())
    return sitting


def _require_room_free(session: Session, sitting: Sitting) -> None:
    ends = sitting.starts_at + timedelta(seconds=sitting.duration_s)
    following = session.exec(
        select(Sitting.id)
        .where(
            Sitting.room == sitting.room,
            Sitting.id != sitting.id,
            Sitting.state == "planned",
            col(Sitting.starts_at) > sitting.starts_at,
            col(Sitting.starts_at) < ends,
        )
        .limit(1)
    ).first()
    if following is not None:
        raise Refused(
            "next_sitting",
            N_("With this working time the sitting would reach into the next one in its room."),
            N_("Shorten the working time of the blueprint, or have the next sitting planned later."),
        )
