"""What every screen has: header, names of the screens, body, filter line, keys."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from appliance.base.i18n import N_, _
from appliance.wire.ops import State
from ops_tui.widgets.alarm_list import AlarmList
from ops_tui.widgets.detail import Detail
from ops_tui.widgets.explain import Explain
from ops_tui.widgets.filter_line import FilterLine
from ops_tui.widgets.header import Header
from ops_tui.widgets.keys import NAMES, Keys
from ops_tui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from ops_tui.app import OpsApp

COMMON: list[BindingType] = [
    Binding("slash", "filter", N_("filter")),
    Binding("enter", "open", N_("open")),
    Binding("a", "alarms", N_("alarms")),
    Binding("question_mark", "explain", N_("explain")),
    Binding("r", "reload", N_("ask again"), show=False),
    Binding("q", "app.quit", N_("quit")),
]


class Concern(Screen[None]):
    """One of the nine screens: subclasses name and explain it, compose a body and show a state."""

    NAME: ClassVar[str] = ""
    TITLE_ID: ClassVar[str] = ""
    EXPLAIN: ClassVar[str] = ""
    OWN: ClassVar[list[BindingType]] = []
    """Keys of this screen alone: they stand first in the footer."""

    AUTO_FOCUS = "Table, StationWall"
    BINDINGS = [*COMMON, Binding("escape", "clear", N_("clear"), show=False)]

    DEFAULT_CSS = """
    Concern #body { height: 1fr; padding: 0 1; }
    Concern .summary { height: auto; color: $text; margin-bottom: 1; }
    Concern .notice { height: auto; max-height: 2; dock: bottom; display: none; padding: 0 1; }
    Concern .notice { background: $success 30%; }
    Concern .notice.open { display: block; }
    Concern .notice.wrong { background: $error 40%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.filter = ""
        self._notice_left = 0

    @property
    def ops(self) -> "OpsApp":
        """The application, by its own type."""
        return cast("OpsApp", self.app)

    def compose(self) -> ComposeResult:
        """Header, tabs, body, footer."""
        yield Header()
        yield Keys(self.own_bindings())
        yield FilterLine()
        yield Static("", classes="notice", markup=False)
        yield Tabs(self.ops.titles, self.NAME)
        with Vertical(id="body"):
            yield from self.compose_body()

    def own_bindings(self) -> list[Binding]:
        """This screen's keys, its own first."""
        return [one for one in (*self.OWN, *COMMON) if isinstance(one, Binding)]

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield Widget()

    def show(self, state: State) -> None:
        """Put a state on the screen."""

    def on_screen_resume(self) -> None:
        """Shown again: nothing old stays on the screen."""
        self.ops.paint()

    def refresh_body(self) -> None:
        """Show the newest state, if there is one."""
        if self.ops.state is not None and self.is_mounted:
            self.show(self.ops.state)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Every key in the filter line counts at once."""
        if isinstance(event.input, FilterLine):
            self.filter = event.value
            self.filtered()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the filter line: back to the rows."""
        if isinstance(event.input, FilterLine):
            if not event.value:
                event.input.remove_class("open")
            self.focus_body()

    def on_filter_line_cleared(self) -> None:
        """Esc in the filter line."""
        self.filter = ""
        self.filtered()
        self.focus_body()

    def filtered(self) -> None:
        """The filter changed."""
        self.refresh_body()

    def focus_body(self) -> None:
        """Put the keyboard on the rows."""
        body = self.query_one("#body")
        target = next((one for one in body.query("*") if one.can_focus), None)
        if target:
            target.focus()

    def action_filter(self) -> None:
        """`/`"""
        line = self.query_one(FilterLine)
        line.add_class("open")
        line.focus()

    def action_clear(self) -> None:
        """Esc: drop the filter."""
        self.query_one(FilterLine).action_clear()

    def action_open(self) -> None:
        """Enter: what stands behind the chosen line."""

    def open_detail(self, lines: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> None:
        """Show the detail of a line."""
        if lines:
            self.ops.push_screen(Detail(_(self.TITLE_ID), lines))

    def action_reload(self) -> None:
        """r: ask the box now."""
        self.ops.ask_now()

    def action_alarms(self) -> None:
        """a: every alarm with what to do."""
        self.ops.push_screen(AlarmList(self.ops.state))

    def action_explain(self) -> None:
        """`?`"""
        keys = [("1-9", _("screens"))]
        for binding in self.own_bindings():
            key = binding.key_display or NAMES.get(binding.key, binding.key)
            keys.append((key, _(binding.description)))
        self.ops.push_screen(Explain(_(self.TITLE_ID), _(self.EXPLAIN), keys))

    def tell(self, text: str, wrong: bool = False) -> None:
        """A sentence at the bottom for some seconds."""
        notice = self.query_one(".notice", Static)
        notice.update(Content(text))
        notice.set_class(wrong, "wrong")
        notice.add_class("open")
        self._notice_left += 1
        self.set_timer(8.0, self._untell)

    def _untell(self) -> None:
        self._notice_left -= 1
        if self._notice_left == 0:
            self.query_one(".notice").remove_class("open")
