"""Verdicts: theory and practical combined, and their release by a person."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlmodel import Session, col, func, or_, select

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.paper_proof import refused_papers
from appliance.flow.today import day_bounds, sittings_of_day
from appliance.flow.voided import at_stake, decided_last, in_question, voided_sittings
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.entry import Case
from appliance.records.journal import append
from appliance.records.practical import ScoreSheet
from appliance.records.roster import Roster, RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.records.verdict import Release, Verdict
from appliance.records.violations import Violation
from appliance.rules import verdict as rule
from appliance.rules.violations import Sat

SUBJECTS = ("theory", "practical")

BLOCKERS = {
    "sitting_open": N_("A sitting has not ended yet."),
    "case_open": N_("A case at the entrance has not been decided."),
    "exam_case_open": N_("A case of the exam has not been decided."),
    "violation_open": N_("A violation has not been decided."),
    "captures_waiting": N_("Pictures of the seats have not been looked at yet."),
    "unmarked": N_("Papers handed in are not marked yet."),
}
"""Code of `blockers` -> sentence."""

LOOKED_AT_WITHIN = timedelta(hours=2)
"""A picture holds the release no longer: where exam-faces stands still its alarm says so, and people decide."""


def newest_mark(
    session: Session, candidate: str, trade: str, subject: str, before: datetime | None = None
) -> Mark | None:
    """The mark that counts: the newest of a subject of a trade. `before`: of the sittings that began before it."""
    found = (
        select(Mark)
        .join(Attempt, col(Attempt.id) == col(Mark.attempt))
        .join(Sitting, col(Sitting.id) == col(Attempt.sitting))
        .where(Attempt.candidate == candidate, Sitting.trade == trade, Sitting.subject == subject)
        .order_by(col(Mark.marked_at).desc(), col(Mark.version).desc())
    )
    return session.exec(found if before is None else found.where(col(Sitting.starts_at) < before)).first()


def has_passed(session: Session, box: Box, candidate: str, trade: str, subject: str) -> bool:
    """Is the mark that counts of a subject of a trade a pass, not voided, and not at stake in an open violation?"""
    mark = newest_mark(session, candidate, trade, subject)
    if mark is None or not mark.passed:
        return False
    return not in_question(session, box, session.get_one(Attempt, mark.attempt))


def held(session: Session, candidate: str, trade: str) -> bool:
    """Does a roster row loaded by hand still wait for the province?"""
    row = session.exec(
        select(RosterRow.id)
        .join(Roster, col(Roster.id) == col(RosterRow.roster))
        .join(Sitting, col(Sitting.id) == col(RosterRow.sitting))
        .where(
            RosterRow.candidate == candidate,
            Sitting.trade == trade,
            Roster.source == "manual",
            col(RosterRow.confirmed_at).is_(None),
        )
    ).first()
    return row is not None


def decide_verdict(
    session: Session, box: Box, candidate: str, trade: str, actor: str, until: str = ""
) -> Verdict:
    """Combine what there is; replaces a verdict that was not released yet when it changed.

    After the release a newer result (a resit of the same day) makes a new verdict, to be released by itself; so does
    a decision on a violation that changes it. `until`: as it stood at the end of that local day.
    """
    before = day_bounds(box, until)[1] if until else None
    marks = {subject: newest_mark(session, candidate, trade, subject, before) for subject in SUBJECTS}
    gone = _until(voided_sittings(session, box, candidate), until)
    day = _exam_day(session, box, [mark.attempt for mark in marks.values() if mark], list(gone))
    voided = _voided_subjects(session, trade, marks, gone, day)
    results = {
        subject: rule.Result(mark.points, mark.passed) if mark else None for subject, mark in marks.items()
    }
    undecided = _voided_subjects(session, trade, marks, _until(at_stake(session, box, candidate), until), day)
    found = rule.combine(results["theory"], results["practical"], voided, bool(undecided))
    points = tuple(
        Decimal(0) if one in voided else mark.points if mark else None for one, mark in marks.items()
    )
    verdict = session.exec(
        select(Verdict)
        .where(Verdict.candidate == candidate, Verdict.trade == trade, Verdict.day == day)
        .order_by(col(Verdict.release).is_(None).desc(), col(Verdict.decided_at).desc())
    ).first()
    newest = max((mark.marked_at for mark in marks.values() if mark), default=box.now())
    unchanged = verdict is not None and (verdict.code, verdict.theory, verdict.practical) == (
        found.code,
        *points,
    )
    decided = decided_last(session, candidate)
    if not unchanged and decided is not None:
        newest = max(newest, decided)
    if verdict is None or (verdict.release is not None and newest > verdict.decided_at):
        verdict = Verdict(
            id=new_id(),
            candidate=candidate,
            trade=trade,
            day=day,
            passed=found.passed,
            code="",
            decided_at=box.now(),
        )
        unchanged = False
    if verdict.release is not None or unchanged:
        return verdict
    verdict.theory, verdict.practical = points
    verdict.passed, verdict.code, verdict.decided_at = found.passed, found.code, box.now()
    _reached(session, verdict, actor)
    return verdict


def _reached(session: Session, verdict: Verdict, actor: str) -> None:
    verdict.held = held(session, verdict.candidate, verdict.trade)
    session.add(verdict)
    session.flush()
    body = {
        "verdict": verdict.id,
        "trade": verdict.trade,
        "theory": "" if verdict.theory is None else str(verdict.theory),
        "practical": "" if verdict.practical is None else str(verdict.practical),
        "passed": verdict.passed,
        "code": verdict.code,
        "held": verdict.held,
    }
    append(session, "verdict.reached", verdict.candidate, actor, body, at=verdict.decided_at)


def _until(sat: dict[str, Sat], day: str) -> dict[str, Sat]:
    return {name: one for name, one in sat.items() if not day or one.day.isoformat() <= day}


def decide_days(session: Session, box: Box, candidate: str, trade: str, actor: str) -> None:
    """What `decide_verdict` says, and the same for each day whose verdict was not released: an earlier day says what
    it would have said without waiting. One that waited and has nothing to say of its day goes.
    """
    newest = decide_verdict(session, box, candidate, trade, actor)
    marked = _marked_days(session, box, candidate, trade)
    rows = select(Verdict).where(
        Verdict.candidate == candidate,
        Verdict.trade == trade,
        Verdict.day < newest.day,
        col(Verdict.release).is_(None),
    )
    for one in session.exec(rows.order_by(col(Verdict.day))).all():
        if one.day in marked:
            decide_verdict(session, box, candidate, trade, actor, until=one.day)
        elif one.code == "violation_open":
            _withdraw(session, box, one, actor)
    session.flush()


def _withdraw(session: Session, box: Box, one: Verdict, actor: str) -> None:
    body = {"verdict": one.id, "trade": one.trade, "code": one.code}
    session.delete(one)
    append(session, "verdict.withdrawn", one.candidate, actor, body, at=box.now())


def _marked_days(session: Session, box: Box, candidate: str, trade: str) -> set[str]:
    marked = (
        select(Sitting.starts_at)
        .join(Attempt, col(Attempt.sitting) == col(Sitting.id))
        .join(Mark, col(Mark.attempt) == col(Attempt.id))
        .where(Attempt.candidate == candidate, Sitting.trade == trade)
    )
    return {box.local(start).date().isoformat() for start in session.exec(marked)}


def withdraw_voided(session: Session, box: Box, candidate: str, trade: str, actor: str) -> None:
    """Take back verdicts that said only that a result was taken away, once no decision says so any more.

    One that was not released goes; on top of a released one comes that there is no result. Days with a mark are
    combined by `decide_verdict`.
    """
    gone = voided_sittings(session, box, candidate).values()
    known = {one.day.isoformat() for one in gone if one.trade == trade}
    known |= _marked_days(session, box, candidate, trade)
    rows = select(Verdict).where(Verdict.candidate == candidate, Verdict.trade == trade)
    last: dict[str, Verdict] = {}
    for one in session.exec(rows.order_by(col(Verdict.decided_at), col(Verdict.id))).all():
        if one.day in known:
            continue
        if one.release is not None:
            last[one.day] = one
        elif one.code.endswith("voided") or one.code == "violation_open":
            _withdraw(session, box, one, actor)
        else:
            last[one.day] = one
    session.flush()
    none = rule.combine(None, None)
    for day, one in last.items():
        if one.code.endswith("voided"):
            again = Verdict(
                id=new_id(),
                candidate=candidate,
                trade=trade,
                day=day,
                passed=none.passed,
                code=none.code,
                decided_at=box.now(),
            )
            _reached(session, again, actor)


def _voided_subjects(
    session: Session, trade: str, marks: dict[str, Mark | None], gone: dict[str, Sat], day: str
) -> list[str]:
    """Subjects whose newest result is in `gone`; without any result, whose sitting of this exam is."""
    this = {one.subject for one in gone.values() if one.trade == trade and one.day.isoformat() >= day}
    found = []
    for subject, mark in marks.items():
        last = session.get_one(Attempt, mark.attempt).sitting if mark else None
        if subject in this if last is None else last in gone:
            found.append(subject)
    return found


def _exam_day(session: Session, box: Box, attempts: list[str], voided: list[str]) -> str:
    """The local day of the last sitting that counts (or would), whenever its marking comes about."""
    marked = select(Attempt.sitting).where(col(Attempt.id).in_(attempts))
    start = session.exec(
        select(func.max(Sitting.starts_at)).where(
            or_(col(Sitting.id).in_(marked), col(Sitting.id).in_([] if attempts else voided))
        )
    ).one()
    return (box.local(start).date() if start else box.today()).isoformat()


def captures_waiting(session: Session, box: Box, sittings: list[str]) -> int:
    """How many pictures of these sittings exam-faces has yet to look at: each may still become a case."""
    return session.exec(
        select(func.count())
        .select_from(Capture)
        .join(Attempt, col(Attempt.id) == col(Capture.attempt))
        .where(
            Capture.state == "waiting",
            col(Capture.recorded_at) > box.now() - LOOKED_AT_WITHIN,
            col(Attempt.sitting).in_(sittings),
        )
    ).one()


def blockers(session: Session, box: Box, day: str) -> list[str]:
    """Why a day's results cannot be released yet, as codes; empty when they can."""
    found = []
    sittings = sittings_of_day(session, box, day)
    ids = [sitting.id for sitting in sittings]
    if any(sitting.state in ("planned", "running") for sitting in sittings):
        found.append("sitting_open")
    open_cases = session.exec(select(Case.id).where(Case.state == "open", col(Case.sitting).in_(ids))).first()
    if open_cases is not None:
        found.append("case_open")
    exam_cases = select(ExamCase.id).where(ExamCase.state == "open", col(ExamCase.sitting).in_(ids))
    if session.exec(exam_cases).first() is not None:
        found.append("exam_case_open")
    undecided = select(Violation.id).where(Violation.decision == "", col(Violation.sitting).in_(ids))
    if session.exec(undecided).first() is not None:
        found.append("violation_open")
    if captures_waiting(session, box, ids):
        found.append("captures_waiting")
    ours = [one.id for one in sittings if one.delivery == "own"]  # the province marks what it shows itself
    unmarked = session.exec(
        select(Attempt.paper, Attempt.sitting, Attempt.candidate).where(
            col(Attempt.sitting).in_(ours), Attempt.state == "handed_in"
        )
    ).all()
    refused = refused_papers(session, ours) if unmarked else set()  # these stay without a mark
    if any(
        paper not in refused and sitting not in voided_sittings(session, box, who)
        for paper, sitting, who in unmarked
    ):
        found.append("unmarked")
    return found


