"""Sittings that are over, made straight in the tables: papers really drawn, answers of people of all abilities."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import insert
from sqlmodel import Session

from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.paper_needs import seal_layout
from appliance.records.roster import Candidate
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Mark, Paper
from appliance.rules import paper as rule
from appliance.rules import theory

Choice = Callable[[random.Random, float, rule.Item], Sequence[int]]
"""Chance, ability (mean 0, deviation 1), item -> the options of the bank that somebody chooses."""


def chosen(dice: random.Random, ability: float, item: rule.Item) -> Sequence[int]:
    """The right options, the likelier the more able; else another one, or now and then none."""
    hardness = (sum(item.stem.encode()) % 20) / 10 - 2.2
    if dice.random() < 1 / (1 + math.exp(hardness - ability)):
        return item.right
    wrong = [one for one in range(len(item.options)) if one not in item.right]
    return [] if dice.random() < 0.05 else [dice.choice(wrong)]


class Source(msgspec.Struct, kw_only=True):
    """What papers are drawn from. `file`: SHA-256 of the bank; `layouts`: draw only so many, 0 = one each."""

    items: Mapping[str, rule.Item]
    blueprint: rule.Blueprint
    file: str = "f" * 64
    bank: str | None = None
    layouts: int = 0


def add_marked(
    session: Session,
    box: Box,
    source: Source,
    starts_at: datetime,
    count: int,
    seed: int = 0,
    choose: Choice = chosen,
) -> str:
    """A theory sitting in room T1 with `count` marked attempts; returns its id."""
    sitting = Sitting(
        id=new_id(),
        number=1,
        subject="theory",
        trade="low_voltage",
        room="T1",
        starts_at=starts_at,
        duration_s=7200,
        opens_at=starts_at,
        closes_at=starts_at,
        state="released",
        bank=source.bank,
        bank_sha256=source.file if source.bank else "",
        blueprint=msgspec.json.encode({"initial": source.blueprint}).decode() if source.bank else "",
    )
    session.add(sitting)
    session.flush()
    dice = random.Random(seed)
    drawn: dict[int, rule.Paper] = {}
    tables: dict[type, list[dict[str, object]]] = {
        table: [] for table in (Candidate, Paper, Attempt, Answer, Mark)
    }
    for number in range(count):
        which = number % (source.layouts or count)
        if which not in drawn:
            drawn[which] = rule.draw(source.items.values(), source.blueprint, f"{seed}/{which}")
        _paper(box, source, sitting, drawn[which], dice, choose, tables)
    for table, rows in tables.items():
        session.execute(insert(table), rows)
    return sitting.id


def _paper(
    box: Box,
    source: Source,
    sitting: Sitting,
    paper: rule.Paper,
    dice: random.Random,
    choose: Choice,
    tables: dict[type, list[dict[str, object]]],
) -> None:
    candidate, paper_id, attempt, ability = new_id(), new_id(), new_id(), dice.gauss(1.2, 1)
    right = [rule.right_key(source.items[one.item], one.order) for one in paper.questions]
    answers = {}
    for one in paper.questions:
        options = choose(dice, ability, source.items[one.item])
        letters = "".join(sorted(rule.keys(8)[one.order.index(option)] for option in options))
        if letters:
            answers[one.position] = letters
    marked = theory.mark(rule.key_lines(source.blueprint, right), answers, source.blueprint.pass_mark)
    at = sitting.starts_at
    tables[Candidate].append(
        {
            "id": candidate,
            "name": "考生",
            "number_sealed": b"",
            "number_index": candidate.encode(),
            "number_masked": "",
            "last_four": "",
            "birth_index": b"",
            "photo": "",
        }
    )
    tables[Paper].append(
        {
            "id": paper_id,
            "sitting": sitting.id,
            "candidate": candidate,
            "bank": source.file,
            "body": "0" * 64,
            "key_sealed": box.key.encrypt(msgspec.json.encode(right)),
            "choices": "2" * len(right),
            "layout": seal_layout(box, paper),
            "made_at": at,
        }
    )
    tables[Attempt].append(
        {
            "id": attempt,
            "sitting": sitting.id,
            "candidate": candidate,
            "paper": paper_id,
            "state": "marked",
            "lease": 1,
            "handed_in": "candidate",
            "message": "",
            "message_id": "",
        }
    )
    tables[Answer] += [
        {
            "attempt": attempt,
            "position": position,
            "value": value,
            "lease": 1,
            "n": position,
            "happened_at": at,
            "recorded_at": at,
            "late": False,
        }
        for position, value in answers.items()
    ]
    tables[Mark].append(
        {
            "id": new_id(),
            "attempt": attempt,
            "version": theory.VERSION,
            "points": marked.points,
            "passed": marked.passed,
            "detail": "{}",
            "marked_at": at,
        }
    )


def plain_items(count: int = 100) -> dict[str, rule.Item]:
    """Items without sense: 70 in a hundred true/false, the others with four options."""
    found = {}
    for number in range(count):
        truth = number % 10 < 7
        item = rule.Item(
            id=f"item-{number:04d}",
            kind="true_false" if truth else "single_choice",
            stem=f"第{number}题",
            options=rule.TRUE_FALSE if truth else ("甲", "乙", "丙", "丁"),
            right=(number % 2 if truth else number % 4,),
            topic="x",
            difficulty=1,
        )
        found[item.id] = item
    return found


FIVE = rule.Blueprint(
    counts={"true_false": 2, "single_choice": 2, "multiple_choice": 1},
    points={"true_false": Decimal(10), "single_choice": Decimal(20), "multiple_choice": Decimal(40)},
    minutes=60,
    pass_mark=Decimal(80),
    multiple="mean_of_right",
)
"""A short paper of all three kinds."""
