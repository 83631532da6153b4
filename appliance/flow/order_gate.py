"""Orders to a gate: given with a decision, carried out by the gatehouse after the commit, at most once.

An order is `started` before the pulse is sent and settled after it. After a restart an expired or started order
is settled as not done or unknown and never fired again.
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from appliance.base.clock import Jumps
from appliance.base.errors import Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import is_id, new_id
from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.records.entry import GateOrder
from appliance.records.journal import append

OUTCOMES = ("done", "not_done", "unknown")


def order_gate(
    session: Session,
    box: Box,
    lane: str,
    actor: str,
    admission: str | None = None,
    reason: str = "",
    order_id: str = "",
    absence: str | None = None,
    confirmed_by: str = "",
) -> GateOrder:
    """Record an order to open `lane` once; it is void after the lane's time to live."""
    settings = next((one for one in box.settings.lanes if one.code == lane), None)
    if settings is None:
        raise NotFound("no_lane", N_("There is no lane {lane}."), N_("Check the configuration."), lane=lane)
    now = box.now()
    order = GateOrder(
        id=order_id or new_id(),
        lane=lane,
        admission=admission,
        absence=absence,
        reason=reason,
        ordered_by=actor,
        confirmed_by=confirmed_by,
        ordered_at=now,
        expires_at=now + timedelta(seconds=settings.gate.ttl),
    )
    session.add(order)
    session.flush()
    body = {"order": order.id, "admission": admission or "", "reason": reason}
    if absence:
        body["absence"] = absence
    append(session, "gate.ordered", lane, actor, body, at=now)
    return order


def open_lane(
    session: Session, box: Box, lane: str, reason: str, who: Who, second_login: str, command: str
) -> GateOrder:
    """Open a lane without an admission: a reason and a second person. `command` makes a replay harmless.

    Raises Corrupt when it is no id: a replay with an empty one would be a second opening.
    """
    if not is_id(command):
        raise Corrupt("bad_command", N_("This page is out of date."), N_("Open it again."))
    if known := session.get(GateOrder, command):
        return known
    if not reason.strip():
        raise Refused("reason_missing", N_("Please give a reason."), N_("Write a few words and try again."))
    second = second_person(session, who, second_login, ("entry", "chief", "invigilator", "admin"))
    by = f"account:{second.id}"
    order = order_gate(
        session, box, lane, who.actor, reason=reason.strip(), order_id=command, confirmed_by=by
    )
    append(session, "gate.confirmed", lane, by, {"order": order.id}, at=box.now())
    return order


def begin_order(session: Session, box: Box, order_id: str, until: float | None = None) -> bool:
    """Claim an order before the pulse; False when it was claimed, settled or has expired meanwhile.

    `until`: monotonic seconds of the box's clock at which it expires; without it the order's own time counts.
    """
    order = session.get_one(GateOrder, order_id)
    if order.outcome:
        return False
    if order.expires_at <= box.now() if until is None else until <= box.clock.monotonic():
        _settle(session, box, order, "not_done", "expired")
        return False
    order.outcome = "started"
    session.add(order)
    return True


def settle_order(session: Session, box: Box, order_id: str, outcome: str, detail: str = "") -> None:
    """Record what came of the pulse: done, not_done or unknown."""
    order = session.get_one(GateOrder, order_id)
    if order.outcome in OUTCOMES:
        return
    _settle(session, box, order, outcome, detail)


def settle_leftovers(session: Session, box: Box, lanes: list[str]) -> int:
    """At the gatehouse's start: what was in flight is unknown, what expired was not done. Returns the number.

    An order from the future was given before the clock was set back: nobody knows its age, it is not carried out.
    """
    now = box.now()
    count = 0
    left = session.exec(
        select(GateOrder).where(col(GateOrder.lane).in_(lanes), col(GateOrder.outcome).in_(("", "started")))
    ).all()
    for order in left:
        if order.outcome == "started":
            _settle(session, box, order, "unknown", "restart")
        elif order.expires_at <= now or order.ordered_at > now + timedelta(seconds=Jumps.LEAST):
            _settle(session, box, order, "not_done", "expired")
        else:
            continue
        count += 1
    return count


def pending_orders(session: Session, lanes: list[str]) -> list[GateOrder]:
    """Orders nobody has begun, oldest first."""
    return list(
        session.exec(
            select(GateOrder)
            .where(col(GateOrder.lane).in_(lanes), GateOrder.outcome == "")
            .order_by(col(GateOrder.ordered_at))
        )
    )


def _settle(session: Session, box: Box, order: GateOrder, outcome: str, detail: str) -> None:
    order.outcome, order.settled_at = outcome, box.now()
    session.add(order)
    session.flush()
    body = {"order": order.id, "admission": order.admission or "", "outcome": outcome, "detail": detail}
    append(session, "gate.settled", order.lane, "process:gate", body, at=box.now())
