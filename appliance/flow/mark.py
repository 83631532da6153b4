"""Marking theory papers, once the page keeps nothing unsent or the grace is over."""

from datetime import timedelta

import msgspec
from sqlmodel import Session, col, or_, select

from appliance.base.ids import new_id
from appliance.flow.attempt_view import answers_of
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box
from appliance.flow.paper_proof import require_proof
from appliance.flow.verdict import decide_verdict
from appliance.records.journal import append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark, Paper
from appliance.rules import theory
from appliance.rules.paper import key_lines


def due_for_marking(session: Session, box: Box) -> list[str]:
    """Handed-in theory attempts nothing more can come for."""
    over = box.now() - timedelta(seconds=box.settings.station.grace)
    return list(
        session.exec(
            select(Attempt.id)
            .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
            .where(
                Sitting.subject == "theory",
                Sitting.delivery == "own",
                Attempt.state == "handed_in",
                or_(
                    col(Attempt.settled_at).is_not(None),
                    Attempt.handed_in == "candidate",
                    col(Attempt.handed_in_at) <= over,
                ),
            )
        ).all()
    )


def mark_theory(session: Session, box: Box, attempt_id: str) -> Mark:
    """Mark one paper. The same marker version marks an attempt once."""
    known = session.exec(
        select(Mark).where(Mark.attempt == attempt_id, Mark.version == theory.VERSION)
    ).first()
    if known:
        return known
    attempt = session.get_one(Attempt, attempt_id)
    paper = session.get_one(Paper, attempt.paper or "")
    require_proof(box, paper)
    right: list[str] = msgspec.json.decode(box.key.decrypt(paper.key_sealed))
    sitting = session.get_one(Sitting, attempt.sitting)
    blueprint = blueprint_of(sitting, paper.exam)
    marked = theory.mark(key_lines(blueprint, right), answers_of(session, attempt.id), blueprint.pass_mark)
    detail = {"right": marked.right, "wrong": marked.wrong, "open": marked.open}
    mark = Mark(
        id=new_id(),
        attempt=attempt.id,
        version=theory.VERSION,
        points=marked.points,
        passed=marked.passed,
        detail=msgspec.json.encode(detail).decode(),
        marked_at=box.now(),
    )
    attempt.state = "marked"
    session.add(mark)
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "points": str(marked.points), "passed": marked.passed, **detail}
    append(session, "paper.marked", attempt.candidate, "process:web", body, at=box.now())
    decide_verdict(session, box, attempt.candidate, sitting.trade, "process:web")
    return mark
