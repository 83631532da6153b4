"""What a gate's door and fire inputs mean together with the openings that were ordered. Pure.

Alarms of an access control system: forced open, held open, fire (GB 51348-2019, 14.4.1 and 14.4.3; GB 50396-2007,
9.0.1). The fire signal frees the gates by its own wires; here it is seen and recorded, never waited for.
"""

from dataclasses import dataclass, field, replace

from appliance.wire.gate import Alarm

ALARMS: tuple[Alarm, ...] = ("fire", "forced_open", "held_open")

BOUNCE = 0.6
"""Seconds a door has to stay shut to count as shut: doors swing and contacts chatter."""


@dataclass(frozen=True)
class Limits:
    """Seconds: an opened gate may be used for `pass_within`, and its door may stand open for `held_after`."""

    pass_within: float = 10.0
    held_after: float = 20.0


@dataclass(frozen=True)
class Seen:
    """What is known of one gate. Times are monotonic seconds."""

    allowed_until: float | None = None
    """One opening of the door is nobody's fault until then."""
    open_since: float | None = None
    """When the door opened; None = shut."""
    shut_since: float | None = None
    """Within the bounce: since when the contact says shut."""
    forced: bool = False
    fresh: bool = True
    """Nothing was seen yet: a door that stands open then was opened by somebody we cannot know."""
    alarms: frozenset[Alarm] = field(default_factory=frozenset)


def opened(seen: Seen, at: float, limits: Limits) -> Seen:
    """The gate was told to open (or may have been: an unanswered order counts)."""
    return replace(seen, allowed_until=at + limits.pass_within)


def step(seen: Seen, at: float, door_open: bool, fire: bool, limits: Limits) -> Seen:
    """The inputs as read at `at`. `alarms` of the answer is what holds now."""
    if fire:
        # Everybody may go: no opening is a fault, and none is held against anybody afterwards.
        return Seen(fresh=True, alarms=frozenset({"fire"}))
    if door_open:
        seen = replace(seen, shut_since=None)
        if seen.open_since is None:
            allowed = seen.fresh or (seen.allowed_until is not None and at <= seen.allowed_until)
            seen = replace(seen, open_since=at, forced=not allowed, allowed_until=None)
    elif seen.open_since is not None:
        since = at if seen.shut_since is None else seen.shut_since
        if at - since >= BOUNCE:
            seen = replace(seen, open_since=None, shut_since=None, forced=False)
        else:
            seen = replace(seen, shut_since=since)
    held = seen.open_since is not None and at - seen.open_since >= limits.held_after
    alarms: set[Alarm] = set()
    if seen.forced:
        alarms.add("forced_open")
    if held:
        alarms.add("held_open")
    return replace(seen, fresh=False, alarms=frozenset(alarms))
