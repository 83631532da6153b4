"""The wall of stations on the screen: arrows move, the chosen cell stands in brackets."""

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from appliance.base.i18n import N_, _
from appliance.wire.ops import SeatTile
from ops_tui.models.wall import Cell, Wall, lay_out, move_focus
from ops_tui.widgets.signals import GREEN, QUIET, RED

STYLES = {
    "lost": RED,
    "broken": RED,
    "running": GREEN,
    "handed_in": "bold",
    "free": QUIET,
}


class StationWall(Widget, can_focus=True):
    """60 stations at one look."""

    DEFAULT_CSS = "StationWall { height: 1fr; width: 1fr; padding: 0; }"
    BINDINGS = [
        Binding("left,h", "step(-1, 0)", N_("left"), show=False),
        Binding("right,l", "step(1, 0)", N_("right"), show=False),
        Binding("up,k", "step(0, -1)", N_("up"), show=False),
        Binding("down,j", "step(0, 1)", N_("down"), show=False),
        Binding("n", "next", N_("next that needs somebody"), show=False),
        Binding("enter", "open", N_("open"), show=False),
    ]

    class Chosen(Message):
        """Another seat is under the cursor."""

    class Opened(Message):
        """Enter was pressed on a seat."""

    def __init__(self) -> None:
        super().__init__()
        self.seats: list[SeatTile] = []
        self.at = ""
        self._wall = Wall([], 7, 1)
        self._drawn: Content | None = None
        self._empty = ""

    def show(self, seats: list[SeatTile], empty: str) -> None:
        """Show these seats; `empty`: what to say when there are none."""
        self.seats, self._empty = seats, empty
        if self.at not in {seat.seat for seat in seats}:
            self.at = seats[0].seat if seats else ""
        self._draw()

    @property
    def chosen(self) -> SeatTile | None:
        """The seat under the cursor."""
        return next((seat for seat in self.seats if seat.seat == self.at), None)

    def on_resize(self) -> None:
        """Lay the wall out anew."""
        self._draw()

    def action_step(self, across: int, down: int) -> None:
        """Arrow keys."""
        self.at = move_focus(self._wall, self.at, across, down)
        self._draw()
        self.post_message(self.Chosen())

    def action_next(self) -> None:
        """To the next seat that needs somebody, round and round."""
        order = [one for row in self._wall.rows for one in row if one]
        names = [one.seat for one in order]
        start = names.index(self.at) + 1 if self.at in names else 0
        for one in order[start:] + order[:start]:
            if one.attention:
                self.at = one.seat
                break
        self._draw()
        self.post_message(self.Chosen())

    def action_open(self) -> None:
        """Enter."""
        self.post_message(self.Opened())

    def on_click(self, event: object) -> None:
        """A click chooses a cell."""
        x, y = getattr(event, "x", 0), getattr(event, "y", 0)
        row, column = y // self._wall.height, x // self._wall.width
        if row < len(self._wall.rows) and column < len(self._wall.rows[row]):
            one = self._wall.rows[row][column]
            if one:
                self.at = one.seat
                self._draw()
                self.post_message(self.Chosen())

    def _draw(self) -> None:
        if not self.size.width:
            return
        self._wall = lay_out(self.seats, self.size.width, self.size.height)
        drawn = self._content()
        if self._drawn is None or drawn.plain != self._drawn.plain or drawn.spans != self._drawn.spans:
            self._drawn = drawn
            self.refresh(Region(0, 0, self.size.width, self.size.height))

    def _content(self) -> Content:
        if not self._wall.rows:
            return Content(self._empty)
        lines = []
        for row in self._wall.rows:
            lines.append(Content("").join(self._cell(one, below=False) for one in row))
            if self._wall.height == 2:
                lines.append(Content("").join(self._cell(one, below=True) for one in row))
        return Content("\n").join(lines)

    def _cell(self, one: Cell | None, below: bool) -> Content:
        width = self._wall.width
        if one is None:
            return Content(" " * width)
        here = one.seat == self.at
        text = one.below if below else one.text
        opening, closing = ("[", "]") if here and not below else (" ", " ")
        # Opening mark, text, closing mark, and one free place to the next cell.
        inner = set_cell_size(text, width - 3).rstrip() if cell_len(text) > width - 3 else text
        padded = f"{opening}{inner}{closing}"
        gap = " " * max(0, width - cell_len(padded))
        style = STYLES.get(one.state, "")
        if one.attention:
            style = RED
        if here:
            style = f"{style} reverse".strip()
        return Content.styled(padded, style) + Content(gap) if style else Content(padded + gap)

    def render(self) -> Content:
        """The wall as text."""
        return self._drawn or Content(_("Waiting for the box ..."))
