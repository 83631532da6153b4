"""Blueprints (组卷规则) by kind of exam: kept with a bank until they are changed, with a sitting for good."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_, _
from appliance.flow.accounts import Who
from appliance.flow.add_bank import bank_of
from appliance.flow.box import Box
from appliance.flow.freeze_bank import Frozen
from appliance.records.journal import append
from appliance.records.questions import BankBlueprint
from appliance.records.sitting import Sitting
from appliance.rules.paper import EXAMS, THEORY, Blueprint, Exam, Kind, Row
from appliance.rules.questions import Cell, blueprint_fault, shortages

Plans = dict[Exam, Blueprint]
"""By kind of exam. The initial exam's serves the kinds that have none of their own."""

FAULTS = {
    "nothing_asked": N_("The paper has no items."),
    "bad_count": N_("The rows of the kind {kind} do not add up."),
    "bad_points": N_("Items of the kind {kind} are worth no points."),
    "not_full": N_("The paper adds up to {total} points, not to 100."),
    "bad_pass_mark": N_("The pass mark lies between 80 and 100."),
    "bad_minutes": N_("A paper is worked on for 1 to 600 minutes."),
}
KIND_WORDS: dict[Kind, str] = {
    "true_false": N_("True or false"),
    "single_choice": N_("Single choice"),
    "multiple_choice": N_("Multiple choice"),
}
EXAM_WORDS: dict[Exam, str] = {
    "initial": N_("Initial exam"),
    "review": N_("Renewal exam"),
    "resit": N_("Resit exam"),
}
DIFFICULTY_WORDS = {1: N_("easy items"), 2: N_("items of medium difficulty"), 3: N_("hard items")}


def exam_of(kind: str) -> Exam:
    """A roster's word as a kind of exam."""
    return next((exam for exam in EXAMS if exam == kind), "initial")


def plans_of(sitting: Sitting) -> Plans:
    """The blueprints a sitting was given; empty = the usual one for everybody."""
    return msgspec.json.decode(sitting.blueprint, type=Plans) if sitting.blueprint else {}


def blueprint_of(sitting: Sitting, exam: str = "initial") -> Blueprint:
    """How the papers of a sitting are put together and marked, for one kind of exam."""
    return plan_for(plans_of(sitting), exam)


def working_time(sitting: Sitting, exam: str) -> timedelta:
    """How long a candidate of a kind of exam works: by the blueprint where the sitting has some, else by its plan."""
    if not sitting.blueprint:
        return timedelta(seconds=sitting.duration_s)
    return timedelta(minutes=blueprint_of(sitting, exam).minutes)


def give_time(sitting: Sitting, plans: Plans) -> None:
    """The sitting lasts as long as the longest of its papers; nobody enters after that."""
    sitting.duration_s = max(one.minutes for one in plans.values()) * 60
    sitting.closes_at = min(sitting.closes_at, sitting.starts_at + timedelta(seconds=sitting.duration_s))


def plan_for(plans: Plans, exam: str) -> Blueprint:
    """The blueprint of a kind of exam among those that are set."""
    return plans.get(exam_of(exam)) or plans.get("initial") or THEORY


def bank_plans(session: Session, bank_id: str) -> Plans:
    """The blueprints kept with a bank."""
    rows = session.exec(select(BankBlueprint).where(BankBlueprint.bank == bank_id)).all()
    return {exam_of(row.exam): msgspec.json.decode(row.text, type=Blueprint) for row in rows}


def cells_of(frozen: Frozen) -> dict[Cell, int]:
    """What of a frozen bank can be drawn: items by kind, topic and difficulty."""
    asked = (one.question for one in frozen.items)
    return Counter((one.kind, one.topic, one.difficulty) for one in asked)


def require_sound(blueprint: Blueprint) -> None:
    """Raise what is wrong with a blueprint whatever the bank."""
    code, kind = blueprint_fault(blueprint)
    if code:
        raise Refused(
            code,
            FAULTS[code],
            N_("Correct the numbers."),
            kind=_(KIND_WORDS[kind]) if kind else "",
            total=f"{blueprint.total.normalize():f}",
        )


def require_items(plans: Plans, there: Mapping[Cell, int]) -> None:
    """Raise which rows a bank cannot fill, and how many items each lacks."""
    lines = [
        _("{exam}, {row}: {missing} missing").format(
            exam=_(EXAM_WORDS[exam]), row=row_words(row), missing=count
        )
        for exam, blueprint in plans.items()
        for row, count in shortages(blueprint, there)
    ]
    if lines:
        raise Refused(
            "bank_too_small",
            N_("The bank has too few approved items. {rows}."),
            N_("Correct the numbers, or have more items approved."),
            rows="; ".join(lines),
        )


def row_words(row: Row) -> str:
    """A row as it is named: kind, topic, difficulty."""
    parts = [_(KIND_WORDS[row.kind]), row.topic]
    parts += [_(DIFFICULTY_WORDS[row.difficulty])] if row.difficulty else []
    return " · ".join(part for part in parts if part)


def set_blueprint(
    session: Session, box: Box, bank_id: str, exam: Exam, blueprint: Blueprint | None, who: Who
) -> None:
    """Keep a bank's blueprint for a kind of exam; None: it follows the initial exam's again."""
    require_chief(who)
    bank = bank_of(session, bank_id)
    if blueprint is not None:
        require_sound(blueprint)
    text = text_of(blueprint) if blueprint is not None else ""
    known = session.get(BankBlueprint, (bank.id, exam))
    if text == (known.text if known else ""):
        return
    if known is not None:
        session.delete(known)
        session.flush()
    if blueprint is not None:
        session.add(BankBlueprint(bank=bank.id, exam=exam, text=text, set_by=who.account, set_at=box.now()))
        session.flush()
    body = {"exam": exam, "blueprint": msgspec.json.decode(text) if text else None}
    append(session, "bank.blueprint_set", bank.id, who.actor, body, at=box.now())


def text_of(found: Blueprint | Plans) -> str:
    """As JSON, the same for the same blueprints."""
    return msgspec.json.encode(found, order="deterministic").decode()


def require_chief(who: Who) -> None:
    """The head of the site says how papers are put together."""
    if who.role != "chief":
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )
