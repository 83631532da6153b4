"""The line that names the nine screens; the open one stands in brackets."""

from textual.content import Content
from textual.markup import escape
from textual.widgets import Static

from appliance.base.i18n import _

CLOSING = "][/]"


class Tabs(Static):
    """`1 Today [2 Entry] 3 Stations ...`. A click is as good as the number key."""

    DEFAULT_CSS = """
    Tabs { height: 1; width: 100%; background: $panel; text-wrap: nowrap; }
    Tabs { link-style: not underline; link-color: $text; link-background: transparent; }
    """

    def __init__(self, titles: dict[str, str], current: str) -> None:
        line = ""
        for number, (name, title) in enumerate(titles.items(), start=1):
            text = f"{number}{_(title)}"
            # The brackets of the open one take the places of the gaps: 80 columns are enough for all nine.
            here = name == current
            gap = "" if here or line.endswith(CLOSING) else " "
            shown = f"[bold reverse]{escape('[')}{text}{CLOSING}" if here else text
            line += f"{gap}[@click=app.concern('{name}')]{shown}[/]" if not here else f"{gap}{shown}"
        super().__init__(Content.from_markup(line))
