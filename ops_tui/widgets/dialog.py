"""What the dialogs share: a plain box in the middle, Esc closes it."""

from typing import TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen

from appliance.base.i18n import N_

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """Base of the dialogs."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > VerticalScroll {
        width: 76; max-width: 96%; height: auto; max-height: 90%;
        border: ascii $primary; padding: 0 1; background: $surface;
    }
    Dialog .title { text-style: bold; height: auto; margin-bottom: 1; }
    Dialog .label { height: 1; }
    Dialog .hint { color: $text-muted; height: auto; }
    Dialog .wrong { color: $error; text-style: bold; height: auto; }
    Dialog Input { border: none; height: 1; padding: 0 1; background: $panel; margin-bottom: 1; }
    Dialog Input:focus { border: none; background: $primary 30%; text-style: bold; }
    Dialog Checkbox, Dialog Checkbox:focus { border: none; height: 1; padding: 0; margin-bottom: 1; }
    Dialog .text { height: auto; }
    """
    BINDINGS = [Binding("escape", "close", N_("close"))]

    def action_close(self) -> None:
        """Esc."""
        self.dismiss(None)
