"""The card was put down again: what an earlier tap of the same person and sitting left to a person is over.

Whoever lets somebody in, decides on the newest tap; an older case could only be answered with something untrue.
"""

from sqlmodel import Session, col, select

from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.entry import Case, Tap
from appliance.records.journal import append
from appliance.rules.admission import RESULTS

SUPERSEDED = "superseded"
"""Decision of such a case; nobody has taken it."""
REASON = N_("The card was put down again.")


def supersede(session: Session, box: Box, tap: Tap, actor: str) -> None:
    """End every open case of the entrance that waits for this tap's person and sitting."""
    if tap.code == "wrong_lane":
        return  # what waits next door, at the right entrance, goes on
    waiting = session.exec(
        select(Case).where(
            Case.state == "open",
            Case.candidate == tap.candidate,
            Case.sitting == tap.sitting,
            col(Case.tap).is_not(None),
            Case.tap != tap.id,
            col(Case.kind).in_(RESULTS),
        )
    ).all()
    for case in waiting:
        case.state, case.decision, case.decided_at = "decided", SUPERSEDED, box.now()
        case.reason = REASON
        session.add(case)
        session.flush()
        body = {"case": case.id, "kind": case.kind, "before": case.tap, "tap": tap.id, "code": tap.code}
        append(session, "case.superseded", case.candidate or case.id, actor, body, at=box.now())
