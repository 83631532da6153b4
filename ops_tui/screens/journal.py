"""7 Journal: what was recorded, newest first, followed as it grows."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from appliance.base.errors import ExamError
from appliance.base.i18n import N_, _
from appliance.wire.ops import JournalLine, State
from ops_tui.models import machine
from ops_tui.screens.lists import ListScreen
from ops_tui.widgets.table import Table

PAGE = 100


class JournalScreen(ListScreen):
    """The one look: what happened last, and who did it."""

    NAME = "journal"
    TITLE_ID = N_("Journal")
    EXPLAIN = N_(
        "The journal, newest entry first. / searches kind, actor and subject on the box; b shows "
        "older entries. "
        "Entries hold ids and never names. Answers are not shown to this account."
    )
    OWN: ClassVar[list[BindingType]] = [Binding("b", "older", N_("older"))]
    BINDINGS = OWN
    COLUMNS = machine.JOURNAL
    EMPTY = N_("No entry holds this.")

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[int, JournalLine] = {}
        self._logins: dict[str, str] = {}

    def compose_body(self) -> ComposeResult:
        """The table."""
        yield Table(self.COLUMNS, self.EMPTY)

    def on_screen_resume(self) -> None:
        """Shown again: ask."""
        super().on_screen_resume()
        self.ask_newest()

    def ask_newest(self) -> None:
        """Fetch what is new; called when the journal grew."""
        self._ask(None)

    def action_older(self) -> None:
        """b: one page further back."""
        if self._lines:
            self._ask(min(self._lines))

    def filtered(self) -> None:
        """The box searches: drop what is shown."""
        self._lines = {}
        self.ask_newest()

    @work(exclusive=True)
    async def _ask(self, before: int | None) -> None:
        if not self.is_current or not self.ops.client.signed_in:
            return
        wanted = self.filter
        try:
            if not self._logins:
                self._logins = {one.account: one.login for one in await self.ops.client.people()}
            page = await self.ops.client.journal(wanted, before=before, limit=PAGE)
        except ExamError as error:
            self.ops.failed(error)
            return
        if wanted != self.filter:
            return
        if before is not None and not page.entries:
            self.tell(_("There is nothing older."))
        gap = before is None and page.entries and self._lines and page.entries[0].seq > max(self._lines)
        if gap and len(page.entries) == PAGE:
            self._lines = {}  # more came than a page holds: no hole may look like a whole
        self._lines.update({line.seq: line for line in page.entries})
        self.refresh_body()

    def show(self, state: State) -> None:
        """The entries."""
        names = {one.lane: one.name for one in state.lanes} | self._logins
        rows = machine.journal(list(self._lines.values()), state.site.timezone, names)
        self.table.show(rows)
