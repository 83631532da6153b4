"""Ordering that recordings past their date be deleted: by two people, or by the site's setting.

An order names moments, not files: what may go by then and is not on hold. What it took is told back and journaled.
"""

from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.flow.hold_recordings import LIFTERS, allowed, reason_given
from appliance.records.journal import append
from appliance.records.retention import RecordingDeletion
from appliance.rules.retention import last_day_that_may_go, may_go_from
from appliance.wire.archive import Permit

AFTER_LIFTING = timedelta(days=7)
"""Where the site's setting deletes: so long what was on hold stays after the hold was lifted."""


def midnight(box: Box, day: date) -> datetime:
    """The beginning of a day of the site's calendar."""
    return datetime.combine(day, time(), box.zone)


def past_before(box: Box, today: date) -> datetime:
    """Recordings of no sitting that began before this are past their date on `today`."""
    last = last_day_that_may_go(today, box.settings.storage.keep_years)
    return midnight(box, last.fromordinal(last.toordinal() + 1))


def kept_until(box: Box, recorded: datetime) -> datetime:
    """The first moment at which what was recorded then may be deleted."""
    return midnight(box, may_go_from(box.local(recorded).date(), box.settings.storage.keep_years))


def order_deletion(
    session: Session, box: Box, reason: str, who: Who, second_login: str, command: str
) -> RecordingDeletion:
    """Everything that is past its date today may be deleted. Refused where the site's setting deletes by itself."""
    if known := session.get(RecordingDeletion, command):
        return known
    reason = reason_given(reason)
    if box.settings.storage.deletion == "policy":
        raise Refused(
            "deleted_by_policy",
            N_("This site deletes what is past its date by its configuration."),
            N_("Nothing is to be done."),
        )
    allowed(who, LIFTERS)
    second = second_person(session, who, second_login, LIFTERS)
    order = RecordingDeletion(
        id=command,
        due=midnight(box, box.today()),
        before=past_before(box, box.today()),
        reason=reason,
        ordered_at=box.now(),
        ordered_by=who.account,
        second_by=second.id,
    )
    session.add(order)
    session.flush()
    body = {"due": order.due, "before": order.before, "reason": reason, "second": second.id}
    append(session, "storage.deletion_ordered", order.id, who.actor, body, at=order.ordered_at)
    return order


def _last_order(session: Session) -> RecordingDeletion | None:
    return session.exec(select(RecordingDeletion).order_by(col(RecordingDeletion.ordered_at).desc())).first()


def ordered_at(session: Session, box: Box) -> datetime | None:
    """A hold lifted after this is not covered: by the last order, or by the setting some days later."""
    if box.settings.storage.deletion == "policy":
        return midnight(box, box.today()) - AFTER_LIFTING
    order = _last_order(session)
    return order.ordered_at if order else None


def permit(session: Session, box: Box) -> Permit | None:
    """What exam-archive may delete now."""
    if box.settings.storage.deletion == "policy":
        today = box.today()
        return Permit(
            id=f"policy-{today:%Y%m%d}",
            due=midnight(box, today),
            before=past_before(box, today),
            why=f"kept {box.settings.storage.keep_years} years",
            who="policy",
        )
    order = _last_order(session)
    if order is None:
        return None
    return Permit(
        id=order.id,
        due=order.due,
        before=order.before,
        why=order.reason,
        who=f"account:{order.ordered_by} account:{order.second_by}",
    )
