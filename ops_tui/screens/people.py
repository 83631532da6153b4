"""8 People: accounts, who is signed in, who is locked out."""

from textual import work
from textual.app import ComposeResult

from appliance.base.errors import ExamError
from appliance.base.i18n import N_
from appliance.wire.ops import Person, State
from ops_tui.models import machine
from ops_tui.screens.lists import ListScreen
from ops_tui.widgets.table import Table

EVERY = 10.0


class PeopleScreen(ListScreen):
    """The one look: who works here now?"""

    NAME = "people"
    TITLE_ID = N_("People")
    EXPLAIN = N_(
        "The accounts of the site: role, open sessions, last seen. Accounts are added and reset on "
        "the box with examsite account."
    )
    COLUMNS = machine.PEOPLE
    EMPTY = N_("No account is known yet.")

    def __init__(self) -> None:
        super().__init__()
        self._people: list[Person] = []

    def compose_body(self) -> ComposeResult:
        """The table."""
        yield Table(self.COLUMNS, self.EMPTY)

    def on_mount(self) -> None:
        """Ask now and then."""
        self.set_interval(EVERY, self._ask)

    def on_screen_resume(self) -> None:
        """Shown again: ask."""
        super().on_screen_resume()
        self._ask()

    @work(exclusive=True)
    async def _ask(self) -> None:
        if not self.is_current or not self.ops.client.signed_in:
            return
        try:
            self._people = await self.ops.client.people()
        except ExamError as error:
            self.ops.failed(error)
            return
        self.refresh_body()

    def show(self, state: State) -> None:
        """The accounts."""
        self.table.show(machine.people(self._people, state), self.filter)
