"""The newest card of a lane, for its entry screen. No writes."""

from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.flow.desk import TapLine, tap_line
from appliance.flow.supersede import SUPERSEDED
from appliance.records.entry import Admission, Tap
from appliance.rules.entry_screen import ADMIT_S


class LaneTap(msgspec.Struct, frozen=True):
    """`newest`: when the newest card was put down; `shown`: the card whose result stands on the screen."""

    newest: datetime
    shown: TapLine


def last_of_lane(session: Session, box: Box, lane: str) -> LaneTap | None:
    """The newest tap of a lane; none from before the clock was set back.

    Who was just let in and puts the card down once more is not sent to the staff: the first result stands.
    """
    now = box.now()
    tap = session.exec(
        select(Tap)
        .where(Tap.lane == lane, Tap.recorded_at <= now + timedelta(seconds=2))
        .order_by(col(Tap.recorded_at).desc())
        .limit(1)
    ).first()
    if tap is None:
        return None
    shown = tap
    if tap.code == "already_inside":
        first = session.exec(
            select(Tap)
            .join(Admission, col(Admission.tap) == col(Tap.id))
            .where(
                Admission.candidate == tap.candidate,
                Admission.lane == lane,
                Admission.recorded_at > now - timedelta(seconds=ADMIT_S),
            )
        ).first()
        shown = first or tap
    seen = tap_line(session, box, shown, counts=False)
    if (
        seen.decision == SUPERSEDED
    ):  # by a card at another lane: nothing new has happened to whoever stands here
        seen.decision, seen.decided_at = "", None
    return LaneTap(newest=tap.happened_at, shown=seen)
