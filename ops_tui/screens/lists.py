"""Screens that are one table: today, entry, cameras, sync, storage, system."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import DataTable, Static

from appliance.base.i18n import N_
from appliance.wire.ops import State
from ops_tui.models.row import Column, Row
from ops_tui.screens.concern import Concern
from ops_tui.widgets.table import Table


class ListScreen(Concern):
    """A table of the state, with an optional summary above it."""

    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    EMPTY: ClassVar[str] = N_("Nothing to show.")
    rows: ClassVar[Callable[[State], list[Row]]]
    summary: ClassVar[Callable[[State], str] | None] = None

    def compose_body(self) -> ComposeResult:
        """Summary and table."""
        if type(self).summary is not None:
            yield Static("", classes="summary", markup=False)
        yield Table(self.COLUMNS, self.EMPTY)

    @property
    def table(self) -> Table:
        """The table."""
        return self.query_one(Table)

    def show(self, state: State) -> None:
        """Rows of this state."""
        kind = type(self)
        if kind.summary is not None:
            self.query_one(".summary", Static).update(Content(kind.summary(state)))
        self.table.show(kind.rows(state), self.filter)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter or a click on a row."""
        self.action_open()

    def action_open(self) -> None:
        """The detail of the chosen row."""
        if row := self.table.chosen:
            self.open_detail(row.detail)
