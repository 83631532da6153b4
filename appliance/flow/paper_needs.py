"""What decides a candidate's paper besides seed, bank and blueprint: the kind of exam, what was seen, the others'."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.blueprints import exam_of
from appliance.flow.box import Box
from appliance.records.roster import RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Paper
from appliance.rules.paper import Exam, Question
from appliance.rules.paper import Paper as Drawn
from appliance.rules.unlike import Others

Layout = list[tuple[str, str]]
"""Item and option order by position; the order as digits: `2013` = option 2 of the bank is shown first."""


class Need(msgspec.Struct, kw_only=True, frozen=True):
    """One candidate's. `left_out`: items of papers of the same trade they opened at earlier sittings, by id."""

    exam: Exam = "initial"
    left_out: tuple[str, ...] = ()


def seal_layout(box: Box, drawn: Drawn) -> bytes:
    """What stands where on a paper, as `Paper.layout`."""
    places = [(one.item, "".join(map(str, one.order))) for one in drawn.questions]
    return box.key.encrypt(msgspec.json.encode(places))


def open_layout(box: Box, sealed: bytes) -> Layout:
    """What stands where on a paper; empty when it was not kept."""
    return msgspec.json.decode(box.key.decrypt(sealed), type=Layout) if sealed else []


def as_drawn(layout: Layout) -> Drawn:
    """A kept layout as the drawing rule knows papers."""
    places = enumerate(layout, 1)
    return Drawn(tuple(Question(place, item, tuple(map(int, order))) for place, (item, order) in places))


def needs(session: Session, box: Box, sitting: Sitting, people: Sequence[str]) -> dict[str, Need]:
    """Whether a roster calls it a resit or not: nobody meets the items of an earlier paper again."""
    kinds = dict(
        session.exec(
            select(RosterRow.candidate, RosterRow.kind).where(
                RosterRow.sitting == sitting.id, col(RosterRow.candidate).in_(people)
            )
        ).all()
    )
    rows = session.exec(
        select(Attempt.candidate, Paper.layout)
        .join(Paper, col(Paper.id) == col(Attempt.paper))
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .where(
            col(Attempt.candidate).in_(people),
            col(Attempt.started_at).is_not(None),
            Sitting.trade == sitting.trade,
            Sitting.id != sitting.id,
        )
    ).all()
    seen: dict[str, set[str]] = {}
    for candidate, layout in rows:
        seen.setdefault(candidate, set()).update(item for item, _order in open_layout(box, layout))
    return {
        one: Need(exam=exam_of(kinds.get(one, "")), left_out=tuple(sorted(seen.get(one, ()))))
        for one in people
    }


def others_of(session: Session, box: Box, sitting_id: str) -> Others:
    """The papers a sitting has already."""
    layouts: Iterable[bytes] = session.exec(select(Paper.layout).where(Paper.sitting == sitting_id)).all()
    return Others(as_drawn(open_layout(box, one)) for one in layouts if one)