def scored_on(session: Session, box: Box, day: str, account: str) -> bool:
    """Did this account sign a score sheet on a local day? Then it does not release that day's results."""
    start, end = day_bounds(box, day)
    signed = select(ScoreSheet.id).where(
        ScoreSheet.examiner == account,
        col(ScoreSheet.signed_at) >= start,
        col(ScoreSheet.signed_at) < end,
    )
    return session.exec(signed).first() is not None


def release_day(session: Session, box: Box, day: str, who: Who) -> Release:
    """Release a day's verdicts. Not by somebody who scored on that day; rows still held stay behind."""
    reasons = blockers(session, box, day)
    if reasons:
        raise Refused(
            "not_releasable",
            BLOCKERS[reasons[0]],
            N_("Settle this first; the results page names every point."),
        )
    if scored_on(session, box, day, who.account):
        raise Refused(
            "scored_yourself", N_("Who scored may not release."), N_("Another person releases the results.")
        )
    verdicts = session.exec(select(Verdict).where(Verdict.day == day, col(Verdict.release).is_(None))).all()
    for one in verdicts:
        one.held = held(session, one.candidate, one.trade)
        session.add(one)
    ready = [one for one in verdicts if not one.held and one.code != "violation_open"]
    if not ready:
        raise NotFound(
            "nothing_to_release", N_("There is nothing to release."), N_("Held rows wait for the province.")
        )
    release = Release(id=new_id(), day=day, count=len(ready), released_by=who.account, released_at=box.now())
    session.add(release)
    session.flush()
    for one in ready:
        one.release = release.id
        session.add(one)
    for sitting in sittings_of_day(session, box, day):
        sitting.state = "released"
        session.add(sitting)
    session.flush()
    body = {
        "release": release.id,
        "day": day,
        "count": len(ready),
        "held": len(verdicts) - len(ready),
        "passed": sum(bool(one.passed) for one in ready),
        "verdicts": [one.id for one in ready],
    }
    append(session, "results.released", release.id, who.actor, body, at=box.now())
    return release
