"""`a`: every alarm, worst first, with what to do about it."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import _
from appliance.wire.ops import State
from ops_tui.models.alarm_lines import alarm_lines
from ops_tui.widgets.dialog import Dialog
from ops_tui.widgets.signals import MARKS


def shown(state: State) -> Content:
    """All alarms as styled text."""
    parts = [
        Content.styled(text, MARKS[mark]) if mark else Content(text) for text, mark in alarm_lines(state)
    ]
    return Content("\n").join(parts)


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
        return shown(self._state)
