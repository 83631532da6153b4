"""Everything about one line: heading and text, one under the other."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import _
from ops_tui.widgets.dialog import Dialog


def pairs(lines: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> Content:
    """Headings in one column, texts in the other."""
    width = max((cell_len(heading) for heading, _text in lines), default=0) + 2
    shown = []
    for heading, text in lines:
        gap = " " * (width - cell_len(heading))
        shown.append(Content.styled(heading, "bold") + Content(gap + text))
    return Content("\n").join(shown)


class Detail(Dialog[None]):
    """Opened by Enter, closed by Esc or Enter."""

    BINDINGS = [("enter", "close", ""), ("q", "close", "")]

    def __init__(self, title: str, lines: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """Title and lines."""
        with VerticalScroll():
            yield Static(Content(self._title), classes="title")
            yield Static(pairs(self._lines), classes="text")
            yield Static(Content(_("Esc: close")), classes="hint")
