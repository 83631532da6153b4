"""1 Today: the day's sittings. Enter goes to the stations of a sitting."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from appliance.base.i18n import N_
from appliance.wire.ops import State
from ops_tui.models import tables
from ops_tui.screens.lists import ListScreen
from ops_tui.widgets.alarm_list import shown


class TodayScreen(ListScreen):
    """The one look: what is on, and who is where."""

    NAME = "today"
    TITLE_ID = N_("Today")
    EXPLAIN = N_(
        "Today's sittings in order of their start. Here: admitted / expected. Writing: papers open now. "
        "Done: handed in. Pass: passed. Enter shows the sitting's stations, d all its figures."
    )
    COLUMNS = tables.TODAY
    EMPTY = N_("No sitting today. The office loads a roster on its page.")
    OWN: ClassVar[list[BindingType]] = [Binding("d", "detail", N_("figures"))]
    BINDINGS = OWN
    rows = tables.today
    DEFAULT_CSS = """
    TodayScreen Table { height: auto; max-height: 60%; }
    TodayScreen .alarms { height: 1fr; margin-top: 1; overflow: hidden; }
    """

    def compose_body(self) -> ComposeResult:
        """Sittings, and below them what is wrong and what to do."""
        yield from super().compose_body()
        yield Static("", classes="alarms", markup=False)

    def show(self, state: State) -> None:
        """Sittings and alarms."""
        super().show(state)
        self.query_one(".alarms", Static).update(shown(state))

    def action_open(self) -> None:
        """To the stations of the chosen sitting."""
        if row := self.table.chosen:
            self.ops.choose_sitting(row.key)
            self.ops.action_concern("stations")

    def action_detail(self) -> None:
        """All figures of the chosen sitting."""
        if row := self.table.chosen:
            self.open_detail(row.detail)
