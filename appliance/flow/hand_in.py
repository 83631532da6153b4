"""Handing in: by the candidate, by time, by an invigilator."""

from datetime import datetime

from sqlmodel import Session, col, select

from appliance.base.errors import Refused, Stale
from appliance.base.i18n import N_
from appliance.flow.attempt_view import Standing, lease_of, standing
from appliance.flow.box import Box
from appliance.flow.exam_now import exam_now
from appliance.flow.pauses import end_pauses
from appliance.flow.rules_of import rules_of
from appliance.records.journal import append
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.wire.station import HandIn


def hand_in(session: Session, box: Box, token_hash: str, sent: HandIn) -> Standing:
    """The candidate hands in. Stale while a change is missing; a replay changes nothing.

    After an automatic hand-in the same message says that the page keeps nothing unsent.
    """
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    if attempt.id != sent.attempt or lease.number != sent.lease:
        raise Refused("not_your_attempt", N_("This is not the attempt of this seat."), N_("Sign in again."))
    if sent.n > lease.n:
        raise Stale(lease.n + 1)
    if attempt.state == "running":
        if lease.number < attempt.lease:
            raise Refused(
                "moved_seat",
                N_("This exam goes on at another seat."),
                N_("Hand in there, or raise your hand."),
            )
        _require_ours(session, attempt)
        _require_time_to_leave(session, box, attempt)
        close_attempt(session, attempt, "candidate", f"seat:{lease.seat}", box.now())
    if attempt.state == "handed_in" and attempt.settled_at is None and lease.number == attempt.lease:
        attempt.settled_at = box.now()
        session.add(attempt)
        session.flush()
    return standing(session, box, token_hash)


def _require_ours(session: Session, attempt: Attempt) -> None:
    if session.get_one(Sitting, attempt.sitting).delivery != "own":
        raise Refused(
            "answered_elsewhere",
            N_("This exam is answered on the province's page."),
            N_("Hand in there; if that page is not shown, raise your hand."),
        )


def _require_time_to_leave(session: Session, box: Box, attempt: Attempt) -> None:
    """Nobody leaves before the earliest moment the rules of this exam name."""
    around = exam_now(session, attempt, session.get_one(Sitting, attempt.sitting))
    if box.now() >= around.hand_in_from:
        return
    if not around.early_hand_in:
        raise Refused(
            "no_early_hand_in",
            N_("Nobody hands in before the end of this exam."),
            N_("Go on; at the end the system hands in by itself."),
        )
    raise Refused(
        "too_early_to_leave",
        N_("Nobody may hand in before {time}."),
        N_("Go on, or look through your answers again."),
        time=box.local(around.hand_in_from).strftime("%H:%M"),
    )


def force_hand_in(session: Session, box: Box, attempt_id: str, reason: str, actor: str) -> Attempt:
    """An invigilator hands in for a candidate, with a reason."""
    attempt = session.get_one(Attempt, attempt_id)
    if attempt.state == "running":
        if not reason.strip():
            raise Refused(
                "reason_missing", N_("Please give a reason."), N_("Write a few words and try again.")
            )
        close_attempt(session, attempt, "forced", actor, box.now(), reason)
    return attempt


def close_due(session: Session, box: Box) -> list[str]:
    """Hand in every attempt whose time is over, whether its station lives or not; returns their ids.

    A paused one waits, where the rules give the time back.
    """
    now = box.now()
    over = session.exec(select(Attempt).where(Attempt.state == "running", col(Attempt.deadline) <= now)).all()
    due = [one for one in over if one.paused_at is None or not _given_back(session, one)]
    for attempt in due:
        close_attempt(session, attempt, "time", "process:web", now)
    return [attempt.id for attempt in due]


def _given_back(session: Session, attempt: Attempt) -> bool:
    return rules_of(session.get_one(Sitting, attempt.sitting)).time_lost == "given_back"


def close_attempt(
    session: Session, attempt: Attempt, how: str, actor: str, now: datetime, reason: str = ""
) -> None:
    """Close one running attempt."""
    attempt.state, attempt.handed_in, attempt.handed_in_at = "handed_in", how, now
    if attempt.paused_at is not None:
        attempt.paused_at = None
        end_pauses(session, attempt.sitting, attempt.id, actor, now)
    session.add(attempt)
    session.flush()
    body = {"attempt": attempt.id, "how": how} | ({"reason": reason} if reason else {})
    append(session, "attempt.handed_in", attempt.candidate, actor, body, at=now)
