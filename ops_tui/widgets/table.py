"""A table of rows (ops_tui.models.row): keeps its cursor, redraws only cells that changed."""

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.events import Resize
from textual.widgets import DataTable

from appliance.base.i18n import _
from ops_tui.models.row import Column, Row
from ops_tui.widgets.signals import MARKS

WIDE = 110


class Table(DataTable[Text]):
    """Rows with a moving cursor line. Columns have fixed widths: nothing jumps while figures change."""

    DEFAULT_CSS = """
    Table { height: 1fr; scrollbar-size: 1 1; }
    """

    def __init__(self, columns: tuple[Column, ...], empty: str) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=0)
        self._plan = columns
        self._empty = empty
        self._rows_shown: list[Row] = []
        self._all: list[Row] = []
        self._filter = ""
        self._width = 0
        self._built: list[int] = []
        self._shown_once = False

    def on_resize(self, event: Resize) -> None:
        """Fit the columns to the new width."""
        if event.size.width and event.size.width != self._width:
            self._width = event.size.width
            self._build()

    def show(self, rows: list[Row], text: str = "") -> None:
        """Show those of `rows` that hold `text`."""
        again = self._shown_once and (bool(rows), bool(text)) == (bool(self._all), bool(self._filter))
        self._all, self._filter, self._shown_once = rows, text, True
        wanted = [row for row in rows if row.holds(text)] if text else rows
        if [row.key for row in wanted] != [row.key for row in self._rows_shown] or not again:
            self._rows_shown = wanted
            self._build()
            return
        before, self._rows_shown = self._rows_shown, wanted
        widths = self._widths()
        if widths != self._built:
            self._build()
            return
        for index, (old, new) in enumerate(zip(before, wanted, strict=True)):
            if old.cells == new.cells and old.mark == new.mark:
                continue
            for column, text_new in enumerate(self._cells(new, widths)):
                if self.get_cell_at((index, column)) != text_new:  # type: ignore[arg-type]
                    self.update_cell_at((index, column), text_new)  # type: ignore[arg-type]

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor."""
        if not self._rows_shown or not 0 <= self.cursor_row < len(self._rows_shown):
            return None
        return self._rows_shown[self.cursor_row]

    def _widths(self) -> list[int]:
        whole = self._width or self.size.width or 80
        fixed = [column.width + (column.wide if whole >= WIDE else 0) for column in self._plan]
        left = max(6, whole - sum(fixed) - 1)
        widths = [width or left for width in fixed]
        last = len(widths) - 1
        for place, column in enumerate(self._plan):
            if column.grows and (more := self._need(place) - widths[place]) > 0:
                more = max(0, min(more, widths[last] - self._need(last)))
                widths[place], widths[last] = widths[place] + more, widths[last] - more
        return widths

    def _need(self, place: int) -> int:
        """Cells of a column's longest text and the gap after it."""
        texts = [_(self._plan[place].title), *(row.cells[place] for row in self._rows_shown)]
        return max(cell_len(text) for text in texts) + 1

    def _cells(self, row: Row, widths: list[int]) -> list[Text]:
        style = MARKS[row.mark]
        return [Text(fit(cell, width), style) for cell, width in zip(row.cells, widths, strict=True)]

    def _sentence(self) -> str:
        """Why there is nothing, and what next."""
        if not self._shown_once:
            return _("Waiting for the box ...")
        if self._filter and self._all:
            return _("Nothing holds this filter. Esc clears it.")
        return _(self._empty)

    def _build(self) -> None:
        if not self._width:
            return
        key = self.chosen.key if self.chosen and self.row_count else ""
        at = self.cursor_row
        widths = self._built = self._widths()
        self.clear(columns=True)
        if not self._rows_shown:
            self.add_column(Text(""), width=self._width)
            self.add_row(Text(self._sentence()))
            return
        for column, width in zip(self._plan, widths, strict=True):
            self.add_column(Text(fit(_(column.title), width), "bold"), width=width)
        for row in self._rows_shown:
            self.add_row(*self._cells(row, widths), key=row.key)
        keys = [row.key for row in self._rows_shown]
        self.move_cursor(row=keys.index(key) if key in keys else min(at, len(keys) - 1))


def fit(text: str, width: int) -> str:
    """`text` in at most `width` cells, the last one free as a gap; cut text ends with a tilde."""
    text = " ".join(text.split())
    if cell_len(text) < width:
        return text
    return set_cell_size(text, max(1, width - 2)).rstrip() + "~"
