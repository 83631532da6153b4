"""Two lines at the top of every screen."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import _
from ops_tui.models.header import Head

LEVELS = ("red", "amber", "green", "stale")


class Header(Vertical):
    """Site, clock and sitting above; the worst alarm below."""

    DEFAULT_CSS = """
    Header { height: 2; dock: top; }
    Header Horizontal { height: 1; background: $primary; color: $text; }
    Header .site { width: 1fr; text-style: bold; }
    Header .sitting { width: auto; margin: 0 2; }
    Header .clock { width: auto; }
    Header .alarm { height: 1; width: 100%; padding: 0 1; }
    Header Static { text-overflow: ellipsis; text-wrap: nowrap; }
    Header .site { padding-left: 1; }
    Header .clock { padding-right: 1; }
    Header .alarm.red { background: $error; color: $text; text-style: bold; }
    Header .alarm.amber { background: $warning; color: $text; }
    Header .alarm.green { color: $success; }
    Header .alarm.stale { background: $warning; color: $text; text-style: reverse; }
    """

    def compose(self) -> ComposeResult:
        """Two lines."""
        with Horizontal():
            yield Static(classes="site", markup=False)
            yield Static(classes="sitting", markup=False)
            yield Static(classes="clock", markup=False)
        yield Static(classes="alarm", markup=False)

    def show(self, head: Head) -> None:
        """Write what changed and nothing else: the line may be slow."""
        for name, text in (("site", head.site), ("sitting", head.sitting), ("clock", head.clock)):
            self._write(name, text or ("-" if name == "site" else ""))
        self._write("alarm", head.alarm or _("Waiting for the box ..."))
        alarm = self.query_one(".alarm")
        for level in LEVELS:
            alarm.set_class(level == head.level, level)

    def _write(self, name: str, text: str) -> None:
        part = self.query_one(f".{name}", Static)
        if str(part.content) != text:
            part.update(Content(text))
            if name != "site":
                part.styles.min_width = 0 if name == "alarm" else cell_len(text)
