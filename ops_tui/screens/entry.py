"""2 Entry: lanes with reader, gate and camera; opening a gate with a reason and a second person."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.wire.ops import OpenLane
from ops_tui.models import tables
from ops_tui.screens.lists import ListScreen
from ops_tui.widgets.ask import Ask, Field


class EntryScreen(ListScreen):
    """The one look: may people come in everywhere?"""

    NAME = "entry"
    TITLE_ID = N_("Entry")
    EXPLAIN = N_(
        "Every lane with its card reader, gate and face camera. o opens the chosen gate once, without an "
        "admission: it needs a reason and a second person's own password, and is kept in the journal."
    )
    COLUMNS = tables.ENTRY
    EMPTY = N_("No lane is configured.")
    OWN: ClassVar[list[BindingType]] = [Binding("o", "open_lane", N_("open gate"))]
    BINDINGS = OWN
    rows = tables.entry

    def action_open_lane(self) -> None:
        """o: open the chosen lane's gate once."""
        row = self.table.chosen
        if row is None:
            return
        command = new_id()  # one order, however often it is sent

        async def send(values: dict[str, str]) -> str:
            order = OpenLane(
                command=command,
                lane=row.key,
                reason=values["reason"],
                second_login=values["login"],
                second_password=values["password"],
            )
            await self.ops.client.open_lane(order)
            return _("The order to open lane {lane} is given.").format(lane=row.cells[1])

        fields = [
            Field("reason", _("Reason")),
            Field("login", _("Second person: login")),
            Field("password", _("Second person: password"), secret=True),
        ]
        title = _("Open the gate of lane {lane} once").format(lane=f"{row.cells[0]} {row.cells[1]}")
        hint = _("Reason and both names are kept in the journal.")
        self.ops.push_screen(Ask(title, hint, fields, send), self.ops.done)
