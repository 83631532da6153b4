"""`/`: a line to type what the rows must hold; Enter keeps it, Esc clears it."""

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

from appliance.base.i18n import N_, _


class FilterLine(Input):
    """Hidden until asked for; stays visible while a filter holds."""

    DEFAULT_CSS = """
    FilterLine { dock: bottom; height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    FilterLine.open { display: block; }
    """
    BINDINGS = [Binding("escape", "clear", N_("clear"), show=False)]

    class Cleared(Message):
        """Esc was pressed."""

    def __init__(self) -> None:
        super().__init__(placeholder=_("Filter: words that a line must hold"), select_on_focus=False)

    def action_clear(self) -> None:
        """Drop the filter."""
        self.value = ""
        self.remove_class("open")
        self.post_message(self.Cleared())
