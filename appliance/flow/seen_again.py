"""The same finding at the same seat once more: one case that says how often, not a row of cases."""

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.note_case import note_case
from appliance.records.cases import ExamCase
from appliance.records.journal import append
from appliance.records.theory import Attempt


def open_case(session: Session, attempt: str, kind: str) -> ExamCase | None:
    """The newest case of this kind that nobody has judged yet."""
    return session.exec(
        select(ExamCase)
        .where(ExamCase.attempt == attempt, ExamCase.kind == kind, ExamCase.state == "open")
        .order_by(col(ExamCase.happened_at).desc())
    ).first()


def seen_again(
    session: Session,
    box: Box,
    attempt: Attempt,
    kind: str,
    at: datetime,
    actor: str,
    *,
    seat: str,
    picture: str = "",
    detail: dict[str, Any] | None = None,
) -> ExamCase:
    """A case of this finding: the open one, which then counts one more, else a new one.

    The case keeps its first picture; the later ones stay with their captures.
    """
    known = open_case(session, attempt.id, kind)
    if known is None:
        more = {"count": 1, **(detail or {})}
        return note_case(session, box, attempt, kind, at, actor, seat=seat, picture=picture, detail=more)
    kept: dict[str, Any] = msgspec.json.decode(known.detail)
    kept = {**kept, **(detail or {}), "count": int(kept.get("count", 1)) + 1}
    known.detail = msgspec.json.encode(kept).decode()
    known.until = max(known.until or known.happened_at, at)
    known.picture = known.picture or picture
    session.add(known)
    session.flush()
    body = {"case": known.id, "count": kept["count"]} | ({"picture": picture} if picture else {})
    append(session, "exam_case.repeated", known.candidate, actor, body, at=box.now())
    return known
