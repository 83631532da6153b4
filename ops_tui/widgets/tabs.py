"""The line that names the nine screens; the open one stands in brackets."""

from textual.content import Content
from textual.markup import escape
from textual.widgets import Static

from appliance.base.i18n import _


class Tabs(Static):
    """`1 Today [2 Entry] 3 Stations ...`. A click is as good as the number key."""

    DEFAULT_CSS = "Tabs { height: 1; width: 100%; background: $panel; text-wrap: nowrap; }"

    def __init__(self, titles: dict[str, str], current: str) -> None:
        parts = []
        for number, (name, title) in enumerate(titles.items(), start=1):
            text = f"{number}{_(title)}"
            shown = f"[bold reverse]{escape(f'[{text}]')}[/]" if name == current else f" {text} "
            parts.append(f"[@click=app.concern('{name}')]{shown}[/]")
        super().__init__(Content.from_markup("".join(parts)))
