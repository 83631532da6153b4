"""Alarms as lines of text with a mark."""

from appliance.base.i18n import _
from appliance.wire.ops import State
from ops_tui.models.words import Times


def alarm_lines(state: State) -> list[tuple[str, str]]:
    """Worst first: what is wrong (marked red or amber), then what to do (not marked)."""
    times = Times(state.site.timezone)
    lines: list[tuple[str, str]] = []
    for alarm in state.alarms:
        since = (
            " " + _("since {time}").format(time=times.stamp(alarm.since, state.now)) if alarm.since else ""
        )
        sign = "!!" if alarm.level == "red" else "! "
        lines.append((f"{sign} {alarm.text}{since}", alarm.level))
        if alarm.next:
            lines.append((f"   {alarm.next}", ""))
    return lines or [(_("+ No alarm."), "green")]
