"""The head of every screen: site, clock, sitting, one line of alarms, state of the line to the box."""

from datetime import datetime

import msgspec

from appliance.base.i18n import _, language
from appliance.wire import ops
from ops_tui.models.words import SITTINGS, SUBJECTS, Times, duration, word


class Link(msgspec.Struct):
    """The line to the box. `down_since` None = up; `offset` = box clock minus this clock, in seconds."""

    down_since: datetime | None = None
    reason: str = ""
    offset: float = 0.0


class Head(msgspec.Struct, frozen=True):
    """Texts of the header; `level`: red, amber, green or stale."""

    site: str
    clock: str
    sitting: str
    alarm: str
    level: str


def head(state: ops.State | None, link: Link, now: datetime) -> Head:
    """`now`: this machine's time; the clock shown is the box's."""
    if state is None:
        alarm = _("No answer from the box: {reason}").format(reason=link.reason) if link.down_since else ""
        return Head("", now.astimezone().strftime("%H:%M:%S"), "", alarm, "stale" if alarm else "")
    times = Times(state.site.timezone)
    name = state.site.name_en if language() == "en" and state.site.name_en else state.site.name
    # In front: a long name is cut at its end.
    site = f"[{_('DEMO')}] {name}" if state.site.demo else name
    shown = datetime.fromtimestamp(now.timestamp() + link.offset, tz=now.tzinfo)
    clock = times.clock(shown) + (f" ({link.offset:+.1f} s)" if abs(link.offset) >= 0.5 else "")
    if link.down_since:
        text = _("? No answer since {since}: {reason} What you see is from {seen}.").format(
            since=times.clock(link.down_since), reason=link.reason, seen=times.clock(state.now)
        )
        return Head(site, clock, sitting(state, shown), text, "stale")
    if not state.alarms:
        return Head(site, clock, sitting(state, shown), _("+ No alarm."), "green")
    first = state.alarms[0]
    since = " " + _("since {time}").format(time=times.stamp(first.since, state.now)) if first.since else ""
    more = f" (+{len(state.alarms) - 1})" if len(state.alarms) > 1 else ""
    sign = "!!" if first.level == "red" else "!"
    return Head(site, clock, sitting(state, shown), f"{sign} {first.text}{since}{more}", first.level)


def sitting(state: ops.State, now: datetime) -> str:
    """The sitting that runs, else the next one."""
    for wanted in ("running", "planned"):
        for one in state.sittings:
            if one.state != wanted:
                continue
            text = _("Sitting {number} {subject} {state}").format(
                number=one.number, subject=word(SUBJECTS, one.subject), state=word(SITTINGS, one.state)
            )
            if wanted == "running" and one.ends_at:
                return (
                    text + " " + _("{left} left").format(left=duration((one.ends_at - now).total_seconds()))
                )
            return text + " " + Times(state.site.timezone).hour(one.starts_at)
    return _("No sitting today") if not state.sittings else _("All sittings are over")
