"""`a`: every alarm, worst first, with what to do about it."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import _
from appliance.wire.ops import State
from ops_tui.models.words import Times
from ops_tui.widgets.dialog import Dialog


class AlarmList(Dialog[None]):
    """A page of alarms as they stood when it was opened."""

    BINDINGS = [("enter", "close", ""), ("a", "close", ""), ("q", "close", "")]

    def __init__(self, state: State | None) -> None:
        super().__init__()
        self._state = state

    def compose(self) -> ComposeResult:
        """One alarm under the other."""
        with VerticalScroll():
            yield Static(Content(_("Alarms")), classes="title")
            yield Static(self._lines(), classes="text")
            yield Static(Content(_("Esc: close")), classes="hint")

    def _lines(self) -> Content:
        if self._state is None:
            return Content(_("Waiting for the box ..."))
        times = Times(self._state.site.timezone)
        lines = []
        for alarm in self._state.alarms:
            since = ""
            if alarm.since:
                since = " " + _("since {time}").format(time=times.stamp(alarm.since, self._state.now))
            sign = "!!" if alarm.level == "red" else "! "
            style = "bold red" if alarm.level == "red" else "bold"
            lines.append(Content.styled(f"{sign} {alarm.text}{since}", style))
            lines.append(Content(f"   {alarm.next}"))
        return Content("\n").join(lines or [Content(_("+ No alarm."))])
