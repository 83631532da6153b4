"""`?`: what this screen shows, what its signs mean, what its keys do."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import N_, _
from ops_tui.widgets.dialog import Dialog

SIGNS = N_(
    "Signs: + in order, > at work, - nothing, ! look at it, ? silent, x out of order. "
    "The line at the top shows the worst alarm; !! means act now."
)


class Explain(Dialog[None]):
    """A page of help."""

    BINDINGS = [("enter", "close", ""), ("question_mark", "close", ""), ("q", "close", "")]

    def __init__(self, title: str, text: str, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._title, self._text, self._keys = title, text, keys

    def compose(self) -> ComposeResult:
        """Text, signs, keys."""
        with VerticalScroll():
            yield Static(Content(self._title), classes="title")
            yield Static(Content(f"{self._text}\n\n{_(SIGNS)}\n"), classes="text")
            lines = [Content.styled(f"{key:>6}", "bold") + Content(f"  {words}") for key, words in self._keys]
            yield Static(Content("\n").join(lines), classes="text")
            yield Static(Content(_("Esc: close")), classes="hint")
